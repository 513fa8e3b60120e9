"""What the tests of the data plane need: load balancers to talk to, and pods to answer."""

import http.client
import json
import socket
import ssl
import threading
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

import pytest
from aws import Account

# Pods are in the default VPC, 172.31.0.0/16, and are reached at 127.31.x.y.
_pods = count(257)
PATIENCE = 10.0


class Quiet(BaseHTTPRequestHandler):
    """Answers with what it was asked, as JSON."""

    protocol_version = "HTTP/1.1"
    server: Any

    def do_GET(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        length = int(self.headers.get("Content-Length") or 0)
        body = self._chunked() if self.headers.get("Transfer-Encoding") else self.rfile.read(length)
        seen = {
            "pod": self.server.name,
            "method": self.command,
            "path": self.path,
            "headers": [[name, value] for name, value in self.headers.items()],
            "body": body.decode("latin-1"),
        }
        answer = json.dumps(seen).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        for name, value in self.server.fields:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = do_PATCH = do_GET

    def _chunked(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, *_arguments: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    """Says nothing when a client goes away, which here is what is tested."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_about: Any) -> None:
        pass


class Pod:
    """A small server at a pod's address; `asked` is what it was asked."""

    def __init__(self, name: str = "pod", status: int = 200, ip: str | None = None) -> None:
        number = next(_pods)
        self.ip = ip or f"172.31.{number // 256}.{number % 256}"
        server: Any = Server((self.ip.replace("172.", "127.", 1), 0), Quiet)
        server.name, server.status, server.asked, server.fields = name, status, [], []
        self.server = server
        self.port: int = server.server_address[1]
        self.asked: list[str] = server.asked
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def target(self) -> dict[str, Any]:
        return {"Id": self.ip, "Port": self.port}

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Raw:
    """A pod whose every connection is handled by a function of its socket."""

    def __init__(self, behave: Callable[[socket.socket], None]) -> None:
        number = next(_pods)
        self.ip = f"172.31.{number // 256}.{number % 256}"
        self._listening = socket.create_server((self.ip.replace("172.", "127.", 1), 0))
        self.port: int = self._listening.getsockname()[1]
        self._behave = behave
        threading.Thread(target=self._run, daemon=True).start()

    @property
    def target(self) -> dict[str, Any]:
        return {"Id": self.ip, "Port": self.port}

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(PATIENCE)
            try:
                self._behave(connection)
            except OSError:
                return

    def stop(self) -> None:
        self._listening.close()


def head_of(connection: socket.socket) -> bytes:
    """Read until a head is complete."""
    data = b""
    while b"\r\n\r\n" not in data and (more := connection.recv(65536)):
        data += more
    return data


def require(aws: Account) -> None:
    """Wait for the data plane to be up to date; skip the test if there is none."""
    try:
        aws.control("GET", "/settled")
    except urllib.error.HTTPError as refused:
        if b"no data plane" in refused.read():
            pytest.skip("started with ALBEDO_DATAPLANE=off")
        raise


@dataclass
class Reply:
    """A response, read to its end."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    def all(self, name: str) -> list[str]:
        return [v for n, v in self.headers if n.lower() == name.lower()]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def sent(self, name: str) -> str | None:
        """What the pod got for a header."""
        found = [v for n, v in self.json["headers"] if n.lower() == name.lower()]
        return ", ".join(found) if found else None


class Alb:
    """A load balancer with an HTTP listener that answers 404, and ways to talk to it."""

    def __init__(self, aws: Account, name: str = "web") -> None:
        self.aws = aws
        aws.open()
        self.described = aws.load_balancer(name)
        self.arn = str(self.described["LoadBalancerArn"])
        self.dns_name = str(self.described["DNSName"])
        self.listener = str(aws.listener(self.arn)["ListenerArn"])
        self._priorities = count(1)
        require(aws)
        (told,) = aws.control("GET", f"/balancers?account={aws.id}")[-1:]
        self.address = str(told["address"])

    def settle(self) -> None:
        self.aws.control("GET", "/settled")

    def rule(self, conditions: list[dict[str, Any]], action: dict[str, Any], **more: Any) -> str:
        """A rule after those that are there, served."""
        wanted = {"Conditions": conditions, "Actions": [action], **more}
        made = self.aws.rule(self.listener, next(self._priorities), **wanted)
        self.settle()
        return str(made["RuleArn"])

    def default(self, *actions: dict[str, Any]) -> None:
        self.aws.elbv2.modify_listener(ListenerArn=self.listener, DefaultActions=list(actions))
        self.settle()

    def group(self, *pods: Pod | Raw, name: str = "web", **attributes: str) -> str:
        """A target group with pods; attributes with `__` for a dot."""
        arn = self.aws.target_group_arn(name)
        if attributes:
            self.group_attributes(arn, **attributes)
        if pods:
            targets = [pod.target for pod in pods]
            self.aws.elbv2.register_targets(TargetGroupArn=arn, Targets=targets)
        return arn

    def forwards_to(self, *pods: Pod | Raw, **attributes: str) -> str:
        """Let everything go to these pods."""
        arn = self.group(*pods, **attributes)
        self.default({"Type": "forward", "TargetGroupArn": arn})
        return arn

    def group_attributes(self, arn: str, **attributes: str) -> None:
        pairs = [{"Key": k.replace("__", "."), "Value": v} for k, v in attributes.items()]
        self.aws.elbv2.modify_target_group_attributes(TargetGroupArn=arn, Attributes=pairs)
        self.settle()

    def attributes(self, **attributes: str) -> None:
        pairs = [{"Key": k.replace("__", "."), "Value": v} for k, v in attributes.items()]
        self.aws.elbv2.modify_load_balancer_attributes(LoadBalancerArn=self.arn, Attributes=pairs)
        self.settle()

    def listener_attributes(self, **attributes: str) -> None:
        pairs = [{"Key": k.replace("__", "."), "Value": v} for k, v in attributes.items()]
        self.aws.elbv2.modify_listener_attributes(ListenerArn=self.listener, Attributes=pairs)
        self.settle()

    def connect(self, port: int = 80) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.address, port, timeout=PATIENCE)

    def ask(self, path: str = "/", method: str = "GET", body: Any = None, **headers: str) -> Reply:
        """One request on a connection of its own; headers with `_` for a hyphen."""
        connection = self.connect()
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named)
            return read(connection)
        finally:
            connection.close()

    def raw(self, *parts: bytes, half_close: bool = False) -> bytes:
        """Send bytes and read until the other side closes."""
        with socket.create_connection((self.address, 80), PATIENCE) as connection:
            for part in parts:
                connection.sendall(part)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            data = b""
            try:
                while more := connection.recv(65536):
                    data += more
            except ConnectionResetError:
                pass
            return data

    def counters(self) -> list[dict[str, Any]]:
        counted: list[dict[str, Any]] = self.aws.control("GET", f"/counters?account={self.aws.id}")
        return counted

    def statuses(self) -> dict[int, int]:
        """How many requests were answered with each status."""
        found: dict[int, int] = {}
        for one in self.counters():
            found[one["status"]] = found.get(one["status"], 0) + one["requests"]
        return found


def read(connection: http.client.HTTPConnection) -> Reply:
    """The response on a connection."""
    response = connection.getresponse()
    return Reply(response.status, response.getheaders(), response.read())


def unchecked(*protocols: str) -> ssl.SSLContext:
    """A client's TLS that takes any certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if protocols:
        context.set_alpn_protocols(list(protocols))
    return context


def fixed(body: str, status: str = "200") -> dict[str, Any]:
    """A fixed response by which a rule is known."""
    config = {"StatusCode": status, "ContentType": "text/plain", "MessageBody": body}
    return {"Type": "fixed-response", "FixedResponseConfig": config}


def issued(aws: Account, name: str, **more: Any) -> tuple[str, str]:
    """A certificate that ACM has issued, its CNAME put into a new zone; the ARN and the zone."""
    acm, route53 = aws.client("acm"), aws.client("route53")
    zone = route53.create_hosted_zone(Name="example.com", CallerReference=name)["HostedZone"]["Id"]
    arn = acm.request_certificate(DomainName=name, ValidationMethod="DNS", **more)["CertificateArn"]
    told = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    record = told["DomainValidationOptions"][0]["ResourceRecord"]
    records = [{"Value": record["Value"]}]
    wanted = {"Name": record["Name"], "Type": "CNAME", "TTL": 300, "ResourceRecords": records}
    change = {"Action": "CREATE", "ResourceRecordSet": wanted}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})
    acm.describe_certificate(CertificateArn=arn)
    return str(arn), str(zone)


@contextmanager
def stopping(*pods: Pod | Raw) -> Iterator[None]:
    """Pods for a while."""
    try:
        yield
    finally:
        for pod in pods:
            pod.stop()


@pytest.fixture
def alb(aws: Account) -> Alb:
    """A load balancer of its own."""
    return Alb(aws)


@pytest.fixture
def pods() -> Iterator[Callable[..., Pod]]:
    """Makes pods that end with the test."""
    made: list[Pod] = []

    def make(name: str = "pod", status: int = 200, ip: str | None = None) -> Pod:
        made.append(Pod(name, status, ip))
        return made[-1]

    yield make
    for pod in made:
        pod.stop()
