"""Heads of HTTP/1.1 messages, read strictly.

Two readers that disagree about where a message ends are what request smuggling lives on, so
nothing is guessed here: RFC 9112 as it is written, and a refusal for everything else. Statuses and
limits are those of AWS's guide ("Troubleshoot your Application Load Balancers" and "Quotas").
"""

from __future__ import annotations

import http.client
import re
from dataclasses import dataclass, field

from dataplane.framing import CHUNKED, UNTIL_CLOSE

# AWS's quotas page: request line 16 K, single header 16 K, whole request header 64 K, whole
# response header 32 K.
LONGEST_LINE = 16 * 1024
LONGEST_REQUEST_HEAD = 64 * 1024
LONGEST_RESPONSE_HEAD = 32 * 1024
# A body of 10^18 bytes is none that anybody sends.
MOST_LENGTH_DIGITS = 18

_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_TARGET = re.compile(rb"[\x21-\x7e]+")
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)")
_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n|$)|\x00")
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?")
_VERSION = re.compile(rb"HTTP/([0-9])\.([0-9])")
_HOST = re.compile(
    r"[A-Za-z0-9\-._~!$&'()*+,;=%]*(?::[0-9]{0,5})?|\[[0-9A-Fa-f:.]+\](?::[0-9]{0,5})?"
)
_ABSOLUTE = re.compile(r"https?://([^/?#]*)([^#]*)", re.IGNORECASE)


def reason(status: int) -> str:
    """The words beside a status in a status line."""
    return http.client.responses.get(status, "")


class Refusal(Exception):
    """A message that is not taken, with the status that says so."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


Fields = list[tuple[str, str]]


@dataclass(slots=True)
class Request:
    """The head of a request. `framing` is its body's length, or CHUNKED."""

    method: str
    target: str
    version: int  # the minor one
    fields: Fields
    host: str
    framing: int
    names: dict[str, list[str]] = field(default_factory=dict)
    major: int = 1

    @property
    def is_grpc(self) -> bool:
        """Whether it is a call of a remote procedure: gRPC's protocol, "Requests"."""
        return self.major == 2 and self.first("content-type").startswith("application/grpc")

    @property
    def path(self) -> str:
        """The target without its query string."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """What follows the first question mark."""
        return self.target.partition("?")[2]

    def all(self, name: str) -> list[str]:
        """Every value of a header, which is asked for in lower case."""
        return self.names.get(name, [])

    def first(self, name: str) -> str:
        """The first value of a header, or nothing."""
        return next(iter(self.all(name)), "")

    def tokens(self, name: str) -> set[str]:
        """The comma-separated words of a header, in lower case."""
        return _tokens(self.all(name))

    @property
    def keeps_alive(self) -> bool:
        """Whether the client wants to go on after this."""
        connection = self.tokens("connection")
        return "close" not in connection if self.version else "keep-alive" in connection

    @property
    def upgrades(self) -> bool:
        """Whether the client wants a WebSocket; other protocols are not passed on."""
        return "upgrade" in self.tokens("connection") and self.tokens("upgrade") == {"websocket"}


@dataclass(slots=True)
class Response:
    """The head of a response. `framing` is its body's length, CHUNKED or UNTIL_CLOSE."""

    status: int
    version: int
    fields: Fields
    framing: int
    keeps_alive: bool


def end_of_head(buffer: bytearray, most: int) -> int:
    """Where the head ends, or -1 if it is not all there yet; Refusal if it cannot become one."""
    end = buffer.find(b"\r\n\r\n", 0, most + 4)
    reach = end + 2 if end >= 0 else min(len(buffer), most)
    if _BARE.search(buffer, 0, reach):
        raise Refusal(400, "bare CR or LF, or NUL, in the head")
    if end < 0:
        line_end = buffer.find(b"\r\n")
        if line_end > LONGEST_LINE or (line_end < 0 and len(buffer) > LONGEST_LINE):
            raise Refusal(414, "the request line is too long")
        if len(buffer) > most:
            raise Refusal(400, "the head is too long")
    return end


def read_request(raw: bytes) -> Request:
    """Read a head, which ends before its empty line."""
    line, _, rest = raw.partition(b"\r\n")
    if len(line) > LONGEST_LINE:
        raise Refusal(414, "the request line is too long")
    parts = line.split(b" ")
    if len(parts) != 3 or not _TOKEN.fullmatch(parts[0]) or not _TARGET.fullmatch(parts[1]):
        raise Refusal(400, "not a request line")
    version = _VERSION.fullmatch(parts[2])
    if version is None:
        raise Refusal(400, "not an HTTP version")
    if version[1] != b"1" or version[2] not in (b"0", b"1"):
        raise Refusal(505, "HTTP/1.0 and HTTP/1.1 are spoken here")
    fields = _fields(rest)
    names = _names(fields)
    method, target, minor = parts[0].decode(), parts[1].decode(), int(version[2])
    framing = _request_framing(names, minor)
    target, host = _place(target, method, names, minor)
    return Request(method, target, minor, fields, host, framing, names)


def read_response(raw: bytes, method: str) -> Response:
    """Read the head of the answer to a request of this method."""
    line, _, rest = raw.partition(b"\r\n")
    status_line = _STATUS_LINE.fullmatch(line)
    if status_line is None:
        raise Refusal(502, "not a status line")
    fields = _fields(rest)
    names = _names(fields)
    minor, status = int(status_line[1]), int(status_line[2])
    framing = _response_framing(names, status, method)
    connection = _tokens(names.get("connection", []))
    keeps = "close" not in connection if minor else "keep-alive" in connection
    return Response(status, minor, fields, framing, keeps and framing != UNTIL_CLOSE)


def _fields(raw: bytes) -> Fields:
    fields = []
    for line in raw.split(b"\r\n") if raw else ():
        if len(line) > LONGEST_LINE:
            raise Refusal(400, "a header is too long")
        found = _FIELD.fullmatch(line)
        # Folded lines, blanks before the colon and control characters all end here.
        if found is None:
            raise Refusal(400, "not a header line")
        fields.append((found[1].decode(), found[2].rstrip(b" \t").decode("latin-1")))
    return fields


def _names(fields: Fields) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for name, value in fields:
        names.setdefault(name.lower(), []).append(value)
    return names


def _tokens(values: list[str]) -> set[str]:
    return {word.strip().lower() for value in values for word in value.split(",")}


def _length(values: list[str]) -> int:
    if len(values) != 1:
        raise Refusal(400, "more than one Content-Length")
    text = values[0]
    if not (text.isascii() and text.isdecimal() and len(text) <= MOST_LENGTH_DIGITS):
        raise Refusal(400, "Content-Length is not a number")
    return int(text)


def _request_framing(names: dict[str, list[str]], minor: int) -> int:
    coding, length = names.get("transfer-encoding"), names.get("content-length")
    if coding is not None:
        if length is not None:
            raise Refusal(400, "both Content-Length and Transfer-Encoding")
        if minor == 0:
            raise Refusal(400, "Transfer-Encoding in HTTP/1.0")
        if len(coding) != 1:
            raise Refusal(400, "more than one Transfer-Encoding")
        if coding[0].lower() != "chunked":
            raise Refusal(501, "a Transfer-Encoding other than chunked")
        return CHUNKED
    return 0 if length is None else _length(length)


def _response_framing(names: dict[str, list[str]], status: int, method: str) -> int:
    coding, length = names.get("transfer-encoding"), names.get("content-length")
    try:
        known = None if length is None else _length(length)
    except Refusal as refusal:
        raise Refusal(502, refusal.why) from refusal
    if method == "HEAD" or status in (204, 304) or status < 200:
        return 0
    if coding is not None:
        if length is not None or [value.lower() for value in coding] != ["chunked"]:
            raise Refusal(502, "a Transfer-Encoding that does not say where the body ends")
        return CHUNKED
    return UNTIL_CLOSE if known is None else known


def _place(target: str, method: str, names: dict[str, list[str]], minor: int) -> tuple[str, str]:
    """The path with its query, and the host, in whichever of RFC 9112's forms they came."""
    hosts = names.get("host", [])
    if len(hosts) > 1 or (minor and not hosts):
        raise Refusal(400, "there must be one Host")
    host = hosts[0] if hosts else ""
    if absolute := _ABSOLUTE.fullmatch(target):
        host, target = absolute[1], absolute[2] or "/"
        target = target if target.startswith("/") else "/" + target
    if not _HOST.fullmatch(host):
        raise Refusal(400, "not a host name")
    if not target.startswith("/") and not (target == "*" and method == "OPTIONS"):
        raise Refusal(400, "not a path")
    return target, host
