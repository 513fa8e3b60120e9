"""Target groups of protocol versions HTTP2 and GRPC."""

import subprocess
import time
from collections.abc import Callable
from typing import Any

import h2.events
import pytest
from aws import forward
from dataplane_ground import PATIENCE, Alb, Pod, Raw, alb, pods, stopping
from dataplane_http2 import Client, Http2Pod, Side, answering, framed, https, versioned
from hyperframe.frame import GoAwayFrame

__all__ = ["alb", "pods"]

MEGABYTE = 1024 * 1024


def test_http2_to_targets(alb: Alb) -> None:
    target = Http2Pod(answering("200", b"hello"))
    with stopping(target):
        versioned(alb, "HTTP2", target)
        client = Client(alb.address)
        for _ in range(3):
            told = client.ask("/a", "GET", ("x-own", "1"))
            assert (told.status, told.body) == (200, b"hello")
        client.close()
        asked = target.asked[0].fields
        assert (asked[":path"], asked[":authority"], asked["x-own"]) == ("/a", "a.test", "1")
        assert asked["x-forwarded-proto"] == "https" and target.connections == 1


def test_a_large_body_through_http2_on_both_sides(alb: Alb) -> None:
    def behave(side: Side, event: Any) -> None:
        if isinstance(event, h2.events.StreamEnded):
            size = str(len(side.messages[event.stream_id].body)).encode()
            side.h2.send_headers(event.stream_id, [(":status", "200")])
            side.h2.send_data(event.stream_id, size, end_stream=True)

    target = Http2Pod(behave)
    with stopping(target):
        versioned(alb, "HTTP2", target)
        done = subprocess.run(
            ["curl", "-sk", "--http2", "--data-binary", "@-", f"https://{alb.address}/"],
            input="z" * MEGABYTE,
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE,
        )
        assert done.stdout == str(MEGABYTE)


def test_464_for_what_does_not_fit(alb: Alb, pods: Callable[..., Pod]) -> None:
    """AWS's guide, 464: gRPC to HTTP/1.1, anything but POST to gRPC."""
    https(alb, forward(alb.group(pods())))
    client = Client(alb.address)
    assert client.call("/pkg.Service/Do", framed(b"hi")).status == 464
    client.close()
    grpc = alb.aws.target_group_arn("grpc", ProtocolVersion="GRPC")
    listeners = alb.aws.elbv2.describe_listeners(LoadBalancerArn=alb.arn)["Listeners"]
    secure = next(one["ListenerArn"] for one in listeners if one["Port"] == 443)
    alb.aws.elbv2.modify_listener(ListenerArn=secure, DefaultActions=[forward(grpc)])
    alb.settle()
    client = Client(alb.address)
    assert client.ask("/pkg.Service/Do").status == 464
    client.close()


def test_grpc_with_trailers(alb: Alb) -> None:
    reply = answering("200", framed(b"world"), ("grpc-status", "0"), ("grpc-message", "fine"))
    target = Http2Pod(reply)
    with stopping(target):
        versioned(alb, "GRPC", target)
        client = Client(alb.address)
        told = client.call("/pkg.Service/Do", framed(b"hello"), more=[("x-meta", "1")])
        client.close()
        assert (told.status, told.body) == (200, framed(b"world"))
        assert told.trailers == {"grpc-status": "0", "grpc-message": "fine"}
        asked = target.asked[0]
        assert asked.body == framed(b"hello") and asked.fields["te"] == "trailers"
        assert asked.fields["content-type"] == "application/grpc"
        assert asked.fields["x-meta"] == "1"


def test_grpc_that_answers_with_a_head_alone(alb: Alb) -> None:
    def behave(side: Side, event: Any) -> None:
        if isinstance(event, h2.events.RequestReceived):
            head = [(":status", "200"), ("grpc-status", "5")]
            side.h2.send_headers(event.stream_id, head, end_stream=True)
            # There is nothing to be cut short if all of the request has come with its head.
            if not side.messages[event.stream_id].ended:
                side.h2.reset_stream(event.stream_id, 0)

    target = Http2Pod(behave)
    with stopping(target):
        versioned(alb, "GRPC", target)
        client = Client(alb.address)
        told = client.call("/pkg.Service/Do", framed(b"hello"))
        client.close()
        assert (told.status, told.body) == (200, b"")
        assert told.fields["grpc-status"] == "5"


def test_grpc_streams_both_ways_at_once(alb: Alb) -> None:
    def behave(side: Side, event: Any) -> None:
        if isinstance(event, h2.events.RequestReceived):
            side.h2.send_headers(event.stream_id, [(":status", "200")])
        elif isinstance(event, h2.events.DataReceived) and event.data:
            side.h2.send_data(event.stream_id, event.data.upper())
        elif isinstance(event, h2.events.StreamEnded):
            side.h2.send_headers(event.stream_id, [("grpc-status", "0")], end_stream=True)

    target = Http2Pod(behave)
    with stopping(target):
        versioned(alb, "GRPC", target)
        alb.attributes(idle_timeout__timeout_seconds="1")
        client = Client(alb.address)
        head = [("content-type", "application/grpc"), ("te", "trailers")]
        number = client.start("/pkg.Service/Chat", "POST", *head)
        said = b""
        for piece in (b"one", b"two", b"three"):
            client.data(number, piece)
            said += piece.upper()
            while client.has(number).body != said:
                client.take()
            time.sleep(0.6)  # in all more than the idle timeout, but never that long at once
        client.data(number, b"", end_stream=True)
        assert client.answer(number).trailers == {"grpc-status": "0"}
        client.close()


def test_a_target_that_is_about_to_go_finishes_what_it_has(alb: Alb) -> None:
    """RFC 9113, section 6.8: gRPC servers say so when they are told to stop, and then answer."""

    def behave(side: Side, event: Any) -> None:
        if isinstance(event, h2.events.RequestReceived):
            side.sock.sendall(GoAwayFrame(0, last_stream_id=event.stream_id).serialize())
        elif isinstance(event, h2.events.StreamEnded):
            side.h2.send_headers(event.stream_id, [(":status", "200")])
            for _ in range(4):
                side.h2.send_data(event.stream_id, b"x" * 10_000)
            side.h2.send_headers(event.stream_id, [("grpc-status", "0")], end_stream=True)

    target = Http2Pod(behave)
    with stopping(target):
        versioned(alb, "GRPC", target)
        client = Client(alb.address)
        for _ in range(3):
            told = client.call("/pkg.Service/Do", framed(b"hello"))
            assert (told.status, len(told.body)) == (200, 40_000)
            assert told.trailers == {"grpc-status": "0"}
        assert target.connections == 3
        # A client that is about to go waits for its answers too.
        head = [("content-type", "application/grpc"), ("te", "trailers")]
        number = client.start("/pkg.Service/Do", "POST", *head, end_stream=True)
        client.sock.sendall(GoAwayFrame(0).serialize())
        assert client.answer(number).trailers == {"grpc-status": "0"}
        client.close()


def checked(alb: Alb, version: str, target: Raw, **matcher: str) -> list[dict[str, Any]]:
    """What real health checks find out about a target."""
    settings = {"elbv2.real-health-checks": 1, "elbv2.health-check-speed": 50}
    alb.aws.control("POST", "/settings", {"account": alb.aws.id, "settings": settings})
    arn = alb.aws.target_group_arn("c", ProtocolVersion=version, Matcher=matcher)
    alb.aws.elbv2.register_targets(TargetGroupArn=arn, Targets=[target.target])
    https(alb, forward(arn))
    deadline = time.monotonic() + PATIENCE
    while alb.aws.states(arn) == ["initial"] and time.monotonic() < deadline:
        time.sleep(0.05)
    return [dict(one["TargetHealth"]) for one in alb.aws.health(arn)]


@pytest.mark.parametrize(("code", "state"), [("12", "healthy"), ("0-5", "unhealthy")])
def test_grpc_health_checks(alb: Alb, code: str, state: str) -> None:
    """botocore: GrpcCode is 0 to 99, and 12, "unimplemented", unless something else is said."""
    target = Http2Pod(answering("200", b"", ("grpc-status", "12")))
    with stopping(target):
        (told,) = checked(alb, "GRPC", target, GrpcCode=code)
        assert told["State"] == state
        if state == "unhealthy":
            assert told["Reason"] == "Target.ResponseCodeMismatch"
            assert told["Description"] == "Health checks failed with these codes: [12]"
        asked = target.asked[0].fields
        assert (asked[":method"], asked[":path"]) == ("POST", "/AWS.ALB/healthcheck")
        assert asked["content-type"] == "application/grpc"


@pytest.mark.parametrize(("status", "state"), [("200", "healthy"), ("500", "unhealthy")])
def test_http2_health_checks(alb: Alb, status: str, state: str) -> None:
    target = Http2Pod(answering(status, b"ok"))
    with stopping(target):
        (told,) = checked(alb, "HTTP2", target, HttpCode="200")
        assert told["State"] == state
        assert target.asked[0].fields[":method"] == "GET"
