"""HTTP/2 in front, translated for targets that speak HTTP/1.1."""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable

import pytest
from aws import forward
from dataplane_ground import PATIENCE, Alb, Pod, Raw, alb, fixed, head_of, pods, stopping, unchecked
from dataplane_http2 import Client, https

__all__ = ["alb", "pods"]

MEGABYTE = 1024 * 1024


def test_requests_are_translated(alb: Alb, pods: Callable[..., Pod]) -> None:
    https(alb, forward(alb.group(pods())))
    client = Client(alb.address)
    told = client.ask("/a?b=c", "GET", ("x-own", "1"), ("cookie", "a=1"), ("cookie", "b=2"))
    assert told.status == 200 and "connection" not in told.fields
    body = told.body.decode()
    assert '"path": "/a?b=c"' in body and '["Host", "a.test"]' in body
    assert '["x-own", "1"]' in body and '["cookie", "a=1; b=2"]' in body
    assert '["X-Forwarded-Proto", "https"]' in body and '["X-Forwarded-For", "127.0.0.1"]' in body
    number = client.start("/post", "POST")
    for piece in (b"one ", b"two"):
        client.data(number, piece)
    client.data(number, b"", end_stream=True)
    told = client.answer(number)
    assert '"body": "one two"' in told.body.decode()
    assert '["Transfer-Encoding", "chunked"]' in told.body.decode()
    number = client.start("/length", "POST", ("content-length", "3"))
    client.data(number, b"123", end_stream=True)
    told = client.answer(number)
    assert '"body": "123"' in told.body.decode() and "chunked" not in told.body.decode()
    assert client.ask("/head", "HEAD").body == b""
    client.close()


def test_own_answers(alb: Alb) -> None:
    https(alb, fixed("own"))
    client = Client(alb.address)
    told = client.ask()
    assert (told.status, told.body, told.fields["server"]) == (200, b"own", "awselb/2.0")
    assert client.ask("/", "HEAD").fields["content-length"] == "3"
    assert client.ask("/", "TRACE").status == 405
    client.close()


def test_the_attribute_turns_it_off(alb: Alb) -> None:
    https(alb, fixed("own"))
    alb.attributes(routing__http2__enabled="false")
    context = unchecked("h2", "http/1.1")
    with socket.create_connection((alb.address, 443), PATIENCE) as plain:
        assert context.wrap_socket(plain).selected_alpn_protocol() == "http/1.1"
    alb.attributes(routing__http2__enabled="true")
    Client(alb.address).close()


@pytest.mark.skipif(shutil.which("curl") is None, reason="asks with curl")
def test_curl(alb: Alb, pods: Callable[..., Pod]) -> None:
    https(alb, forward(alb.group(pods())))
    command = ["curl", "-sk", "--http2", "-w", " %{http_version}", "-d", "x" * 100_000]
    done = subprocess.run(
        [*command, f"https://{alb.address}/"], capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.stdout.endswith("} 2")


def test_many_requests_at_once(alb: Alb) -> None:
    """They do not wait for each other: the last one is answered first."""

    def behave(connection: socket.socket) -> None:
        path = head_of(connection).split(b" ")[1]
        time.sleep(0.0 if path == b"/49" else 0.5)
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + path)

    target = Raw(behave)
    with stopping(target):
        https(alb, forward(alb.group(target)))
        client = Client(alb.address)
        began = time.monotonic()
        numbers = [client.start(f"/{n}", end_stream=True) for n in range(50)]
        assert client.answer(numbers[-1]).body == b"/49"
        assert time.monotonic() - began < 0.4
        for place, number in enumerate(numbers):
            assert client.answer(number).body == f"/{place}".encode()
        assert time.monotonic() - began < 3.0
        client.close()


def test_bodies_larger_than_the_windows(alb: Alb, pods: Callable[..., Pod]) -> None:
    def behave(connection: socket.socket) -> None:
        head_of(connection)
        size = 3 * MEGABYTE
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        connection.sendall(b"x" * size)

    target = Raw(behave)
    with stopping(target):
        alb.rule([{"Field": "path-pattern", "Values": ["/x"]}], fixed("plain"))
        https(alb, forward(alb.group(target, name="big")))
        client = Client(alb.address)
        first, second = (client.start("/down", end_stream=True) for _ in range(2))
        assert len(client.answer(first).body) == 3 * MEGABYTE
        assert len(client.answer(second).body) == 3 * MEGABYTE
        client.close()
    echo = pods()
    arn = alb.group(echo, name="echo")
    listener = alb.aws.elbv2.describe_listeners(LoadBalancerArn=alb.arn)["Listeners"]
    secure = next(one["ListenerArn"] for one in listener if one["Port"] == 443)
    alb.aws.elbv2.modify_listener(ListenerArn=secure, DefaultActions=[forward(arn)])
    alb.settle()
    command = ["curl", "-sk", "--http2", "-o", "/dev/null", "-w", "%{http_code} %{size_download}"]
    done = subprocess.run(
        [*command, "--data-binary", "@-", f"https://{alb.address}/up"],
        input="y" * 2 * MEGABYTE,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
    )
    code, size = done.stdout.split()
    assert code == "200" and int(size) > 2 * MEGABYTE


def test_a_client_that_gives_up_is_460(alb: Alb) -> None:
    gone = []

    def behave(connection: socket.socket) -> None:
        head_of(connection)
        gone.append(connection.recv(1))

    target = Raw(behave)
    with stopping(target):
        https(alb, forward(alb.group(target)))
        client = Client(alb.address)
        number = client.start("/", end_stream=True)
        time.sleep(0.2)
        client.h2.reset_stream(number)
        client.send()
        deadline = time.monotonic() + PATIENCE
        while alb.statuses() != {460: 1} and time.monotonic() < deadline:
            time.sleep(0.02)
        assert alb.statuses() == {460: 1} and gone == [b""]
        assert client.ask("/", "TRACE").status == 405  # the connection goes on
        client.close()


def test_a_target_that_dies_in_mid_response_resets_the_stream(alb: Alb) -> None:
    def behave(connection: socket.socket) -> None:
        head_of(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")

    target = Raw(behave)
    with stopping(target):
        https(alb, forward(alb.group(target)))
        client = Client(alb.address)
        told = client.ask()
        assert (told.status, told.reset, told.ended) == (200, True, False)
        client.close()


@pytest.mark.parametrize(
    "more",
    [
        [("transfer-encoding", "chunked")],
        [("connection", "close")],
        [("content-length", "1"), ("content-length", "2")],
        [("x-a", "b\r\nHost: other")],
        [("x:a", "b")],
        [("host", "other.test")],
    ],
)
def test_malformed_heads_never_reach_a_target(
    alb: Alb, pods: Callable[..., Pod], more: list[tuple[str, str]]
) -> None:
    pod = pods()
    https(alb, forward(alb.group(pod)))
    client = Client(alb.address)
    client.h2.config.validate_outbound_headers = False
    client.h2.config.normalize_outbound_headers = False
    number = client.start("/", "GET", *more, end_stream=True)
    told = client.answer(number)
    assert told.reset or not client.goes_on or told.status == 400
    assert pod.asked == []


@pytest.mark.parametrize("path", ["/a b", "http://other.test/", "", "/\x01", "no-slash"])
def test_malformed_paths_never_reach_a_target(
    alb: Alb, pods: Callable[..., Pod], path: str
) -> None:
    pod = pods()
    https(alb, forward(alb.group(pod)))
    client = Client(alb.address)
    client.h2.config.validate_outbound_headers = False
    told = client.answer(client.start(path, end_stream=True))
    assert told.reset or not client.goes_on or told.status == 400
    assert pod.asked == []


@pytest.mark.parametrize(
    "frames",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x01\x00\x00\x00\x00\x00\x00x",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 100,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x04\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x05\x01\x05\x00\x00\x00\x01\xff\xff\xff\xff\xff",
    ],
)
def test_bad_frames_end_the_connection_and_no_more(alb: Alb, frames: bytes) -> None:
    https(alb, fixed("own"))
    context = unchecked("h2")
    with (
        socket.create_connection((alb.address, 443), PATIENCE) as plain,
        context.wrap_socket(plain) as secure,
    ):
        secure.sendall(frames)
        while secure.recv(65536):
            pass
    client = Client(alb.address)
    assert client.ask().body == b"own"
    client.close()
