"""Mutual TLS: clients that show certificates, and what targets learn of them.

AWS's guide, "Mutual authentication with TLS in Application Load Balancer".
"""

import http.client
import json
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from aws import forward
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from dataplane_ground import PATIENCE, Alb, Pod, alb, pods, unchecked
from OpenSSL import SSL
from trust_material import bundle, put

__all__ = ["alb", "pods"]

NOW = datetime.now(UTC).replace(microsecond=0)
SERIAL = 0xA5B1


def common_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


class Authority:
    """A CA that signs whatever it is asked to."""

    def __init__(self, name: str = "CA", signer: "Authority | None" = None) -> None:
        self.name = common_name(name)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._sign(self.name, self.key, 1, signer or self, authority=True)

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        serial: int,
        signer: "Authority",
        *,
        authority: bool = False,
        days: tuple[int, int] = (-10, 10),
    ) -> x509.Certificate:
        made = x509.CertificateBuilder().subject_name(subject).issuer_name(signer.name)
        made = made.public_key(key.public_key()).serial_number(serial)
        made = made.not_valid_before(NOW + timedelta(days=days[0]))
        made = made.not_valid_after(NOW + timedelta(days=days[1]))
        basic = x509.BasicConstraints(ca=authority, path_length=None)
        return made.add_extension(basic, critical=True).sign(signer.key, hashes.SHA256())

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def client(self, place: Path, *, days: tuple[int, int] = (-5, 5), serial: int = SERIAL) -> Path:
        """A file with a client's key and its certificates, the CA's at the end."""
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = self._sign(common_name("client"), key, serial, self, days=days)
        text = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        text += leaf.public_bytes(serialization.Encoding.PEM) + self.pem
        found = place / f"client-{serial}-{days[1]}.pem"
        found.write_bytes(text)
        return found

    def revokes(self, serial: int) -> bytes:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW)
        made = x509.CertificateRevocationListBuilder().issuer_name(self.name)
        made = made.last_update(NOW).next_update(NOW + timedelta(days=1))
        made = made.add_revoked_certificate(entry.build())
        return made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


class Listener:
    """An HTTPS listener with mutual TLS in front of a pod that tells what it got."""

    def __init__(self, alb: Alb, pod: Pod, **mutual: Any) -> None:
        self.alb = alb
        self.arn = alb.aws.https_listener(
            alb.arn, MutualAuthentication=mutual, DefaultActions=[forward(alb.group(pod))]
        )["ListenerArn"]
        alb.settle()

    def ask(self, client: Path | None, body: str = "", **headers: str) -> dict[str, str]:
        """What the pod got, by header in lower case."""
        context = unchecked()
        if client is not None:
            context.load_cert_chain(client)
        connection = http.client.HTTPSConnection(
            self.alb.address, context=context, timeout=PATIENCE
        )
        try:
            connection.request("POST", "/", body, headers)
            answer = connection.getresponse()
            assert answer.status == 200
            told = json.loads(answer.read())
        finally:
            connection.close()
        assert told["body"] == body
        return {name.lower(): value for name, value in told["headers"]}

    def refuses(self, client: Path | None) -> bool:
        try:
            self.ask(client)
        except (ssl.SSLError, ConnectionError, http.client.RemoteDisconnected):
            return True
        return False


def verifying(alb: Alb, pod: Pod, *authorities: Authority, **more: Any) -> Listener:
    """A listener that verifies by a trust store of these CAs."""
    text = b"".join(one.pem for one in authorities)
    bucket = put(alb.aws, ca=text, crl=authorities[0].revokes(SERIAL))
    made = alb.aws.elbv2.create_trust_store(Name="trust", **bundle(bucket))["TrustStores"][0]
    return Listener(alb, pod, Mode="verify", TrustStoreArn=made["TrustStoreArn"], **more)


def mutual_headers(told: dict[str, str]) -> dict[str, str]:
    prefix = "x-amzn-mtls-"
    return {k.removeprefix(prefix): v for k, v in told.items() if k.startswith(prefix)}


def test_passthrough_shows_the_chain_unchecked(
    alb: Alb, pods: Callable[..., Pod], tmp_path: Path
) -> None:
    listener, authority = Listener(alb, pods(), Mode="passthrough"), Authority("unknown")
    client = authority.client(tmp_path, days=(-5, -1))
    told = mutual_headers(listener.ask(client))
    assert set(told) == {"clientcert"} and " " not in told["clientcert"]
    chain = x509.load_pem_x509_certificates(unquote(told["clientcert"]).encode())
    assert [one.serial_number for one in chain] == [SERIAL, 1]
    assert told["clientcert"].startswith("-----BEGIN%20CERTIFICATE-----%0AMI")
    listener.ask(client, "x" * 300_000)
    assert mutual_headers(listener.ask(None)) == {}


@pytest.mark.skipif(shutil.which("curl") is None, reason="asks with curl")
def test_over_http2(alb: Alb, pods: Callable[..., Pod], tmp_path: Path) -> None:
    authority = Authority()
    verifying(alb, pods(), authority)
    command = ["curl", "-sk", "-E", str(authority.client(tmp_path, serial=2)), "--http2"]
    done = subprocess.run(
        [*command, "-w", "%{http_version}", f"https://{alb.address}/"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (
        done.stdout.endswith("2") and '"X-Amzn-Mtls-Clientcert-Subject", "CN=client"' in done.stdout
    )


def test_nobody_can_pretend(alb: Alb, pods: Callable[..., Pod]) -> None:
    listener = Listener(alb, pods(), Mode="passthrough")
    claims = {"X-Amzn-Mtls-Clientcert": "me", "X-Amzn-Mtls-Clientcert-Subject": "CN=me"}
    assert mutual_headers(listener.ask(None, **claims)) == {}


def test_verify_tells_what_the_certificate_says(
    alb: Alb, pods: Callable[..., Pod], tmp_path: Path
) -> None:
    authority = Authority()
    listener = verifying(alb, pods(), authority)
    told = mutual_headers(listener.ask(authority.client(tmp_path, serial=SERIAL + 1)))
    begins, ends = (f"{NOW + timedelta(days=d):%Y-%m-%dT%H:%M:%SZ}" for d in (-5, 5))
    leaf = x509.load_pem_x509_certificate(unquote(told.pop("clientcert-leaf")).encode())
    assert leaf.serial_number == SERIAL + 1
    assert told == {
        "clientcert-serial-number": "A5B2",
        "clientcert-issuer": "CN=CA",
        "clientcert-subject": "CN=client",
        "clientcert-validity": f"NotBefore={begins};NotAfter={ends}",
    }


def test_headers_can_have_other_names(alb: Alb, pods: Callable[..., Pod], tmp_path: Path) -> None:
    authority = Authority()
    listener = verifying(alb, pods(), authority)
    key = "routing.http.request.x_amzn_mtls_clientcert_subject.header_name"
    attributes = [{"Key": key, "Value": "X-Who"}]
    alb.aws.elbv2.modify_listener_attributes(ListenerArn=listener.arn, Attributes=attributes)
    alb.settle()
    told = listener.ask(authority.client(tmp_path, serial=3))
    assert told["x-who"] == "CN=client" and "x-amzn-mtls-clientcert-subject" not in told


def test_verify_refuses_strangers(alb: Alb, pods: Callable[..., Pod], tmp_path: Path) -> None:
    authority, pod = Authority(), pods()
    listener = verifying(alb, pod, authority)
    assert listener.refuses(None)
    assert listener.refuses(Authority().client(tmp_path, serial=4))
    assert listener.refuses(authority.client(tmp_path, days=(-5, -1), serial=5))
    assert listener.refuses(authority.client(tmp_path, days=(1, 5), serial=6))
    assert pod.asked == []
    assert not listener.refuses(authority.client(tmp_path, serial=7))


def test_expiry_can_be_ignored(alb: Alb, pods: Callable[..., Pod], tmp_path: Path) -> None:
    authority = Authority()
    listener = verifying(alb, pods(), authority, IgnoreClientCertificateExpiry=True)
    assert not listener.refuses(authority.client(tmp_path, days=(-5, -1), serial=5))
    assert listener.refuses(Authority().client(tmp_path, days=(-5, -1), serial=6))


def test_revoked_certificates_are_refused(
    alb: Alb, pods: Callable[..., Pod], tmp_path: Path
) -> None:
    authority = Authority()
    listener = verifying(alb, pods(), authority)
    client = authority.client(tmp_path)
    assert not listener.refuses(client)
    elbv2 = alb.aws.elbv2
    store = elbv2.describe_trust_stores()["TrustStores"][0]["TrustStoreArn"]
    content = {"S3Bucket": f"b-{alb.aws.id}", "S3Key": "crl"}
    made = elbv2.add_trust_store_revocations(TrustStoreArn=store, RevocationContents=[content])
    alb.settle()
    assert listener.refuses(client)
    assert not listener.refuses(authority.client(tmp_path, serial=8))
    number = made["TrustStoreRevocations"][0]["RevocationId"]
    elbv2.remove_trust_store_revocations(TrustStoreArn=store, RevocationIds=[number])
    alb.settle()
    assert not listener.refuses(client)


def test_another_bundle_counts_at_once(alb: Alb, pods: Callable[..., Pod], tmp_path: Path) -> None:
    first, second = Authority("first"), Authority("second")
    listener = verifying(alb, pods(), first)
    before, after = first.client(tmp_path, serial=2), second.client(tmp_path, serial=3)
    assert (listener.refuses(before), listener.refuses(after)) == (False, True)
    store = alb.aws.elbv2.describe_trust_stores()["TrustStores"][0]["TrustStoreArn"]
    bucket = f"b-{alb.aws.id}"
    alb.aws.client("s3").put_object(Bucket=bucket, Key="ca", Body=second.pem)
    alb.aws.elbv2.modify_trust_store(TrustStoreArn=store, **bundle(bucket))
    alb.settle()
    assert (listener.refuses(before), listener.refuses(after)) == (True, False)


def test_a_bundle_of_an_intermediate_ca_is_enough(
    alb: Alb, pods: Callable[..., Pod], tmp_path: Path
) -> None:
    between = Authority("between", signer=Authority("root"))
    listener = verifying(alb, pods(), between)
    assert not listener.refuses(between.client(tmp_path, serial=2))


def test_switched_off_again(alb: Alb, pods: Callable[..., Pod]) -> None:
    listener = verifying(alb, pods(), Authority())
    assert listener.refuses(None)
    off = {"Mode": "off"}
    alb.aws.elbv2.modify_listener(ListenerArn=listener.arn, MutualAuthentication=off)
    alb.settle()
    told = listener.ask(None, **{"X-Amzn-Mtls-Clientcert": "mine"})
    assert told["x-amzn-mtls-clientcert"] == "mine"


@pytest.mark.parametrize("advertised", ["on", "off"])
def test_the_cas_can_be_advertised(alb: Alb, pods: Callable[..., Pod], advertised: str) -> None:
    """pyOpenSSL tells a client which CAs a server has named."""
    verifying(alb, pods(), Authority("mine"), AdvertiseTrustStoreCaNames=advertised)
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    with socket.create_connection((alb.address, 443), PATIENCE) as plain:
        plain.settimeout(None)
        connection = SSL.Connection(context, plain)
        connection.set_connect_state()
        with pytest.raises(SSL.Error):
            connection.do_handshake()
        named = [one.CN for one in connection.get_client_ca_list()]
    assert named == (["mine"] if advertised == "on" else [])
