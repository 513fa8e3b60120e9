"""HTTP/2's frames before the library sees them.

The library takes every GOAWAY for the end of the connection, while one without an error is only
the beginning of it (RFC 9113, section 6.8): what was asked before is still answered. So those are
kept back. And frames that are too long are refused before they have come.
"""

from __future__ import annotations

from h2.exceptions import FrameTooLargeError

HEAD = 9
GOAWAY = 7
# RFC 9113, section 6.5.2: the longest that a frame may be unless we say otherwise.
LONGEST = 16_384
# "PRI * HTTP/2.0", with which a client's side begins.
PREFACE = 24


class Frames:
    """The frames of one side, from the bytes that it sends."""

    def __init__(self, *, preface: bool) -> None:
        self._raw = bytearray()
        self._preface = PREFACE if preface else 0

    def take(self, data: bytes) -> tuple[bytes, list[int]]:
        """The bytes for the library, and the last stream of each farewell that was among them."""
        self._raw += data
        passed = bytes(self._raw[: self._preface])
        del self._raw[: len(passed)]
        self._preface -= len(passed)
        whole, farewells = [passed], []
        while len(self._raw) >= HEAD:
            length = int.from_bytes(self._raw[:3], "big")
            if length > LONGEST:
                raise FrameTooLargeError(f"a frame of {length} bytes")
            if len(self._raw) < HEAD + length:
                break
            frame = bytes(self._raw[: HEAD + length])
            del self._raw[: HEAD + length]
            last, error = frame[HEAD : HEAD + 4], frame[HEAD + 4 : HEAD + 8]
            if frame[3] == GOAWAY and error == bytes(4):
                farewells.append(int.from_bytes(last, "big") & 0x7FFFFFFF)
            else:
                whole.append(frame)
        return b"".join(whole), farewells
