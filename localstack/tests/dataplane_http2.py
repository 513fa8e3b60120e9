"""HTTP/2 from both sides, by the library h2 and plain sockets: a client, and pods that speak it."""

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import h2.config
import h2.connection
import h2.events
from aws import forward
from dataplane_ground import PATIENCE, Alb, Raw, unchecked
from h2.exceptions import ProtocolError

Fields = list[tuple[str, str]]


@dataclass
class Message:
    """What came on one stream so far."""

    fields: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    trailers: dict[str, str] = field(default_factory=dict)
    ended: bool = False
    reset: bool = False

    @property
    def status(self) -> int:
        return int(self.fields[":status"])


class Side:
    """One end of a connection; `messages` is what the other end has sent, by stream."""

    def __init__(self, sock: socket.socket, *, client: bool) -> None:
        config = h2.config.H2Configuration(client_side=client, header_encoding="utf-8")
        self.sock = sock
        self.h2 = h2.connection.H2Connection(config)
        self.h2.initiate_connection()
        self.messages: dict[int, Message] = {}
        self.goes_on = True
        self.send()

    def send(self) -> None:
        self.sock.sendall(self.h2.data_to_send())

    def take(self) -> list[h2.events.Event]:
        """Wait for the next frames."""
        data = self.sock.recv(65536)
        if not data:
            self.goes_on = False
            return []
        events = self.h2.receive_data(data)
        for event in events:
            self._note(event)
        self.send()
        return events

    def _note(self, event: Any) -> None:
        if isinstance(event, h2.events.ConnectionTerminated):
            self.goes_on = False
        number = getattr(event, "stream_id", None)
        if not number:
            return
        message = self.messages.setdefault(number, Message())
        if isinstance(event, h2.events.RequestReceived | h2.events.ResponseReceived):
            message.fields = dict(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            message.body += event.data
            self.h2.acknowledge_received_data(event.flow_controlled_length, number)
        elif isinstance(event, h2.events.TrailersReceived):
            message.trailers = dict(event.headers)
        elif isinstance(event, h2.events.StreamEnded):
            message.ended = True
        elif isinstance(event, h2.events.StreamReset):
            message.reset = True


class Client(Side):
    """A client on a TLS connection of its own."""

    def __init__(self, address: str, port: int = 443) -> None:
        context = unchecked("h2", "http/1.1")
        plain = socket.create_connection((address, port), PATIENCE)
        secure = context.wrap_socket(plain)
        assert secure.selected_alpn_protocol() == "h2"
        super().__init__(secure, client=True)

    def start(
        self, path: str = "/", method: str = "GET", *more: tuple[str, str], **end: Any
    ) -> int:
        """Begin a request; it goes on unless `end_stream` is given."""
        number: int = self.h2.get_next_available_stream_id()
        head = [(":method", method), (":scheme", "https"), (":authority", "a.test")]
        self.h2.send_headers(number, [*head, (":path", path), *more], **end)
        self.send()
        return number

    def data(self, number: int, data: bytes, **end: Any) -> None:
        self.h2.send_data(number, data, **end)
        self.send()

    def answer(self, number: int) -> Message:
        """Wait until a response is over."""
        while self.goes_on and not (self.has(number).ended or self.has(number).reset):
            self.take()
        return self.has(number)

    def has(self, number: int) -> Message:
        return self.messages.setdefault(number, Message())

    def ask(self, path: str = "/", method: str = "GET", *more: tuple[str, str]) -> Message:
        return self.answer(self.start(path, method, *more, end_stream=True))

    def call(self, path: str, *pieces: bytes, more: Fields | None = None) -> Message:
        """A gRPC call."""
        head = [("content-type", "application/grpc"), ("te", "trailers"), *(more or [])]
        number = self.start(path, "POST", *head)
        for piece in pieces:
            self.data(number, piece)
        self.data(number, b"", end_stream=True)
        return self.answer(number)

    def close(self) -> None:
        self.sock.close()


def framed(message: bytes) -> bytes:
    """A gRPC message as it is sent."""
    return b"\0" + len(message).to_bytes(4, "big") + message


# What a pod does when frames have come; it may answer through the side that it is given.
Behaviour = Callable[[Side, Any], None]


class Http2Pod(Raw):
    """A pod that speaks HTTP/2 without TLS, as targets of such groups do."""

    def __init__(self, behave: Behaviour) -> None:
        self.asked: list[Message] = []
        self.connections = 0
        self._on_event = behave
        super().__init__(self._serve)

    def _serve(self, connection: socket.socket) -> None:
        self.connections += 1
        side = Side(connection, client=False)
        try:
            while side.goes_on:
                for event in side.take():
                    if isinstance(event, h2.events.RequestReceived):
                        self.asked.append(side.messages[event.stream_id])
                    self._on_event(side, event)
                    side.send()
        except ProtocolError:
            return


def answering(status: str, body: bytes, *trailers: tuple[str, str]) -> Behaviour:
    """Answer every request alike when it is complete."""

    def behave(side: Side, event: Any) -> None:
        if isinstance(event, h2.events.StreamEnded):
            kind = ("content-type", "application/grpc" if trailers else "text/plain")
            side.h2.send_headers(event.stream_id, [(":status", status), kind])
            side.h2.send_data(event.stream_id, body, end_stream=not trailers)
            if trailers:
                side.h2.send_headers(event.stream_id, list(trailers), end_stream=True)

    return behave


def https(alb: Alb, *actions: dict[str, Any]) -> None:
    """An HTTPS listener whose default action this is."""
    wanted = {"DefaultActions": list(actions)} if actions else {}
    alb.aws.https_listener(alb.arn, **wanted)
    alb.settle()


def versioned(alb: Alb, version: str, *targets: Raw) -> str:
    """A target group of a protocol version, everything forwarded to it."""
    arn = alb.aws.target_group_arn(version.lower(), ProtocolVersion=version)
    if targets:
        members = [target.target for target in targets]
        alb.aws.elbv2.register_targets(TargetGroupArn=arn, Targets=members)
    https(alb, forward(arn))
    return arn
