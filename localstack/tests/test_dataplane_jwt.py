"""The jwt-validation action with real tokens and key sets: AWS's guide, "Verify JWTs"."""

import base64
import http.client
import json
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aws import certificate_for
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from dataplane_ground import PATIENCE, Alb, alb, fixed, unchecked

__all__ = ["alb"]

ISSUER = "https://idp.example.com"
# No pod of other tests has it.
PROVIDER = "127.31.240.1"


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Key:
    """A key of an identity provider."""

    def __init__(self, name: str | None) -> None:
        self.name = name
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def public(self) -> dict[str, str]:
        numbers = self._key.public_key().public_numbers()
        told = {"kty": "RSA", "n": encoded(numbers.n.to_bytes(256, "big")), "e": "AQAB"}
        return told | ({"kid": self.name} if self.name else {})

    def token(self, head: dict[str, Any] | None = None, **claims: Any) -> str:
        """A good token, but for what is said here; a claim of None is left out."""
        now = int(time.time())
        whole = {"iss": ISSUER, "exp": now + 60, "iat": now, "nbf": now} | claims
        whole = {name: value for name, value in whole.items() if value is not None}
        first = {"alg": "RS256", "kid": self.name, **(head or {})}
        signed = f"{encoded(json.dumps(first).encode())}.{encoded(json.dumps(whole).encode())}"
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{encoded(signature)}"


class Provider(ThreadingHTTPServer):
    """An identity provider's key set, over TLS with a certificate that nobody trusts."""

    daemon_threads = True

    def __init__(self, place: Path, *keys: Key) -> None:
        super().__init__((PROVIDER, 0), _Keys)
        self.body = json.dumps({"keys": [key.public for key in keys]}).encode()
        self.status = 200
        self.delay = 0.0
        self.asked = 0
        certificate, key = certificate_for("idp.example.com")
        (place / "idp.pem").write_bytes(certificate + key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(place / "idp.pem")
        self.socket = context.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"https://{PROVIDER}:{self.server_address[1]}/keys"

    def handle_error(self, *_about: Any) -> None:
        pass


class _Keys(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        self.server.asked += 1
        time.sleep(self.server.delay)
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_arguments: Any) -> None:
        pass


KEY = Key("one")


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    """A provider with one key."""
    made = Provider(tmp_path, KEY)
    yield made
    made.shutdown()
    made.server_close()


class Guarded:
    """A listener that lets nobody in without a token."""

    def __init__(self, alb: Alb, endpoint: str, **more: Any) -> None:
        self.alb = alb
        config = {"JwksEndpoint": endpoint, "Issuer": ISSUER, **more}
        guard = {"Type": "jwt-validation", "JwtValidationConfig": config, "Order": 1}
        alb.aws.https_listener(alb.arn, DefaultActions=[guard, fixed("in") | {"Order": 2}])
        alb.settle()

    def status(self, token: str | None, scheme: str = "Bearer") -> int:
        connection = http.client.HTTPSConnection(
            self.alb.address, context=unchecked(), timeout=PATIENCE
        )
        try:
            headers = {} if token is None else {"Authorization": f"{scheme} {token}"}
            connection.request("GET", "/", headers=headers)
            answer = connection.getresponse()
            assert (answer.read() == b"in") == (answer.status == 200)
            return answer.status
        finally:
            connection.close()


def test_a_good_token_is_let_in(alb: Alb, provider: Provider) -> None:
    guarded = Guarded(alb, provider.url)
    assert guarded.status(KEY.token()) == 200
    assert guarded.status(KEY.token(), scheme="bearer") == 200
    assert guarded.status(KEY.token(iat=None, nbf=None)) == 200
    assert guarded.status(KEY.token({"kid": None})) == 200
    assert provider.asked == 1, "the key set is kept"


def test_bad_tokens_are_401(alb: Alb, provider: Provider) -> None:
    guarded, now, good = Guarded(alb, provider.url), int(time.time()), KEY.token()
    first, second, third = good.split(".")
    none = encoded(b'{"alg": "none"}')
    bad = {
        "none at all": None,
        "expired": KEY.token(exp=now - 1),
        "without an end": KEY.token(exp=None),
        "with an end that is no number": KEY.token(exp="tomorrow"),
        "of another issuer": KEY.token(iss="https://other.example.com"),
        "without an issuer": KEY.token(iss=None),
        "not valid yet": KEY.token(nbf=now + 60),
        "of tomorrow": KEY.token(iat=now + 86400),
        "of another key": Key("one").token(),
        "of a key that nobody knows": KEY.token({"kid": "two"}),
        "not signed": f"{none}.{second}.",
        "with another's signature": ".".join((*KEY.token(sub="a").split(".")[:2], third)),
        "of another algorithm": KEY.token({"alg": "HS256"}),
        "with what must be understood": KEY.token({"crit": ["exp"]}),
        "of two parts": f"{first}.{second}",
        "that is nothing": "x.y.z",
        "that is a list": f"{encoded(b'[]')}.{encoded(b'[]')}.{third}",
        "padded": f"{good}==",
    }
    for what, token in bad.items():
        assert guarded.status(token) == 401, f"a token {what}"
    assert guarded.status(good, scheme="Basic") == 401
    assert guarded.status(good) == 200


@pytest.mark.parametrize(
    ("form", "values", "good", "bad"),
    [
        ("single-string", ["me"], "me", "you"),
        ("single-string", ["me"], "me", ["me"]),
        ("string-array", ["a", "b"], ["c", "b", "a"], ["a"]),
        ("space-separated-values", ["read", "write"], "write all read", "read"),
    ],
)
def test_additional_claims(
    alb: Alb, provider: Provider, form: str, values: list[str], good: Any, bad: Any
) -> None:
    claims = [{"Name": "what", "Format": form, "Values": values}]
    guarded = Guarded(alb, provider.url, AdditionalClaims=claims)
    assert guarded.status(KEY.token(what=good)) == 200
    assert guarded.status(KEY.token(what=bad)) == 401
    assert guarded.status(KEY.token()) == 401


def test_a_new_key_is_found(alb: Alb, provider: Provider) -> None:
    guarded, new = Guarded(alb, provider.url), Key("two")
    assert guarded.status(KEY.token()) == 200
    provider.body = json.dumps({"keys": [KEY.public, new.public]}).encode()
    deadline = time.monotonic() + PATIENCE
    while guarded.status(new.token()) != 200 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert guarded.status(new.token()) == 200
    assert provider.asked < 5, "strangers do not make us ask at every request"


def test_keys_without_names(alb: Alb, tmp_path: Path) -> None:
    key, other = Key(None), Key(None)
    provider = Provider(tmp_path, other, key)
    guarded = Guarded(alb, provider.url)
    assert guarded.status(key.token()) == 200
    assert guarded.status(Key(None).token()) == 401
    provider.shutdown()
    provider.server_close()


def test_no_key_set_is_562(alb: Alb, provider: Provider) -> None:
    """AWS's guide, 562: not 2xx, later than 5 seconds, beyond 150 KB or 10 keys."""
    guarded, good, token = Guarded(alb, provider.url), provider.body, KEY.token()
    provider.status = 404
    assert guarded.status(token) == 562
    provider.status = 200
    for body in (b"no json", b"[]", b'{"keys": 1}', b'{"keys": [1]}', good + b" " * 160_000):
        provider.body = body
        assert guarded.status(token) == 562
    provider.body = json.dumps({"keys": [KEY.public | {"kid": str(n)} for n in range(11)]}).encode()
    assert guarded.status(token) == 562
    provider.body, provider.delay = good, 6.0
    assert guarded.status(token) == 562
    provider.delay = 0.0
    assert guarded.status(token) == 200


@pytest.mark.parametrize("url", ["https://8.8.8.8/keys", "https://idp.test/", "https://a..b/"])
def test_nobody_but_this_machine_is_asked(alb: Alb, url: str) -> None:
    assert Guarded(alb, url).status(KEY.token()) == 562


def test_a_provider_is_found_by_its_name(alb: Alb, provider: Provider) -> None:
    route53 = alb.aws.client("route53")
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="x")["HostedZone"]["Id"]
    record = {"Name": "idp.example.com", "Type": "A", "TTL": 60}
    record["ResourceRecords"] = [{"Value": PROVIDER.replace("127.", "172.", 1)}]
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
    guarded = Guarded(alb, f"https://idp.example.com:{provider.server_address[1]}/keys")
    assert guarded.status(KEY.token()) == 200
