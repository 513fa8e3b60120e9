"""One request and its way: headers, bodies, connections, and targets and clients that misbehave."""

import http.client
import re
import socket
import struct
import threading
import time
from collections.abc import Callable

import pytest
from aws import forward
from dataplane_ground import (
    PATIENCE,
    Alb,
    Pod,
    Raw,
    alb,
    head_of,
    pods,
    read,
    stopping,
    unchecked,
)

__all__ = ["alb", "pods"]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET / HTTP/1.1\r\nHost: a.test\r\n"


@pytest.fixture
def pod(alb: Alb, pods: Callable[..., Pod]) -> Pod:
    """Where everything goes."""
    made = pods()
    alb.forwards_to(made)
    return made


def test_what_a_target_is_told(alb: Alb, pod: Pod) -> None:
    reply = alb.ask("/a?b=c", Host="www.example.com", X_Own="1")
    assert reply.json["path"] == "/a?b=c"
    assert reply.sent("Host") == "www.example.com"
    assert reply.sent("X-Own") == "1"
    assert reply.sent("X-Forwarded-For") == "127.0.0.1"
    assert reply.sent("X-Forwarded-Proto") == "http"
    assert reply.sent("X-Forwarded-Port") == "80"
    assert re.fullmatch("Root=1-[0-9a-f]{8}-[0-9a-f]{24}", reply.sent("X-Amzn-Trace-Id") or "")
    assert reply.sent("Connection") is None
    # Ours to say, and the trace goes on.
    reply = alb.ask("/", X_Forwarded_Proto="https", X_Amzn_Trace_Id="Root=1-a-b;Sampled=1")
    assert reply.sent("X-Forwarded-Proto") == "http"
    traced = reply.sent("X-Amzn-Trace-Id") or ""
    assert traced.startswith("Self=1-") and traced.endswith(";Root=1-a-b;Sampled=1")


def test_attributes_of_the_load_balancer(alb: Alb, pod: Pod) -> None:
    assert alb.ask("/", X_Forwarded_For="1.2.3.4").sent("X-Forwarded-For") == "1.2.3.4, 127.0.0.1"
    alb.attributes(routing__http__xff_client_port__enabled="true")
    assert re.fullmatch("127.0.0.1:[0-9]+", alb.ask("/").sent("X-Forwarded-For") or "")
    alb.attributes(routing__http__xff_header_processing__mode="preserve")
    assert alb.ask("/", X_Forwarded_For="1.2.3.4").sent("X-Forwarded-For") == "1.2.3.4"
    alb.attributes(routing__http__xff_header_processing__mode="remove")
    assert alb.ask("/", X_Forwarded_For="1.2.3.4").sent("X-Forwarded-For") is None

    odd = GET + b"X_Odd: 1\r\nConnection: close\r\n\r\n"
    assert b"X_Odd" in alb.raw(odd)
    alb.attributes(routing__http__drop_invalid_header_fields__enabled="true")
    assert b"X_Odd" not in alb.raw(odd)

    assert alb.ask("/", Host="a.test:8080").sent("Host") == "a.test:8080"
    assert alb.ask("/", Host="a.test:80").sent("Host") == "a.test"
    alb.attributes(routing__http__preserve_host_header__enabled="true")
    assert alb.ask("/", Host="a.test:80").sent("Host") == "a.test:80"


def test_attributes_of_the_listener(alb: Alb, pod: Pod) -> None:
    pod.server.fields.append(("X-Frame-Options", "DENY"))
    assert alb.ask("/").header("Server") is not None
    response = "routing__http__response__"
    alb.listener_attributes(
        **{
            f"{response}server__enabled": "false",
            f"{response}x_frame_options__header_value": "SAMEORIGIN",
            f"{response}strict_transport_security__header_value": "max-age=1",
        }
    )
    reply = alb.ask("/")
    assert reply.header("Server") is None
    assert reply.all("X-Frame-Options") == ["SAMEORIGIN"]
    assert reply.header("Strict-Transport-Security") == "max-age=1"


def test_bodies(alb: Alb, pod: Pod) -> None:
    big = "x" * 3_000_000
    assert alb.ask("/", "POST", big).json["body"] == big
    # An iterator makes Python's client send chunks.
    reply = alb.ask("/", "PUT", iter([b"abc", b"", b"d" * 70_000]))
    assert reply.json["body"] == "abc" + "d" * 70_000
    head = alb.ask("/", "HEAD")
    assert head.body == b"" and int(head.header("Content-Length") or 0) > 0


def test_a_connection_is_kept(alb: Alb, pod: Pod) -> None:
    connection = alb.connect()
    for number in range(20):
        connection.request("POST", f"/{number}", str(number))
        assert read(connection).json["body"] == str(number)
    connection.close()
    connection = alb.connect()
    connection.request("GET", "/", headers={"Connection": "close"})
    assert read(connection).header("Connection") == "close"


def test_a_slow_body(alb: Alb, pod: Pod) -> None:
    with socket.create_connection((alb.address, 80), PATIENCE) as client:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 6\r\n\r\n"
        for part in (head[:10], head[10:40], head[40:], b"ab", b"cd", b"ef"):
            client.sendall(part)
            time.sleep(0.05)
        data = b""
        while more := client.recv(65536):
            data += more
    assert b'"body": "abcdef"' in data


def test_expect_100(alb: Alb, pod: Pod) -> None:
    with socket.create_connection((alb.address, 80), PATIENCE) as client:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
        client.sendall(head)
        assert head_of(client).startswith(b"HTTP/1.1 100 ")
        client.sendall(b"hi")
        assert head_of(client).startswith(b"HTTP/1.1 200 ")


def test_a_half_closed_client_gets_its_answer(alb: Alb, pod: Pod) -> None:
    assert alb.raw(GET + b"\r\n", half_close=True).startswith(b"HTTP/1.1 200")
    assert alb.raw(GET, half_close=True).startswith(b"HTTP/1.1 400")
    assert 460 not in alb.statuses()


def test_a_response_without_length_and_one_in_chunks(alb: Alb) -> None:
    def until_close(connection: socket.socket) -> None:
        head_of(connection)
        connection.sendall(b"HTTP/1.0 200 OK\r\nX-A: 1\r\n\r\nto the end")

    def chunks(connection: socket.socket) -> None:
        head_of(connection)
        # It says that it closes: otherwise the next request may be sent just as it does.
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n")
        connection.sendall(b"Transfer-Encoding: chunked\r\n\r\n3\r\nab")
        time.sleep(0.05)
        connection.sendall(b"c\r\n4")
        time.sleep(0.05)
        connection.sendall(b";x=y\r\ndefg\r\n0\r\nT: 1\r\n\r\n")

    for behave, wanted in ((until_close, b"to the end"), (chunks, b"abcdefg")):
        target = Raw(behave)
        with stopping(target):
            group = alb.group(target, name=behave.__name__.replace("_", "-"))
            alb.default({"Type": "forward", "TargetGroupArn": group})
            assert alb.ask("/").body == wanted
            old = alb.raw(b"GET / HTTP/1.0\r\n\r\n")
            assert old.endswith(b"\r\n\r\n" + wanted) and b"chunked" not in old


def closing(connection: socket.socket) -> None:
    head_of(connection)


def refusing(connection: socket.socket) -> None:
    head_of(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def saying(answer: bytes) -> Callable[[socket.socket], None]:
    def behave(connection: socket.socket) -> None:
        head_of(connection)
        connection.sendall(answer)

    return behave


# AWS's guide, "HTTP 502": closes, resets, or answers what is no HTTP.
BROKEN = {
    "closes": closing,
    "resets": refusing,
    "half-a-head": saying(b"HTTP/1.1 200 OK\r\nX-A"),
    "no-http": saying(b"hello\r\n\r\n"),
    "bare-lf": saying(b"HTTP/1.1 200 OK\nContent-Length: 0\n\n"),
    "two-lengths": saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 1\r\n\r\nok"),
    "length-and-chunks": saying(
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "big-head": saying(b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 40_000 + b"\r\n\r\n"),
    "folded": saying(b"HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\n\r\n"),
}


@pytest.mark.D
def test_broken_targets_are_502(alb: Alb) -> None:
    for name, behave in BROKEN.items():
        target = Raw(behave)
        with stopping(target):
            group = alb.group(target, name=name)
            alb.default({"Type": "forward", "TargetGroupArn": group})
            reply = alb.ask("/")
            assert reply.status == 502, name
            assert b"502 Bad Gateway" in reply.body


@pytest.mark.D
def test_nobody_at_the_port_is_502(alb: Alb, pods: Callable[..., Pod]) -> None:
    gone = pods()
    gone.stop()
    alb.forwards_to(gone)
    assert alb.ask("/").status == 502


@pytest.mark.D
def test_a_hanging_target_is_504_after_the_idle_timeout(alb: Alb) -> None:
    target = Raw(lambda connection: time.sleep(3))
    alb.forwards_to(target)
    alb.attributes(idle_timeout__timeout_seconds="1")
    with stopping(target):
        began = time.monotonic()
        assert alb.ask("/").status == 504
        assert 0.9 < time.monotonic() - began < 2.5


def test_a_target_that_dies_in_mid_response(alb: Alb) -> None:
    target = Raw(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"))
    alb.forwards_to(target)
    with stopping(target), pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        alb.ask("/")


@pytest.mark.D
def test_idle_connections(alb: Alb, pod: Pod) -> None:
    """One with nothing on it is closed; one with half a request is told 408."""
    alb.attributes(idle_timeout__timeout_seconds="1")
    assert alb.raw() == b""
    assert alb.raw(GET).startswith(b"HTTP/1.1 408")
    short = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"
    assert alb.raw(short).startswith(b"HTTP/1.1 408")


@pytest.mark.D
def test_a_client_that_does_not_wait_is_460(alb: Alb) -> None:
    asked, done = threading.Event(), threading.Event()

    def slow(connection: socket.socket) -> None:
        head_of(connection)
        asked.set()
        done.wait(PATIENCE)
        connection.sendall(OK)

    target = Raw(slow)
    alb.forwards_to(target)
    with stopping(target):
        client = socket.create_connection((alb.address, 80), PATIENCE)
        client.sendall(GET + b"\r\n")
        assert asked.wait(PATIENCE)
        client.close()
        done.set()
        deadline = time.monotonic() + PATIENCE
        while 460 not in alb.statuses() and time.monotonic() < deadline:
            time.sleep(0.02)
    assert alb.statuses().get(460) == 1


@pytest.mark.D
def test_trace_and_too_many_proxies(alb: Alb, pod: Pod) -> None:
    assert alb.ask("/", "TRACE").status == 405
    assert alb.ask("/", X_Forwarded_For=", ".join(["1.1.1.1"] * 31)).status == 463
    assert pod.asked == []


@pytest.mark.parametrize("port", [80, 443])
def test_websocket(alb: Alb, port: int) -> None:
    def echo(connection: socket.socket) -> None:
        head = head_of(connection)
        assert b"upgrade: websocket" in head.lower() and b"connection: upgrade" in head.lower()
        connection.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
        )
        while data := connection.recv(100):
            connection.sendall(data.upper())

    target = Raw(echo)
    group = alb.forwards_to(target)
    alb.aws.https_listener(alb.arn, DefaultActions=[forward(group)])
    alb.settle()
    with stopping(target), socket.create_connection((alb.address, port), PATIENCE) as plain:
        client = unchecked().wrap_socket(plain) if port == 443 else plain
        client.sendall(GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly")
        data = head_of(client)
        assert data.startswith(b"HTTP/1.1 101 ")
        data = data.partition(b"\r\n\r\n")[2]
        while len(data) < 5:
            data += client.recv(100)
        client.sendall(b"later")
        while len(data) < 10:
            data += client.recv(100)
        assert data == b"EARLYLATER"


def test_a_thousand_idle_connections(alb: Alb, pod: Pod) -> None:
    clients = [socket.create_connection((alb.address, 80), PATIENCE) for _ in range(1000)]
    try:
        began = time.monotonic()
        assert alb.ask("/").status == 200
        assert time.monotonic() - began < 1
        for client in clients[::50]:
            client.sendall(GET + b"\r\n")
            assert head_of(client).startswith(b"HTTP/1.1 200")
    finally:
        for client in clients:
            client.close()
