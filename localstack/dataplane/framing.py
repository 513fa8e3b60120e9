"""Where a body ends: by its length, by its chunks, or with the connection (RFC 9112, section 6)."""

from __future__ import annotations

import re

from dataplane.wire import Wire

# What a head says instead of a length.
CHUNKED = -1
UNTIL_CLOSE = -2

# A chunk's size line with its extensions, and all trailers: as long as a header may be (16 K).
LONGEST_LINE = 16 * 1024
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[ \t]*;[\t\x20-\x7e]*)?")
_TRAILER = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*")


class Malformed(Exception):
    """A body that is not framed as its head says, or that ends too early."""


class Body:
    """Takes the bytes of one body, without their framing, out of a buffer."""

    __slots__ = ("_left", "_stage", "done", "framing")

    def __init__(self, framing: int) -> None:
        self.framing = framing
        self.done = framing == 0
        self._left = max(framing, 0)
        self._stage = "size"

    def take(self, buffer: bytearray) -> bytes:
        """What is there by now; may be nothing."""
        if self.framing == CHUNKED:
            return self._chunks(buffer)
        count = len(buffer) if self.framing == UNTIL_CLOSE else min(self._left, len(buffer))
        taken = bytes(buffer[:count])
        del buffer[:count]
        if self.framing != UNTIL_CLOSE:
            self._left -= count
            self.done = self._left == 0
        return taken

    async def next(self, wire: Wire, patience: float) -> bytes:
        """Some bytes of the body, or none when it is over."""
        while not self.done:
            if taken := self.take(wire.buffer):
                return taken
            if self.done:
                break
            if not await wire.more(patience):
                if self.framing != UNTIL_CLOSE:
                    raise Malformed("the body ends too early")
                self.done = True
        return b""

    def _chunks(self, buffer: bytearray) -> bytes:
        taken = bytearray()
        while not self.done:
            if self._stage == "data":
                count = min(self._left, len(buffer))
                taken += buffer[:count]
                del buffer[:count]
                self._left -= count
                if self._left or not self._ends_line(buffer):
                    break
                self._stage = "size"
            line = self._line(buffer)
            if line is None:
                break
            if self._stage == "size":
                size = _SIZE.fullmatch(line)
                if size is None:
                    raise Malformed("not a chunk size")
                self._left = int(size[1], 16)
                self._stage = "data" if self._left else "trailers"
            elif not line:
                self.done = True
            elif not _TRAILER.fullmatch(line):
                raise Malformed("not a trailer")
        return bytes(taken)

    @staticmethod
    def _ends_line(buffer: bytearray) -> bool:
        if not b"\r\n".startswith(buffer[:2]):
            raise Malformed("a chunk is longer than it says")
        if len(buffer) < 2:
            return False
        del buffer[:2]
        return True

    @staticmethod
    def _line(buffer: bytearray) -> bytes | None:
        end = buffer.find(b"\n")
        if end < 0:
            if len(buffer) > LONGEST_LINE:
                raise Malformed("a line between chunks is too long")
            return None
        if end > LONGEST_LINE or buffer[end - 1 : end] != b"\r":
            raise Malformed("a line between chunks does not end as it should")
        line = bytes(buffer[: end - 1])
        del buffer[: end + 1]
        return line


def chunk(data: bytes) -> bytes:
    """Some bytes as a chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"
