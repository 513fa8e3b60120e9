"""Cookies that bring a client back: AWSALBTG to its target group, AWSALB to its target.

AWS's guide, "Sticky sessions" and "Target group stickiness". Each cookie has a twin ending in CORS
for cross-site use. What they hold is ours alone, signed so that nobody can choose a target by hand.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from typing import Any

from dataplane.group import Group, Target
from dataplane.head import Request, Response

Json = dict[str, Any]

_KEY = secrets.token_bytes(32)
_SIGNATURE = 16  # bytes; half of SHA-256 is plenty for a cookie
GROUP_COOKIE = "AWSALBTG"
TARGET_COOKIE = "AWSALB"
APP_COOKIE = "AWSALBAPP-0"


def seal(content: list[Any], seconds: float) -> str:
    """A cookie value that lasts for some seconds."""
    payload = json.dumps([time.time() + seconds, *content]).encode()
    return base64.urlsafe_b64encode(_sign(payload) + payload).decode()


def unseal(value: str) -> list[Any] | None:
    """What was sealed, unless it is over or forged."""
    try:
        raw = base64.urlsafe_b64decode(value.encode())
        signature, payload = raw[:_SIGNATURE], raw[_SIGNATURE:]
        if not hmac.compare_digest(signature, _sign(payload)):
            return None
        expiry, *content = json.loads(payload)
    except ValueError:
        return None
    return content if expiry > time.time() else None


def _sign(payload: bytes) -> bytes:
    return hmac.new(_KEY, payload, hashlib.sha256).digest()[:_SIGNATURE]


def cookies(request: Request) -> dict[str, str]:
    """The request's cookies."""
    found = {}
    for header in request.all("cookie"):
        for part in header.split(";"):
            name, equals, value = part.strip().partition("=")
            if equals:
                found[name] = value
    return found


def _both(name: str, value: str, seconds: float) -> list[str]:
    expires = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + seconds))
    plain = f"{name}={value}; Expires={expires}; Path=/"
    cors = f"{name}CORS={value}; Expires={expires}; Path=/; SameSite=None; Secure"
    return [plain, cors]


def kept_group(request: Request, arns: list[str]) -> str | None:
    """The target group that the client was sent to before, if it is still one of these."""
    if "cookie" not in request.names:
        return None
    found = cookies(request)
    content = unseal(found.get(GROUP_COOKIE) or found.get(f"{GROUP_COOKIE}CORS") or "")
    return content[0] if content and content[0] in arns else None


def group_cookies(arn: str, seconds: float) -> list[str]:
    """What makes the client come back to a target group."""
    return _both(GROUP_COOKIE, seal([arn], seconds), seconds)


def _is_on(group: Group) -> bool:
    return group.attributes.get("stickiness.enabled") == "true"


def _by_app(group: Group) -> bool:
    return group.attributes.get("stickiness.type") == "app_cookie"


def kept_target(request: Request, group: Group) -> Target | None:
    """The target that the client was sent to before, if it still takes requests."""
    if not _is_on(group) or "cookie" not in request.names:
        return None
    found = cookies(request)
    name = TARGET_COOKIE
    if _by_app(group):
        name = APP_COOKIE
        if group.attributes["stickiness.app_cookie.cookie_name"] not in found:
            return None
    content = unseal(found.get(name) or found.get(f"{name}CORS") or "")
    if content is None or content[0] != group.arn:
        return None
    return next((t for t in group.serving if [t.id, t.port] == content[1:]), None)


def target_cookies(response: Response, group: Group, target: Target) -> list[str]:
    """What makes the client come back to a target, if the group is sticky."""
    if not _is_on(group):
        return []
    kind = "app_cookie" if _by_app(group) else "lb_cookie"
    seconds = float(group.attributes[f"stickiness.{kind}.duration_seconds"])
    value = seal([group.arn, target.id, target.port], seconds)
    if kind == "lb_cookie":
        return _both(TARGET_COOKIE, value, seconds)
    wanted = group.attributes["stickiness.app_cookie.cookie_name"] + "="
    sets = any(k.lower() == "set-cookie" and v.startswith(wanted) for k, v in response.fields)
    return _both(APP_COOKIE, value, seconds) if sets else []
