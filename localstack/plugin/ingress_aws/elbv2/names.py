"""The grammar of names that load balancers and target groups share (botocore's documentation)."""

import re

from ingress_aws.elbv2 import errors

LONGEST = 32


def check(noun: str, name: str) -> None:
    """At most 32 letters, digits and hyphens, no hyphen at either end."""
    if len(name) > LONGEST:
        raise errors.validation(
            f"The {noun} name '{name}' cannot be longer than '{LONGEST}' characters"
        )
    if not re.fullmatch(r"[A-Za-z0-9-]+", name):
        raise errors.validation(
            f"The {noun} name '{name}' can only contain characters that are alphanumeric "
            "characters and hyphens(-)"
        )
    if name.startswith("-") or name.endswith("-"):
        raise errors.validation(f"The {noun} name '{name}' cannot begin or end with a hyphen(-)")
