"""The authenticate-oidc action with a provider that answers: AWS's guide, "Authenticate users"."""

import base64
import http.client
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aws import certificate_for, forward
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from dataplane_ground import PATIENCE, Alb, Pod, alb, pods, unchecked

__all__ = ["alb", "pods"]

Make = Callable[..., Pod]
ISSUER = "https://login.example.com"
# No pod of other tests has it.
PROVIDER = "127.31.241.1"
HOST = "shop.example.com"


def _encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


class Provider(ThreadingHTTPServer):
    """An identity provider's token and user info endpoints; what they say can be set."""

    daemon_threads = True

    def __init__(self, place: Path) -> None:
        super().__init__((PROVIDER, 0), _Endpoints)
        self.claims: Any = {"sub": "me", "email": "me@example.com"}
        self.tokens: dict[str, Any] = {"access_token": "opaque", "expires_in": 3600}
        self.id_claims: dict[str, Any] = {
            "iss": ISSUER, "aud": "client", "exp": time.time() + 60,
        }  # fmt: skip
        self.status = 200
        self.asked: list[tuple[str, str | None, dict[str, list[str]]]] = []
        certificate, key = certificate_for("login.example.com")
        (place / "login.pem").write_bytes(certificate + key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(place / "login.pem")
        self.socket = context.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, path: str) -> str:
        return f"https://{PROVIDER}:{self.server_address[1]}/{path}"

    def handle_error(self, *_about: Any) -> None:
        pass


class _Endpoints(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.asked.append((self.path, self.headers["Authorization"], form))
        id_token = f"{_encoded({'alg': 'none'})}.{_encoded(self.server.id_claims)}.x"
        known = {"id_token": id_token} if self.server.id_claims else {}
        self._say(self.server.tokens | known)

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["Authorization"], {}))
        self._say(self.server.claims)

    def _say(self, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    made = Provider(tmp_path)
    yield made
    made.shutdown()
    made.server_close()


class Client:
    """A browser, as far as it keeps cookies; and the listener that it comes to."""

    def __init__(self, alb: Alb, provider: Provider, pod: Pod, **config: Any) -> None:
        self.alb = alb
        self.cookies: dict[str, str] = {}
        group = alb.aws.target_group_arn("app", Protocol="HTTP")
        alb.aws.elbv2.register_targets(TargetGroupArn=group, Targets=[pod.target])
        guard = {
            "Type": "authenticate-oidc",
            "Order": 1,
            "AuthenticateOidcConfig": {
                "Issuer": ISSUER,
                "AuthorizationEndpoint": f"{ISSUER}/authorize",
                "TokenEndpoint": provider.url("token"),
                "UserInfoEndpoint": provider.url("userinfo"),
                "ClientId": "client",
                "ClientSecret": "hush",
                **config,
            },
        }
        made = alb.aws.https_listener(
            alb.arn, DefaultActions=[guard, forward(group) | {"Order": 2}]
        )
        self.listener = str(made["ListenerArn"])
        alb.settle()

    def get(self, target: str, **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPSConnection(
            self.alb.address, context=unchecked(), timeout=PATIENCE
        )
        told = {"Host": HOST, **headers}
        if self.cookies:
            told["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        connection.request("GET", target, headers=told)
        answer = connection.getresponse()
        answer.read_body = answer.read()  # type: ignore[attr-defined]
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        connection.close()
        return answer

    def seen(self, target: str = "/", **headers: str) -> dict[str, str]:
        """The headers that the pod gets."""
        answer = self.get(target, **headers)
        assert answer.status == 200
        told = json.loads(answer.read_body)["headers"]  # type: ignore[attr-defined]
        return {name.lower(): value for name, value in told}

    def state(self, target: str = "/cart?id=7") -> str:
        """Be sent away to log in; what is to be brought back."""
        location = urlsplit(self.get(target).headers["Location"])
        assert location.hostname == "login.example.com"
        [state] = parse_qs(location.query)["state"]
        return state

    def log_in(self, target: str = "/cart?id=7") -> http.client.HTTPResponse:
        return self.get(f"/oauth2/idpresponse?code=grant&state={self.state(target)}")


def test_the_whole_round(alb: Alb, pods: Make, provider: Provider) -> None:
    client = Client(alb, provider, pods("a"))
    back = client.log_in()
    assert back.status == 302
    assert back.headers["Location"] == f"https://{HOST}/cart?id=7"
    (path, who, form), (asked, bearer, _) = provider.asked
    assert (path, asked) == ("/token", "/userinfo")
    assert base64.b64decode(str(who).removeprefix("Basic ")) == b"client:hush"
    assert form == {
        "grant_type": ["authorization_code"],
        "code": ["grant"],
        "redirect_uri": [f"https://{HOST}/oauth2/idpresponse"],
    }
    assert bearer == "Bearer opaque"
    seen = client.seen("/cart?id=7", **{"X-Amzn-Oidc-Identity": "somebody else"})
    assert seen["x-amzn-oidc-identity"] == "me"
    assert seen["x-amzn-oidc-accesstoken"] == "opaque"
    head, claims, signature = seen["x-amzn-oidc-data"].split(".")
    told = json.loads(base64.urlsafe_b64decode(head))
    assert (told["alg"], told["iss"], told["client"]) == ("ES256", ISSUER, "client")
    assert told["signer"] == alb.arn
    assert json.loads(base64.urlsafe_b64decode(claims)) == provider.claims
    raw = base64.urlsafe_b64decode(signature)
    both = (int.from_bytes(half, "big") for half in (raw[:32], raw[32:]))
    key = load_pem_public_key(
        alb.aws.control("GET", f"/oidc-key?kid={told['kid']}")["pem"].encode()
    )
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(encode_dss_signature(*both), f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))
    with pytest.raises(InvalidSignature):
        key.verify(encode_dss_signature(1, 1), b"", ec.ECDSA(SHA256()))


def test_no_answer_tells_the_secret(alb: Alb, pods: Make, provider: Provider) -> None:
    client = Client(alb, provider, pods("a"))
    told = alb.aws.elbv2.describe_listeners(ListenerArns=[client.listener])
    assert "hush" not in json.dumps(told["Listeners"])
    url = f"https://{HOST}/&load_balancer={alb.arn}"
    assert "hush" not in json.dumps(alb.aws.control("GET", f"/route?url={url}"))
    actions = told["Listeners"][0]["DefaultActions"]
    config = actions[0]["AuthenticateOidcConfig"] | {"UseExistingClientSecret": True}
    kept = [actions[0] | {"AuthenticateOidcConfig": config}, actions[1]]
    alb.aws.elbv2.modify_listener(ListenerArn=client.listener, DefaultActions=kept)
    alb.settle()
    assert client.log_in().status == 302


def test_those_who_are_not_logged_in(alb: Alb, pods: Make, provider: Provider) -> None:
    client = Client(alb, provider, pods("a"), OnUnauthenticatedRequest="allow")
    seen = client.seen("/", **{"X-Amzn-Oidc-Identity": "me"})
    assert not [name for name in seen if name.startswith("x-amzn-oidc")]
    # Without a log-in under way the path is like any other.
    assert client.seen("/oauth2/idpresponse")


@pytest.mark.parametrize(("error", "status"), [("access_denied", 401), ("server_error", 561)])
def test_the_provider_refuses(
    alb: Alb, pods: Make, provider: Provider, error: str, status: int
) -> None:
    client = Client(alb, provider, pods("a"))
    state = client.state()
    assert client.get(f"/oauth2/idpresponse?error={error}&state={state}").status == status
    assert client.get("/").status == 302


def test_another_clients_state(alb: Alb, pods: Make, provider: Provider) -> None:
    client = Client(alb, provider, pods("a"))
    state = client.state()
    client.cookies.clear()
    assert client.get(f"/oauth2/idpresponse?code=grant&state={state}").status == 401
    assert client.get("/oauth2/idpresponse?code=grant&state=forged").status == 401
    assert provider.asked == []


@pytest.mark.parametrize(
    "wrong", [{"iss": "https://other.example.com"}, {"aud": "other"}, {"exp": 1}, None]
)
def test_id_tokens(alb: Alb, pods: Make, provider: Provider, wrong: dict[str, Any] | None) -> None:
    provider.id_claims = {} if wrong is None else provider.id_claims | wrong
    client = Client(alb, provider, pods("a"))
    assert client.log_in().status == 401


def test_providers_that_do_not_answer(alb: Alb, pods: Make, provider: Provider) -> None:
    client = Client(alb, provider, pods("a"))
    provider.claims = {"sub": "me", "much": "x" * 12_000}
    assert client.log_in().status == 500
    provider.status = 403
    assert client.log_in().status == 561
    provider.shutdown()
    provider.server_close()
    assert client.log_in().status == 500


def test_large_claims_take_several_cookies(alb: Alb, pods: Make, provider: Provider) -> None:
    client = Client(alb, provider, pods("a"), SessionCookieName="s")
    provider.claims = {"sub": "me", "much": "x" * 9_000}
    client.log_in()
    assert {"s-0", "s-1", "s-2"} <= client.cookies.keys()
    assert client.seen()["x-amzn-oidc-identity"] == "me"
    client.cookies["s-1"] = "x" + client.cookies["s-1"][1:]
    assert client.get("/").status == 302


def test_sessions_end(alb: Alb, pods: Make, provider: Provider) -> None:
    client = Client(alb, provider, pods("a"), SessionTimeout=1)
    client.log_in()
    time.sleep(1.1)
    assert client.get("/").status == 302


def test_access_tokens_are_renewed(alb: Alb, pods: Make, provider: Provider) -> None:
    client = Client(alb, provider, pods("a"))
    provider.tokens = {"access_token": "old", "expires_in": 1, "refresh_token": "again"}
    client.log_in()
    time.sleep(1.1)
    provider.tokens = {"access_token": "new", "expires_in": 60}
    provider.asked.clear()
    assert client.seen()["x-amzn-oidc-accesstoken"] == "new"
    form = {"grant_type": ["refresh_token"], "refresh_token": ["again"]}
    assert provider.asked[0][2] == form
    # The new session is in the cookie, so that nobody is asked again.
    assert client.seen()["x-amzn-oidc-accesstoken"] == "new"
    assert len(provider.asked) == 2
