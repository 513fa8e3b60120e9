"""HTTPS listeners: ACM's certificates, chosen by name, and hellos that are none."""

import http.client
import shutil
import socket
import ssl
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws import certificate_for
from cryptography import x509
from dataplane_ground import (
    PATIENCE,
    Alb,
    Pod,
    Raw,
    alb,
    fixed,
    head_of,
    issued,
    pods,
    stopping,
    unchecked,
)

__all__ = ["alb", "pods"]


def served(alb: Alb, name: str | None, port: int = 443) -> x509.Certificate:
    """The certificate that a client gets which asks for a name."""
    context = unchecked()
    with (
        socket.create_connection((alb.address, port), PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname=name) as secure,
    ):
        found = secure.getpeercert(binary_form=True)
        assert found is not None
        return x509.load_der_x509_certificate(found)


def names(certificate: x509.Certificate) -> list[str]:
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return extension.value.get_values_for_type(x509.DNSName)


def https(alb: Alb, *certificates: str, **more: Any) -> str:
    """An HTTPS listener with a default certificate and others."""
    arn = alb.aws.https_listener(
        alb.arn, Certificates=[{"CertificateArn": certificates[0]}], **more
    )["ListenerArn"]
    for one in certificates[1:]:
        extra = [{"CertificateArn": one}]
        alb.aws.elbv2.add_listener_certificates(ListenerArn=arn, Certificates=extra)
    alb.settle()
    return str(arn)


def test_the_certificate_is_chosen_by_name(alb: Alb) -> None:
    default, exact, wildcard = (
        alb.aws.certificate(name) for name in ("default.test", "www.example.com", "*.example.com")
    )
    https(alb, default, exact, wildcard)
    assert names(served(alb, None)) == ["default.test"]
    assert names(served(alb, "unknown.test")) == ["default.test"]
    assert names(served(alb, "www.example.com")) == ["www.example.com"]
    assert names(served(alb, "api.example.com")) == ["*.example.com"]
    assert names(served(alb, "a.b.example.com")) == ["default.test"]


def test_a_renewed_certificate_is_served_at_once(alb: Alb) -> None:
    arn = alb.aws.certificate("renewed.test")
    https(alb, arn)
    before = served(alb, "renewed.test").serial_number
    certificate_for.cache_clear()
    certificate, key = certificate_for("renewed.test")
    alb.aws.client("acm").import_certificate(
        CertificateArn=arn, Certificate=certificate, PrivateKey=key
    )
    alb.settle()
    after = served(alb, "renewed.test").serial_number
    assert after != before
    assert after == x509.load_pem_x509_certificate(certificate).serial_number


def test_an_issued_certificate_can_be_trusted(alb: Alb, tmp_path: Path) -> None:
    with urllib.request.urlopen(f"{alb.aws.endpoint}/_albedo/ca") as answer:
        trusted = answer.read().decode()
    alb.default(fixed("plain"))
    arn, _ = issued(alb.aws, "www.example.com", KeyAlgorithm="EC_prime256v1")
    https(alb, arn, DefaultActions=[fixed("secret")])
    context = ssl.create_default_context(cadata=trusted)
    # What clients in Python 3.13 want of a certificate without being asked.
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    with socket.create_connection((alb.address, 443), PATIENCE) as plain:
        secure = context.wrap_socket(plain, server_hostname="www.example.com")
        with secure:
            secure.sendall(b"GET / HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\n\r\n")
            data = b""
            while more := secure.recv(65536):
                data += more
    assert data.endswith(b"secret")
    curl = shutil.which("curl")
    if curl is not None:
        (tmp_path / "ca.pem").write_text(trusted)
        resolve = f"www.example.com:443:{alb.address}"
        command = [curl, "-s", "--cacert", str(tmp_path / "ca.pem"), "--resolve", resolve]
        done = subprocess.run(
            [*command, "https://www.example.com/"],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
        assert done.stdout == "secret"


def test_what_a_target_learns_of_tls(alb: Alb, pods: Callable[..., Pod]) -> None:
    group = alb.group(pods())
    arn = alb.aws.certificate("a.test")
    https(alb, arn, DefaultActions=[{"Type": "forward", "TargetGroupArn": group}])
    name = "routing__http__x_amzn_tls_version_and_cipher_suite__enabled"
    alb.attributes(**{name: "true"})
    context = unchecked()
    connection = http.client.HTTPSConnection(alb.address, context=context, timeout=PATIENCE)
    connection.request("GET", "/")
    told = connection.getresponse().read().decode()
    connection.close()
    assert '["X-Forwarded-Proto", "https"]' in told
    assert '["X-Forwarded-Port", "443"]' in told
    # The default policy knows no TLS 1.3.
    assert '["X-Amzn-Tls-Version", "TLSv1.2"]' in told


def test_another_protocol_version_is_464(alb: Alb) -> None:
    """AWS's guide: an HTTP/1.1 request for a target group that wants gRPC or HTTP/2."""
    group = alb.aws.target_group_arn("grpc", ProtocolVersion="GRPC")
    arn = alb.aws.certificate("a.test")
    https(alb, arn, DefaultActions=[{"Type": "forward", "TargetGroupArn": group}])
    connection = http.client.HTTPSConnection(alb.address, context=unchecked(), timeout=PATIENCE)
    connection.request("GET", "/")
    assert connection.getresponse().status == 464
    connection.close()


def test_targets_that_speak_tls(alb: Alb, tmp_path: Path) -> None:
    """AWS's guide: their certificates are not checked."""
    certificate, key = certificate_for("pod.test")
    (tmp_path / "pod.pem").write_bytes(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pod.pem")

    def behave(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            head_of(secure)
            secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret")

    target = Raw(behave)
    with stopping(target):
        group = alb.aws.target_group_arn("secure", Protocol="HTTPS", Port=443)
        alb.aws.elbv2.register_targets(TargetGroupArn=group, Targets=[target.target])
        alb.default({"Type": "forward", "TargetGroupArn": group})
        assert alb.ask("/").body == b"secret"


def test_a_policy_limits_the_versions(alb: Alb) -> None:
    https(alb, alb.aws.certificate("a.test"), SslPolicy="ELBSecurityPolicy-TLS13-1-3-2021-06")
    context = unchecked()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection((alb.address, 443), PATIENCE) as plain,
        pytest.raises((ssl.SSLError, ConnectionResetError)),
    ):
        context.wrap_socket(plain)


HELLOS = [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"\x16\x03\x01\xff\xff" + b"\x00" * 100,
    b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
    b"\x15\x03\x01\x00\x02\x02\x28",
    b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00",
    b"\x00" * 1000,
    b"",
]


def test_bad_hellos_stop_nobody(alb: Alb) -> None:
    https(alb, alb.aws.certificate("a.test"))
    for hello in HELLOS:
        with socket.create_connection((alb.address, 443), PATIENCE) as client:
            client.sendall(hello)
            client.shutdown(socket.SHUT_WR)
            try:
                while client.recv(65536):
                    pass
            except ConnectionResetError:
                pass
    assert names(served(alb, "a.test")) == ["a.test"]


def test_logins(alb: Alb) -> None:
    """AWS's guide: an unknown client is sent to the provider, refused, or let through."""
    config = {
        "Issuer": "https://idp.test",
        "AuthorizationEndpoint": "https://idp.test/authorize",
        "TokenEndpoint": "https://idp.test/token",
        "UserInfoEndpoint": "https://idp.test/user",
        "ClientId": "me",
        "ClientSecret": "secret",
    }
    arn = https(alb, alb.aws.certificate("a.test"))
    context = unchecked()

    def ask(action: dict[str, Any]) -> http.client.HTTPResponse:
        actions = [action | {"Order": 1}, fixed("in") | {"Order": 2}]
        alb.aws.elbv2.modify_listener(ListenerArn=arn, DefaultActions=actions)
        alb.settle()
        connection = http.client.HTTPSConnection(alb.address, context=context, timeout=PATIENCE)
        connection.request("GET", "/", headers={"Host": "a.test"})
        return connection.getresponse()

    def oidc(wish: str) -> dict[str, Any]:
        settings = config | {"OnUnauthenticatedRequest": wish}
        return {"Type": "authenticate-oidc", "AuthenticateOidcConfig": settings}

    sent = ask(oidc("authenticate"))
    location = sent.headers["Location"]
    assert sent.status == 302 and location.startswith("https://idp.test/authorize?client_id=me&")
    assert "redirect_uri=https%3A%2F%2Fa.test%2Foauth2%2Fidpresponse" in location
    assert ask(oidc("deny")).status == 401
    assert ask(oidc("allow")).read() == b"in"
