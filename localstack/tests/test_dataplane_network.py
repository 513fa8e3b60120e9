"""Network Load Balancers at work: what comes in goes on to targets, or to a load balancer."""

import http.client
import json
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

import pytest
from aws import Account, forward
from dataplane_ground import PATIENCE, Alb, Pod, Raw, alb, pods, require, stopping

__all__ = ["alb", "pods"]

Make = Callable[..., Pod]


class Nlb:
    """A Network Load Balancer with one listener, served."""

    def __init__(self, aws: Account, group: str, **listener: Any) -> None:
        self.aws = aws
        balancer = listener.pop("balancer", {})
        self.described = aws.load_balancer("front", Type="network", **balancer)
        wanted = {"Protocol": "TCP", "Port": 80, "DefaultActions": [forward(group)], **listener}
        aws.listener(self.described["LoadBalancerArn"], wanted.pop("Port"), **wanted)
        require(aws)
        told = aws.control("GET", f"/balancers?account={aws.id}")
        [own] = [one for one in told if one["name"] == "front"]
        self.address = str(own["address"])
        self.port = int(own["listeners"][0]["bound"])

    def connect(self, source: str = "127.0.0.1") -> socket.socket:
        return socket.create_connection(
            (self.address, self.port), PATIENCE, source_address=(source, 0)
        )

    def ask(self, **headers: str) -> Any:
        """What an HTTP server behind it answers."""
        connection = http.client.HTTPConnection(self.address, self.port, timeout=PATIENCE)
        connection.request("GET", "/", headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, json.loads(body) if answer.status == 200 else None


def _peer(connection: socket.socket) -> None:
    """Says who has connected, then repeats what it is sent until that ends."""
    connection.sendall(connection.getpeername()[0].encode() + b"\n")
    while data := connection.recv(65536):
        connection.sendall(data)
    connection.sendall(b"bye\n")


def _group(aws: Account, *targets: Any, **more: Any) -> str:
    aws.open()
    group = aws.target_group_arn("tcp", Protocol="TCP", **more)
    aws.elbv2.register_targets(TargetGroupArn=group, Targets=[one.target for one in targets])
    return group


def _all(connection: socket.socket) -> bytes:
    found = b""
    while data := connection.recv(65536):
        found += data
    return found


def test_bytes_both_ways(aws: Account) -> None:
    pod = Raw(_peer)
    with stopping(pod):
        front = Nlb(aws, _group(aws, pod))
        with front.connect() as connection:
            connection.sendall(b"hello\n")
            connection.shutdown(socket.SHUT_WR)
            # The target sees the load balancer, and the end of the one direction only.
            assert _all(connection) == f"{front.address}\nhello\nbye\n".encode()


def test_the_clients_address_is_preserved(aws: Account) -> None:
    pod = Raw(_peer)
    with stopping(pod):
        group = _group(aws, pod)
        wanted = [{"Key": "preserve_client_ip.enabled", "Value": "true"}]
        aws.elbv2.modify_target_group_attributes(TargetGroupArn=group, Attributes=wanted)
        with Nlb(aws, group).connect("127.9.8.7") as connection:
            connection.shutdown(socket.SHUT_WR)
            assert _all(connection) == b"127.9.8.7\nbye\n"


def test_proxy_protocol(aws: Account) -> None:
    """Version 2 of HAProxy's "The PROXY protocol", section 2.2: TCP over IPv4, and nothing more."""

    def repeat(connection: socket.socket) -> None:
        while data := connection.recv(65536):
            connection.sendall(data)

    pod = Raw(repeat)
    with stopping(pod):
        group = _group(aws, pod)
        wanted = [{"Key": "proxy_protocol_v2.enabled", "Value": "true"}]
        aws.elbv2.modify_target_group_attributes(TargetGroupArn=group, Attributes=wanted)
        front = Nlb(aws, group)
        with front.connect("127.9.8.7") as connection:
            port = connection.getsockname()[1]
            connection.sendall(b"hello")
            connection.shutdown(socket.SHUT_WR)
            ends = socket.inet_aton("127.9.8.7") + socket.inet_aton(front.address)
            ports = port.to_bytes(2, "big") + (80).to_bytes(2, "big")
            signature = bytes.fromhex("0d0a0d0a000d0a515549540a")
            head = signature + b"\x21\x11\x00\x0c" + ends + ports
            assert _all(connection) == head + b"hello"


def test_in_front_of_a_load_balancer(aws: Account, alb: Alb, pods: Make) -> None:
    alb.forwards_to(pods("a"))
    group = aws.target_group_arn("albs", TargetType="alb", Protocol="TCP")
    aws.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": alb.arn}])
    front = Nlb(aws, group)
    status, seen = front.ask()
    headers = {name.lower(): value for name, value in seen["headers"]}
    assert (status, seen["pod"]) == (200, "a")
    assert headers["x-forwarded-for"] == "127.0.0.1"
    name = front.described["DNSName"]
    told = aws.control("GET", f"/resolve?name={name}&account={aws.id}")["records"]
    assert told == [f"{name.lower()}. 60 IN A {front.address}"]
    aws.elbv2.deregister_targets(TargetGroupArn=group, Targets=[{"Id": alb.arn}])
    alb.settle()
    with pytest.raises(OSError):
        front.ask()


def test_the_load_balancers_groups_see_the_client(aws: Account, alb: Alb, pods: Make) -> None:
    """The guide: an ALB behind an NLB is asked for by its clients' addresses."""
    alb.forwards_to(pods("a"))
    group = aws.target_group_arn("albs", TargetType="alb", Protocol="TCP")
    aws.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": alb.arn}])
    front = Nlb(aws, group)
    guard = aws.security_group("guard")
    aws.open("203.1.2.3/32", guard)
    aws.elbv2.set_security_groups(LoadBalancerArn=alb.arn, SecurityGroups=[guard])
    alb.settle()
    with pytest.raises(OSError):
        front.ask()
    connection = http.client.HTTPConnection(
        front.address, front.port, timeout=PATIENCE, source_address=("127.1.2.3", 0)
    )
    connection.request("GET", "/")
    assert connection.getresponse().status == 200
    connection.close()


def test_its_own_groups(aws: Account) -> None:
    pod = Raw(_peer)
    with stopping(pod):
        guard = aws.security_group("guard")
        front = Nlb(aws, _group(aws, pod), balancer={"SecurityGroups": [guard]})
        with pytest.raises(OSError), front.connect() as connection:
            _all(connection)
            connection.sendall(b"x")
            _all(connection)
        aws.open(group=guard)
        aws.control("GET", "/settled")
        with front.connect() as connection:
            connection.shutdown(socket.SHUT_WR)
            assert _all(connection).endswith(b"bye\n")


def test_tls_ends_here(aws: Account) -> None:
    pod = Raw(_peer)
    with stopping(pod):
        arn = aws.certificate("nlb.example.com")
        front = Nlb(
            aws,
            _group(aws, pod),
            Protocol="TLS",
            Port=443,
            Certificates=[{"CertificateArn": arn}],
            AlpnPolicy=["HTTP2Preferred"],
        )
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["http/1.1", "h2"])
        with (
            front.connect() as plain,
            context.wrap_socket(plain, server_hostname="nlb.example.com") as secure,
        ):
            assert secure.selected_alpn_protocol() == "h2"
            secure.sendall(b"hello\n")
            assert secure.recv(100).endswith(b"\n")


def test_health_by_connecting(aws: Account) -> None:
    pod, gone = Raw(_peer), Raw(_peer)
    gone.stop()
    checked = {"elbv2.real-health-checks": 1, "elbv2.health-check-speed": 50}
    aws.control("POST", "/settings", {"account": aws.id, "settings": checked})
    with stopping(pod):
        group = _group(aws, pod, gone)
        Nlb(aws, group)
        wanted = {pod.port: "healthy", gone.port: "unhealthy"}

        def states() -> dict[int, str]:
            told = aws.health(group)
            return {one["Target"]["Port"]: one["TargetHealth"]["State"] for one in told}

        deadline = time.monotonic() + PATIENCE
        while states() != wanted and time.monotonic() < deadline:
            time.sleep(0.05)
        assert states() == wanted
