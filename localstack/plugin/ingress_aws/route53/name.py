"""Domain names as Route 53 reads, compares and echoes them."""

import re
from dataclasses import dataclass

# DomainNameFormat in the Route 53 developer guide: a label has at most 63 bytes, a name at most
# 255 including the dots.
MAX_LABEL = 63
MAX_NAME = 255

# The characters that the API gives back as they are; every other byte comes back as `\ooo`.
PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_")

TOKEN = re.compile(r"\\([0-3][0-7]{2})|(.)", re.DOTALL)


class BadName(ValueError):
    """A name that Route 53 refuses; the text is the one of its message list."""

    def __init__(self, problem: str, explanation: str, encountered: str) -> None:
        super().__init__(
            f"FATAL problem: {problem} ({explanation}) encountered with '{encountered}'"
        )


@dataclass(frozen=True)
class Name:
    """A folded name. Labels are bytes because an escape can stand for a dot or for anything."""

    labels: tuple[bytes, ...]

    @property
    def text(self) -> str:
        """The canonical echo: lower case, octal escapes, one trailing dot."""
        return "".join(_escape(label) + "." for label in self.labels) or "."

    @property
    def order(self) -> str:
        """The key that Route 53 sorts by: `com.example.www.`, compared byte by byte.

        The trailing dot takes part on purpose: `-` sorts before `.`, as in AWS.
        """
        return "".join(label.decode("latin-1") + "." for label in reversed(self.labels))

    def is_within(self, zone: "Name") -> bool:
        """Whether this is the zone's own name or lies below it."""
        depth = len(zone.labels)
        return depth == 0 or self.labels[-depth:] == zone.labels


def parse(text: str) -> Name:
    """Read a name as a caller writes it, with or without the trailing dot."""
    if not text:
        raise BadName("DomainNameEmpty", "Domain name is empty", text)
    if text == ".":
        return Name(())
    labels = _labels(text)
    if labels[-1] == b"":
        labels.pop()
    for label in labels:
        if not label:
            raise BadName("DomainLabelEmpty", "Domain label is empty", text)
        if len(label) > MAX_LABEL:
            raise BadName("DomainLabelTooLong", "Domain label is too long", _escape(label))
    if sum(len(label) + 1 for label in labels) > MAX_NAME:
        raise BadName("DomainNameTooLong", "Domain name is too long", text)
    return Name(tuple(labels))


def normalized(text: str) -> str:
    """A name as IAM's conditions compare it: as it is echoed, without the trailing dot."""
    try:
        return parse(text).text.removesuffix(".")
    except BadName:
        return text.lower()


def _labels(text: str) -> list[bytes]:
    labels = [bytearray()]
    for escaped, plain in TOKEN.findall(text):
        if escaped:
            labels[-1].append(int(escaped, 8))
        elif plain == ".":
            labels.append(bytearray())
        elif "!" <= plain <= "~":
            labels[-1].append(ord(plain))
        else:
            # Spaces, control characters and everything beyond ASCII must be written as escapes.
            raise BadName("UnsupportedCharacter", "Value contains unsupported characters", plain)
    return [bytes(label).lower() for label in labels]


def _escape(label: bytes) -> str:
    return "".join(chr(byte) if byte in PLAIN else f"\\{byte:03o}" for byte in label)
