"""Regular expressions of conditions and transforms: those that ELB could run."""

import re

from ingress_aws.elbv2 import errors

# AWS does not say which regular expressions it takes. What looks around or back takes no linear
# time, and no engine that is made for load has it [M].
LOOKS = re.compile(r"(?<!\\)(?:\\\\)*(?:\(\?(?:[=!]|<[=!]|P=|>)|\\[1-9])")


def check(text: str) -> None:
    """Refuse what is no regular expression, or looks around or back."""
    try:
        re.compile(text)
    except re.error as broken:
        raise errors.validation(f"The regular expression '{text}' is not valid") from broken
    if LOOKS.search(text):
        raise errors.validation(
            f"The regular expression '{text}' has a lookaround or a back-reference"
        )
