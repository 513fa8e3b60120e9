"""Transforms: the host header and the URL as the targets shall see them.

AWS's guide, "Transforms for listener rules": a pattern that is not found changes nothing, and a
rewrite that cannot be made is answered with 500. Replacements name groups as `$1`.
"""

from __future__ import annotations

import re
from typing import Any

from dataplane.head import Refusal

Json = dict[str, Any]

_GROUP = re.compile(r"\$(\$|[0-9]+)")
# What a request line or a host header can carry.
_HOST = re.compile(r"[A-Za-z0-9\-._:\[\]]+")
_URL = re.compile(r"/[\x21-\x7e]*")


def transformed(transforms: list[Json], host: str, target: str) -> tuple[str, str]:
    """The host header and the target (path and query) after a rule's transforms."""
    for transform in transforms:
        if transform["Type"] == "host-header-rewrite":
            host = _rewritten(transform["HostHeaderRewriteConfig"], host)
            _check(_HOST, host)
        else:
            target = _rewritten(transform["UrlRewriteConfig"], target)
            _check(_URL, target)
    return host, target


def _rewritten(config: Json, text: str) -> str:
    for rewrite in config["Rewrites"]:
        try:
            found = re.search(rewrite["Regex"], text)
            if found is not None:
                made = _filled(rewrite["Replace"], found)
                text = text[: found.start()] + made + text[found.end() :]
        except (re.error, IndexError) as error:
            raise Refusal(500, f"the transform failed: {error}") from error
    return text


def _filled(template: str, found: re.Match[str]) -> str:
    def part(name: re.Match[str]) -> str:
        return "$" if name[1] == "$" else (found.group(int(name[1])) or "")

    return _GROUP.sub(part, template)


def _check(shape: re.Pattern[str], text: str) -> None:
    if not shape.fullmatch(text):
        raise Refusal(500, f"the transform made '{text}', which cannot be sent")
