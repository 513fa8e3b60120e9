"""Clients and targets that are slow, silent, too many or mad: nobody else notices."""

import contextlib
import random
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aws import forward
from dataplane_ground import PATIENCE, Alb, Pod, Raw, alb, fixed, head_of, pods, stopping
from dataplane_http2 import Client, https

__all__ = ["alb", "pods"]

GET = b"GET / HTTP/1.1\r\nHost: a.test\r\n"
MEGABYTE = 1024 * 1024
# Far less than a second of anybody's patience, but slow for loopback.
A_WHILE = 0.05


@pytest.fixture
def crowd() -> Iterator[list[socket.socket]]:
    """Connections that are closed in the end."""
    made: list[socket.socket] = []
    yield made
    for one in made:
        one.close()


def dripping(address: str, data: bytes, pause: float = 0.002, piece: int = 1) -> bytes:
    """Send a request in tiny pieces and read until the other side closes."""
    with socket.create_connection((address, 80), PATIENCE) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for place in range(0, len(data), piece):
            client.sendall(data[place : place + piece])
            time.sleep(pause)
        heard = b""
        while more := client.recv(65536):
            heard += more
    return heard


def test_a_request_byte_by_byte(alb: Alb, pods: Callable[..., Pod]) -> None:
    alb.forwards_to(pods())
    close = b"Connection: close\r\n"
    plain = dripping(alb.address, GET + close + b"Content-Length: 5\r\n\r\nhello")
    assert plain.startswith(b"HTTP/1.1 200") and b'"body": "hello"' in plain
    chunked = b"Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nT: 1\r\n\r\n"
    plain = dripping(alb.address, GET + close + chunked)
    assert plain.startswith(b"HTTP/1.1 200") and b'"body": "hello"' in plain


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\nX-A: b\r\n\r\nHTTP/1.0 200 OK\r\n\r\nhello",
    ],
)
def test_a_response_byte_by_byte(alb: Alb, answer: bytes) -> None:
    def behave(connection: socket.socket) -> None:
        head_of(connection)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in answer:
            connection.sendall(bytes([byte]))
            time.sleep(0.001)

    target = Raw(behave)
    with stopping(target):
        alb.forwards_to(target)
        reply = alb.ask("/")
        assert (reply.status, reply.body) == (200, b"hello")


def test_a_target_that_closes_only_its_side(alb: Alb) -> None:
    def behave(connection: socket.socket) -> None:
        head_of(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nto the end")
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)

    target = Raw(behave)
    with stopping(target):
        alb.forwards_to(target)
        assert alb.ask("/").body == b"to the end"


def test_a_target_that_answers_before_it_has_all_of_the_body(alb: Alb) -> None:
    def behave(connection: socket.socket) -> None:
        head_of(connection)
        connection.sendall(b"HTTP/1.1 413 Too much\r\nContent-Length: 2\r\n\r\nno")
        connection.recv(1)

    target = Raw(behave)
    with stopping(target):
        alb.forwards_to(target)
        told = alb.raw(GET + b"Content-Length: 1000000\r\n\r\n", b"x" * 1000)
        # The rest of the body is not wanted, so the connection cannot go on.
        assert told.startswith(b"HTTP/1.1 413") and told.endswith(b"Connection: close\r\n\r\nno")


def test_a_client_that_hardly_reads_holds_up_its_target_only(alb: Alb) -> None:
    size = 40 * MEGABYTE
    sent = []

    def behave(connection: socket.socket) -> None:
        head_of(connection)
        connection.settimeout(60.0)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // MEGABYTE):
            connection.sendall(b"x" * MEGABYTE)
            sent.append(MEGABYTE)

    target = Raw(behave)
    with stopping(target):
        alb.forwards_to(target)
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
            client.settimeout(PATIENCE)
            client.connect((alb.address, 80))
            client.sendall(GET + b"\r\n")
            time.sleep(0.5)
            # What the kernel and we hold between them is little: the target has to wait.
            assert sum(sent) < size / 2
            assert alb.ask("/nothing", "TRACE").status == 405
            heard = len(client.recv(65536))
            while heard < size and (more := client.recv(MEGABYTE)):
                heard += len(more)
        assert heard > size


def test_silent_clients_at_a_tls_port(alb: Alb, crowd: list[socket.socket]) -> None:
    """Some send nothing, some a part of a hello, and everybody else is served meanwhile."""
    https(alb, fixed("own"))
    for number in range(200):
        client = socket.create_connection((alb.address, 443), PATIENCE)
        client.sendall(b"\x16\x03\x01\x02\x00\x01\x00"[: number % 8])
        crowd.append(client)
    began = time.monotonic()
    other = Client(alb.address)
    assert other.ask().body == b"own"
    other.close()
    assert time.monotonic() - began < 2.0


def test_random_bytes(alb: Alb, pods: Callable[..., Pod]) -> None:
    """Whatever comes, the answer is 400 or another refusal, and the next client is served."""
    pod = pods()
    alb.forwards_to(pod)
    chance = random.Random(7)
    whole = GET + b"Content-Length: 3\r\nX-A: b\r\n\r\nabc"
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 6)):
            place = chance.randrange(len(data))
            data[place : place + chance.randrange(3)] = chance.randbytes(chance.randrange(3))
        told = alb.raw(bytes(data), half_close=True)
        assert told == b"" or told.startswith(b"HTTP/1.1 ")
        assert told[9:12] not in (b"500", b"502", b"504"), bytes(data)
    for _ in range(50):
        told = alb.raw(chance.randbytes(chance.randrange(1, 300)) + b"\r\n\r\n", half_close=True)
        assert told == b"" or told.startswith((b"HTTP/1.1 400", b"HTTP/1.1 505"))
    assert alb.ask("/").status == 200


def test_random_bytes_in_a_hello(alb: Alb) -> None:
    https(alb, fixed("own"))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    context.check_hostname = False
    hello = context.wrap_bio(incoming, outgoing, server_hostname="a.test")
    with contextlib.suppress(ssl.SSLWantReadError):
        hello.do_handshake()
    whole, chance = outgoing.read(), random.Random(7)
    for _ in range(100):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 10)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        with (
            socket.create_connection((alb.address, 443), PATIENCE) as client,
            contextlib.suppress(ConnectionError),
        ):
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            while client.recv(65536):
                pass
    other = Client(alb.address)
    assert other.ask().body == b"own"
    other.close()


# --- HTTP/2 ---


def test_streams_that_are_reset_at_once(alb: Alb) -> None:
    """CVE-2023-44487: a client can ask for more than it is ever going to wait for."""

    def behave(connection: socket.socket) -> None:
        head_of(connection)
        time.sleep(A_WHILE)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    target = Raw(behave)
    with stopping(target):
        https(alb, forward(alb.group(target)))
        client, other = Client(alb.address), Client(alb.address)
        for _ in range(1000):
            number = client.h2.get_next_available_stream_id()
            head = [(":method", "GET"), (":scheme", "https"), (":authority", "a"), (":path", "/")]
            client.h2.send_headers(number, head, end_stream=True)
            client.h2.reset_stream(number)
        client.send()
        assert other.ask().body == b"ok"
        client.close()
        other.close()


def test_a_client_that_gives_no_window(alb: Alb, pods: Callable[..., Pod]) -> None:
    """It gets its head and no body, and the idle timeout is the end of it."""
    https(alb, fixed("x" * 1000))
    alb.attributes(idle_timeout__timeout_seconds="1")
    client = Client(alb.address)
    client.h2.update_settings({4: 0})  # RFC 9113: SETTINGS_INITIAL_WINDOW_SIZE
    client.send()
    told = client.answer(client.start("/", end_stream=True))
    assert told.status == 200 and told.body == b"" and not told.ended
    client.close()
    other = Client(alb.address)
    assert len(other.ask().body) == 1000
    other.close()


def test_more_streams_than_are_allowed(alb: Alb) -> None:
    """AWS's guide: 128 in parallel."""

    def behave(connection: socket.socket) -> None:
        head_of(connection)
        time.sleep(0.3)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    target = Raw(behave)
    with stopping(target):
        https(alb, forward(alb.group(target)))
        client = Client(alb.address)
        client.ask("/", "TRACE")  # by now it has the settings
        assert client.h2.remote_settings.max_concurrent_streams == 128
        numbers = [client.start(end_stream=True) for _ in range(128)]
        assert all(client.answer(number).body == b"ok" for number in numbers)
        client.close()


@pytest.mark.parametrize("kind", ["ping", "settings", "window"])
def test_floods_of_frames(alb: Alb, kind: str) -> None:
    https(alb, fixed("own"))
    client = Client(alb.address)
    floods: dict[str, Callable[[], Any]] = {
        "ping": lambda: client.h2.ping(b"12345678"),
        "settings": lambda: client.h2.update_settings({4: 65_535}),
        "window": lambda: client.h2.increment_flow_control_window(1),
    }
    for _ in range(3000):
        floods[kind]()
    client.send()
    assert client.ask().body == b"own"
    client.close()


def test_random_bytes_in_frames(alb: Alb, pods: Callable[..., Pod]) -> None:
    https(alb, forward(alb.group(pods())))
    chance = random.Random(7)
    for _ in range(50):
        client = Client(alb.address)
        head = [(":method", "POST"), (":scheme", "https"), (":authority", "a"), (":path", "/")]
        for number in (1, 3):
            client.h2.send_headers(number, [*head, ("x-own", "a" * 50)])
            client.h2.send_data(number, b"hello", end_stream=True)
        data = bytearray(client.h2.data_to_send())
        for _ in range(chance.randrange(1, 6)):
            place = chance.randrange(len(data))
            data[place : place + chance.randrange(3)] = chance.randbytes(chance.randrange(3))
        client.sock.settimeout(A_WHILE)
        with contextlib.suppress(OSError):
            client.sock.sendall(data)
            while client.sock.recv(65536):
                pass
        client.close()
    other = Client(alb.address)
    assert other.ask().status == 200
    other.close()
