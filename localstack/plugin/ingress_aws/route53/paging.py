"""Page sizes: Route 53 takes them as text and answers with at most its own maximum."""

import re

from ingress_aws.route53.errors import invalid_input

POSITIVE = re.compile(r"[1-9][0-9]{0,8}")


def page_size(given: str | None, most: int) -> int:
    """The number of items on a page; asking for more than AWS gives is no error."""
    if given is None:
        return most
    if not POSITIVE.fullmatch(given):
        raise invalid_input(f"MaxItems must be a positive number, not '{given}'")
    return min(int(given), most)
