"""Requests that two readers could read differently: refused, and never seen by a target."""

from collections.abc import Callable

import pytest
from dataplane_ground import Alb, Pod, alb, pods

__all__ = ["alb", "pods"]

GET = b"GET / HTTP/1.1\r\nHost: a.test\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a.test\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n"
BIG = 17 * 1024  # more than the 16 K of AWS's quotas page

# What is sent and the status that comes back.
BAD = [
    (POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
    (POST + b"Content-Length: 3\r\nContent-Length: 0\r\n\r\nabc", 400),
    (POST + b"Content-Length: 3, 3\r\n\r\nabc", 400),
    (POST + b"Content-Length: +3\r\n\r\nabc", 400),
    (POST + b"Content-Length: -1\r\n\r\n", 400),
    (POST + b"Content-Length: 0x3\r\n\r\nabc", 400),
    (POST + b"Content-Length: 3 3\r\n\r\nabc", 400),
    (POST + b"Content-Length:\r\n\r\n", 400),
    (POST + b"Content-Length: 99999999999999999999\r\n\r\n", 400),
    (CHUNKED + b"Content-Length: 3\r\n\r\n0\r\n\r\n", 400),
    (POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (CHUNKED + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 501),
    (POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    (POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
    (POST + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n", 400),
    (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (CHUNKED + b"\r\nxyz\r\n", 400),
    (CHUNKED + b"\r\n0x3\r\nabc\r\n0\r\n\r\n", 400),
    (CHUNKED + b"\r\n-1\r\nabc\r\n0\r\n\r\n", 400),
    (CHUNKED + b"\r\n3\r\nabcd\r\n0\r\n\r\n", 400),
    (CHUNKED + b"\r\n3\nabc\r\n0\r\n\r\n", 400),
    (CHUNKED + b"\r\n3\r\nabc\n0\r\n\r\n", 400),
    (CHUNKED + b"\r\nffffffffffffffff\r\nabc\r\n0\r\n\r\n", 400),
    (CHUNKED + b"\r\n0\r\nbad trailer\r\n\r\n", 400),
    (CHUNKED + b"\r\n3;a\x00b\r\nabc\r\n0\r\n\r\n", 400),
    (b"GET / HTTP/1.1\nHost: a.test\n\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a.test\n\r\n", 400),
    (GET + b"X-A: b\nX-C: d\r\n\r\n", 400),
    (GET + b"X-A: b\rX-C: d\r\n\r\n", 400),
    (GET + b"X-A: b\x00c\r\n\r\n", 400),
    (GET + b"X-A\x00: b\r\n\r\n", 400),
    (GET + b"X A: b\r\n\r\n", 400),
    (GET + b": b\r\n\r\n", 400),
    (GET + b"nonsense\r\n\r\n", 400),
    (GET + b"X-A: b\r\n folded\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\n X-First: folded\r\nHost: a.test\r\n\r\n", 400),
    (GET + b"Host: b.test\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    (b"GET  / HTTP/1.1\r\nHost: a.test\r\n\r\n", 400),
    (b"GET /a b HTTP/1.1\r\nHost: a.test\r\n\r\n", 400),
    (b"GET\t/ HTTP/1.1\r\nHost: a.test\r\n\r\n", 400),
    (b"GET /\x00 HTTP/1.1\r\nHost: a.test\r\n\r\n", 400),
    (b"GET /\xc3\xa4 HTTP/1.1\r\nHost: a.test\r\n\r\n", 400),
    (b"G@T / HTTP/1.1\r\nHost: a.test\r\n\r\n", 400),
    (b"GET nowhere HTTP/1.1\r\nHost: a.test\r\n\r\n", 400),
    (b"GET / HTTP/1.1 \r\nHost: a.test\r\n\r\n", 400),
    (b"GET / http/1.1\r\nHost: a.test\r\n\r\n", 400),
    (b"GET / HTTP/1.10\r\nHost: a.test\r\n\r\n", 400),
    (b"GET /\r\nHost: a.test\r\n\r\n", 400),
    (b"GET / HTTP/2.0\r\nHost: a.test\r\n\r\n", 505),
    (b"GET / HTTP/0.9\r\nHost: a.test\r\n\r\n", 505),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    (b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n", 400),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    (GET + b"X-Long: " + b"a" * BIG + b"\r\n\r\n", 400),
    (GET + b"X-Many: " + b"\r\nX-Many: ".join([b"a" * 8000] * 9) + b"\r\n\r\n", 400),
    (b"GET /" + b"a" * BIG + b" HTTP/1.1\r\nHost: a.test\r\n\r\n", 414),
    (b"A" * 2 * BIG, 414),
]


@pytest.fixture
def pod(alb: Alb, pods: Callable[..., Pod]) -> Pod:
    """Where everything that is let through goes."""
    made = pods()
    alb.forwards_to(made)
    return made


def test_malformed_requests_never_reach_a_target(alb: Alb, pod: Pod) -> None:
    for sent, status in BAD:
        # A second request behind it, which must not be answered either.
        answer = alb.raw(sent + b"GET /smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n")
        line = answer.partition(b"\r\n")[0]
        assert line.startswith(b"HTTP/1.1 %d" % status), (sent[:200], line)
        assert answer.count(b"HTTP/1.1 ") == 1, (sent[:200], answer)
        assert b"Connection: close" in answer
    assert pod.asked == []
    assert alb.ask("/fine").status == 200


def test_a_bad_chunk_after_a_good_one(alb: Alb, pod: Pod) -> None:
    """It comes in a later packet; the target may have seen a beginning but no whole request."""
    answer = alb.raw(CHUNKED + b"\r\n3\r\nabc\r\n", b"zzz\r\n")
    assert answer.startswith(b"HTTP/1.1 400")
    assert pod.asked == []


def test_what_looks_odd_but_is_fine(alb: Alb, pod: Pod) -> None:
    fine = [
        b"\r\n" + GET + b"Connection: close\r\n\r\n",
        b"GET http://a.test/x HTTP/1.1\r\nHost: b.test\r\nConnection: close\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n",
        CHUNKED + b"Connection: close\r\n\r\n3;ext=1\r\nabc\r\n0\r\nX-Trailer: 1\r\n\r\n",
        GET + b"X-Empty:\r\nX_under: \tv\t\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
    ]
    for sent in fine:
        assert alb.raw(sent).startswith(b"HTTP/1.1 200"), sent
    assert len(pod.asked) == len(fine)


def test_the_strictest_mode(alb: Alb, pod: Pod) -> None:
    assert alb.ask("/", "GET", "abc").status == 200
    alb.attributes(routing__http__desync_mitigation_mode="strictest")
    assert alb.ask("/", "GET", "abc").status == 400
    assert pod.asked == ["GET /"]


def test_pipelined_requests_are_answered_in_order(alb: Alb, pod: Pod) -> None:
    answer = alb.raw(
        POST + b"Content-Length: 3\r\n\r\nabc" + GET.replace(b"/ ", b"/2 ") + b"\r\n"
        b"GET /3 HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"
    )
    assert answer.count(b"HTTP/1.1 200") == 3
    assert pod.asked == ["POST /", "GET /2", "GET /3"]


def test_a_body_is_taken_once(alb: Alb, pods: Callable[..., Pod]) -> None:
    """An error after the body was read must leave what follows it as it is."""
    gone = pods()
    gone.stop()
    alb.forwards_to(gone)
    follower = b"GET /follower HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"
    for head, body in ((POST + b"Content-Length: 3\r\n\r\n", b"abc"), (CHUNKED, b"\r\n0\r\n\r\n")):
        answer = alb.raw(head + body + follower)
        assert answer.count(b"HTTP/1.1 502") == 2, answer


def test_only_websockets_leave_http(alb: Alb, pod: Pod) -> None:
    sent = GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n"
    answer = alb.raw(sent + GET.replace(b"/ ", b"/2 ") + b"Connection: close\r\n\r\n")
    assert answer.count(b"HTTP/1.1 200") == 2
    assert b'"Upgrade"' not in answer


def test_refused_requests_are_counted(alb: Alb, pod: Pod) -> None:
    """They have neither rule nor target."""
    alb.raw(BAD[0][0])
    (counted,) = [one for one in alb.counters() if one["status"] == 400]
    assert (counted["rule"], counted["target"], counted["requests"]) == ("", "", 1)
    assert pod.asked == []
