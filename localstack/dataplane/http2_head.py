"""Heads of HTTP/2 messages, in the form that those of HTTP/1.1 have here.

What the library has not refused is read as strictly as HTTP/1.1 is, since it may become that: a
path with a blank or a header name with a colon would be another request to an HTTP/1.1 target.
"""

from __future__ import annotations

import re

from dataplane import head as heads
from dataplane.forwarding import HOP_BY_HOP
from dataplane.framing import CHUNKED, UNTIL_CLOSE
from dataplane.head import Fields, Refusal, Request, Response

_STATUS = re.compile("[1-9][0-9]{2}")
# RFC 9113, section 8.2.2: of the headers of one connection only this one may be there.
TRAILERS = ("te", "trailers")


def read_request(given: Fields, *, ended: bool) -> Request:
    """A request from its header list."""
    special = {name: value for name, value in given if name.startswith(":")}
    plain = [(name, value) for name, value in given if not name.startswith(":")]
    # RFC 9113, section 8.2.3: cookies may come in crumbs, which HTTP/1.1 does not know.
    crumbs = [value for name, value in plain if name == "cookie"]
    if len(crumbs) > 1:
        plain = [one for one in plain if one[0] != "cookie"] + [("cookie", "; ".join(crumbs))]
    if not special.get(":path", "").startswith(("/", "*")):
        raise Refusal(400, "not a path")
    host = special.get(":authority") or next((v for n, v in plain if n == "host"), "")
    fields = [("host", host), *((name, value) for name, value in plain if name != "host")]
    lines = [f"{special.get(':method', '')} {special.get(':path', '')} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in fields]
    if any(mark in line for line in lines for mark in "\r\n\0"):
        raise Refusal(400, "bare CR or LF, or NUL, in the head")
    request = heads.read_request("\r\n".join(lines).encode("latin-1"))
    request.major = 2
    if ended:
        request.framing = 0
    elif "content-length" not in request.names:
        request.framing = CHUNKED
    return request


def request_fields(
    method: str, target: str, *, secure: bool, fields: Fields, trailers: bool
) -> Fields:
    """The header list of a request for a target."""
    host = next((value for name, value in fields if name.lower() == "host"), "")
    made = [
        (":method", method),
        (":scheme", "https" if secure else "http"),
        (":authority", host),
        (":path", target),
    ]
    made += _plain([one for one in fields if one[0].lower() != "host"])
    return [*made, TRAILERS] if trailers else made


def read_response(given: Fields, method: str, *, ended: bool) -> Response:
    """A response from its header list."""
    text = dict(given).get(":status", "")
    if not _STATUS.fullmatch(text):
        raise Refusal(502, "not a status")
    status = int(text)
    fields = [(name, value) for name, value in given if not name.startswith(":")]
    lengths = [value for name, value in fields if name == "content-length"]
    framing = UNTIL_CLOSE
    if ended or method == "HEAD" or status in (204, 304) or status < 200:
        framing = 0
    elif lengths and lengths[0].isdecimal():
        framing = int(lengths[0])
    return Response(status, 1, fields, framing, keeps_alive=True)


def response_fields(status: int, fields: Fields) -> Fields:
    """The header list of a response for a client."""
    return [(":status", str(status)), *_plain(fields)]


def _plain(fields: Fields) -> Fields:
    return [(name.lower(), value) for name, value in fields if name.lower() not in HOP_BY_HOP]
