"""Pages of lists: where the next one begins, told by what is around that place.

A page begins at an item and not at a number, so that none is missed: whoever deletes what a page
has shown, and asks for the next one, gets what comes next. If what comes next and what was before
it are both gone, the list begins anew.
"""

import base64
import json


def token(keys: list[str], end: int) -> str:
    """What stands for the place before the item at `end`, which is neither first nor beyond."""
    return base64.urlsafe_b64encode(json.dumps([keys[end], keys[end - 1]]).encode()).decode()


def start(keys: list[str], given: str | None) -> int:
    """Where the page begins that a token stands for; ValueError for one that is none of ours."""
    if not given:
        return 0
    try:
        following, before = json.loads(base64.urlsafe_b64decode(given.encode()))
    except TypeError as broken:
        raise ValueError(f"no token: {given}") from broken
    if following in keys:
        return keys.index(following)
    return keys.index(before) + 1 if before in keys else 0
