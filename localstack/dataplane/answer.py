"""Answers that the load balancer gives by itself: errors, redirects, fixed responses, log-ins."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any
from urllib.parse import urlencode

from dataplane.condition import Subject
from dataplane.head import Fields, Refusal

Json = dict[str, Any]

# The statuses of AWS's guide, "Troubleshoot your Application Load Balancers", worded as nginx
# words them, which is what clients of real ALBs see [M].
TITLES = {
    200: "OK", 301: "Moved Permanently", 302: "Found", 400: "Bad Request",
    401: "Authorization Required", 403: "Forbidden", 404: "Not Found", 405: "Not Allowed",
    408: "Request Time-out", 413: "Request Entity Too Large", 414: "Request-URI Too Large",
    463: "", 464: "", 500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway",
    503: "Service Temporarily Unavailable", 504: "Gateway Time-out",
    505: "HTTP Version Not Supported", 507: "Insufficient Storage", 561: "", 562: "",
}  # fmt: skip

# AWS's guide, 507: "the redirect URL is too long"; the quotas page has 8 K for it [M].
LONGEST_LOCATION = 8 * 1024
# AWS's guide, "Authenticate users": the path on which the identity provider answers.
LOGIN_ANSWER = "/oauth2/idpresponse"
_WORD = re.compile(r"#\{(protocol|host|port|path|query)\}")


@dataclass(slots=True)
class Answer:
    """A response that no target gave."""

    status: int
    body: bytes = b""
    fields: Fields = field(default_factory=list)
    closes: bool = False


def page(status: int, *, closes: bool = False) -> Answer:
    """The little HTML page that comes with a status."""
    title = f"{status} {TITLES.get(status, '')}".rstrip()
    body = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    )
    return Answer(status, body.encode(), [("Content-Type", "text/html")], closes)


def fixed(config: Json) -> Answer:
    """A fixed-response action."""
    body = config.get("MessageBody") or ""
    kind = config.get("ContentType") or "text/plain"
    encoded = body.encode()
    fields = [("Content-Type", f"{kind}; charset=utf-8")] if encoded else []
    return Answer(int(config["StatusCode"]), encoded, fields)


def redirect(config: Json, subject: Subject, protocol: str, port: int) -> Answer:
    """A redirect action with its placeholders filled in."""
    request = subject.request
    words = {
        "protocol": protocol,
        "host": subject.host,
        "port": str(port),
        "path": request.path.removeprefix("/"),
        "query": request.query,
    }

    def filled(part: str) -> str:
        return _WORD.sub(lambda word: words[word[1]], config[part])

    query = filled("Query")
    location = f"{filled('Protocol').lower()}://{filled('Host')}:{filled('Port')}{filled('Path')}"
    location += f"?{query}" if query else ""
    if len(location) > LONGEST_LOCATION:
        raise Refusal(507, "the redirect's URL is too long")
    made = page(int(config["StatusCode"].removeprefix("HTTP_")))
    made.fields.append(("Location", location))
    return made


def login_page(config: Json, subject: Subject, state: str) -> Answer:
    """The way to the provider's log-in page; `state` comes back from there with the client."""
    asked = {
        "client_id": config.get("ClientId") or config.get("UserPoolClientId"),
        "redirect_uri": f"https://{subject.request.host}{LOGIN_ANSWER}",
        "response_type": "code",
        "scope": config.get("Scope", "openid"),
        "state": state,
        **(config.get("AuthenticationRequestExtraParams") or {}),
    }
    made = page(302)
    made.fields.append(("Location", f"{_endpoint(config)}?{urlencode(asked)}"))
    return made


def _endpoint(config: Json) -> str:
    if "AuthorizationEndpoint" in config:
        return str(config["AuthorizationEndpoint"])
    domain = config["UserPoolDomain"]
    if "." not in domain:
        region = config["UserPoolArn"].split(":")[3]
        domain = f"{domain}.auth.{region}.amazoncognito.com"
    return f"https://{domain}/oauth2/authorize"


_date: tuple[int, str] = (0, "")


def date() -> str:
    """The Date header's value, made anew once a second."""
    global _date
    now = int(time.time())
    if _date[0] != now:
        _date = (now, formatdate(now, usegmt=True))
    return _date[1]
