"""The authenticate-oidc action: log-in at the provider, a session in a cookie, claims for targets.

The steps, statuses, headers and limits are those of AWS's guide, "Authenticate users using an
Application Load Balancer" and "Troubleshoot". Of Cognito there is only the way to its log-in page:
nobody here is behind it.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from dataplane import stickiness
from dataplane.answer import Answer, login_page, page
from dataplane.balancer import Listener
from dataplane.condition import Subject
from dataplane.forwarding import IDENTITY
from dataplane.head import Fields, Refusal, Request
from dataplane.key_set import decoded
from dataplane.provider import Asked, Providers, Unanswered
from dataplane.rule import SECRET, Rule
from dataplane.signing import Signing

Json = dict[str, Any]

# "Client login timeout": within 15 minutes.
LOGIN_SECONDS = 15 * 60
# "The user claim received from the IdP is greater than 11KB in size", the access token with it.
LARGEST_CLAIMS = 11 * 1024
# "the load balancer shards a cookie that is greater than 4K"; less, for the name and what follows.
LARGEST_COOKIE = 4096 - 256
NONCE = "AWSALBAuthNonce"
# For how long an access token is taken to be good if the provider does not say.
NO_EXPIRY = 3600


@dataclass(slots=True)
class Session:
    """Who is logged in."""

    claims: Json
    access_token: str
    until: float  # when the access token is over
    refresh_token: str | None
    began: float

    def sealed(self, timeout: float) -> str:
        """As it stands in the cookie."""
        left = max(0.0, self.began + timeout - time.time())
        parts = [self.claims, self.access_token, self.until, self.refresh_token, self.began]
        return stickiness.seal(parts, left)


@dataclass(slots=True)
class Verdict:
    """What an authenticate action says: an answer of its own, or what goes on with the request."""

    answer: Answer | None = None
    identity: Fields = field(default_factory=list)
    cookies: list[str] = field(default_factory=list)


class Logins:
    """Log-ins at the providers of all load balancers."""

    def __init__(self, providers: Providers) -> None:
        self._providers = providers
        self.signing = Signing()

    async def check(
        self, action: Json, subject: Subject, listener: Listener, rule: Rule
    ) -> Verdict:
        """Look for the client's session; without one it is as the action wishes."""
        config = action.get("AuthenticateOidcConfig")
        if config is not None:
            session = _session(subject.request, config)
            renewed = await self._kept(session, config, listener) if session else None
            if renewed is not None:
                cookies = _cookies(config, renewed) if renewed is not session else []
                return Verdict(None, self._identity(renewed, config, listener), cookies)
        config = config or action["AuthenticateCognitoConfig"]
        wish = config.get("OnUnauthenticatedRequest", "authenticate")
        if wish == "allow":
            return Verdict()
        if wish == "deny":
            return Verdict(page(401))
        if not subject.request.host:
            raise Refusal(401, "without a host there is no URL to come back to")
        nonce = secrets.token_urlsafe(16)
        target = f"https://{subject.request.host}{subject.request.target}"
        state = stickiness.seal([nonce, rule.arn, target], LOGIN_SECONDS)
        made = login_page(config, subject, state)
        made.fields.append(("Set-Cookie", f"{NONCE}={nonce}; Path=/; Secure; HttpOnly"))
        return Verdict(made)

    async def complete(self, request: Request, listener: Listener) -> Answer | None:
        """The client comes back from the provider; None if it comes from somewhere else."""
        query = {name: values[0] for name, values in parse_qs(request.query).items()}
        if "state" not in query:
            return None
        content = stickiness.unseal(query["state"])
        if content is None or stickiness.cookies(request).get(NONCE) != content[0]:
            raise Refusal(401, "the log-in took too long, or is another client's")
        config = _config(listener, content[1])
        if error := query.get("error"):
            # "the IdP denied access" is 401, and any other "error code" 561.
            raise Refusal(401 if error == "access_denied" else 561, f"the provider says {error}")
        if config is None or "code" not in query:
            raise Refusal(401, "this is no answer of a provider")
        grant = {
            "grant_type": "authorization_code",
            "code": query["code"],
            "redirect_uri": f"https://{request.host}{request.path}",
        }
        tokens = await self._tokens(config, listener, grant)
        _check_id_token(tokens.get("id_token"), config)
        session = await self._made(config, listener, tokens, time.time())
        made = page(302)
        made.fields.append(("Location", str(content[2])))
        made.fields += [("Set-Cookie", cookie) for cookie in _cookies(config, session)]
        made.fields.append(("Set-Cookie", f"{NONCE}=; Path=/; Max-Age=0; Secure; HttpOnly"))
        return made

    async def _kept(self, session: Session, config: Json, listener: Listener) -> Session | None:
        """The session, with claims read anew if its access token is over and can be renewed."""
        if session.until > time.time() or session.refresh_token is None:
            # "does not support refresh tokens": kept until the session itself is over.
            return session
        grant = {"grant_type": "refresh_token", "refresh_token": session.refresh_token}
        try:
            tokens = await self._tokens(config, listener, grant)
            tokens = {"refresh_token": session.refresh_token} | tokens
            return await self._made(config, listener, tokens, session.began)
        except Refusal:
            # "the refresh fails and the load balancer redirects the user".
            return None

    async def _tokens(self, config: Json, listener: Listener, grant: dict[str, str]) -> Json:
        # How the client says who it is AWS does not tell; as RFC 6749, section 2.3.1, prefers it.
        who = f"{config['ClientId']}:{config.get(SECRET) or ''}".encode()
        form = (
            ("Authorization", f"Basic {base64.b64encode(who).decode()}"),
            ("Content-Type", "application/x-www-form-urlencoded"),
        )
        asked = Asked(config["TokenEndpoint"], "POST", form, urlencode(grant).encode())
        return await self._json(listener, asked, 561)

    async def _made(self, config: Json, listener: Listener, tokens: Json, began: float) -> Session:
        token = str(tokens.get("access_token", ""))
        bearer = (("Authorization", f"Bearer {token}"),)
        claims = await self._json(listener, Asked(config["UserInfoEndpoint"], "GET", bearer), 561)
        if len(json.dumps(claims)) + len(token) > LARGEST_CLAIMS:
            raise Refusal(500, "the claims are too large")
        until = time.time() + float(tokens.get("expires_in") or NO_EXPIRY)
        return Session(claims, token, until, tokens.get("refresh_token"), began)

    async def _json(self, listener: Listener, asked: Asked, refused: int) -> Json:
        try:
            status, body = await self._providers.ask(
                listener.balancer.account, asked, 2 * LARGEST_CLAIMS
            )
            told = json.loads(body) if 200 <= status <= 299 else None
        except (Unanswered, ValueError) as error:
            raise Refusal(500, f"{asked.url}: {error}") from error
        if not isinstance(told, dict):
            raise Refusal(refused, f"{asked.url} answers with {status}")
        return told

    def _identity(self, session: Session, config: Json, listener: Listener) -> Fields:
        head = {
            "signer": listener.balancer.arn,
            "iss": config["Issuer"],
            "client": config["ClientId"],
            "exp": int(session.until),
        }
        told = (
            session.access_token,
            str(session.claims.get("sub", "")),
            self.signing.token(head, session.claims),
        )
        return list(zip(IDENTITY, told, strict=True))


def _config(listener: Listener, rule: str) -> Json | None:
    """What a rule says of log-ins, if it still does."""
    for one in listener.rules:
        for action in one.actions:
            if one.arn == rule and "AuthenticateOidcConfig" in action:
                found: Json = action["AuthenticateOidcConfig"]
                return found
    return None


def _session(request: Request, config: Json) -> Session | None:
    """The session in a request's cookies, whose parts are numbered."""
    found, name = stickiness.cookies(request), config["SessionCookieName"]
    text = ""
    while part := found.get(f"{name}-{len(text) // LARGEST_COOKIE}"):
        text += part
        if len(part) < LARGEST_COOKIE:
            break
    content = stickiness.unseal(text) if text else None
    return Session(*content) if content else None


def _cookies(config: Json, session: Session) -> list[str]:
    name, timeout = config["SessionCookieName"], float(config["SessionTimeout"])
    text = session.sealed(timeout)
    expires = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(session.began + timeout))
    parts = [text[at : at + LARGEST_COOKIE] for at in range(0, len(text), LARGEST_COOKIE)]
    return [
        f"{name}-{number}={part}; Expires={expires}; Path=/; Secure; HttpOnly; SameSite=None"
        for number, part in enumerate(parts)
    ]


def _check_id_token(token: Any, config: Json) -> None:
    """What can be told without the provider's keys, which no setting names: whose it is, for whom.

    OpenID Connect Core, section 3.1.3.7: the TLS connection to the token endpoint vouches for it.
    """
    if not token:
        raise Refusal(401, "the scope gives no ID token")
    try:
        claims = json.loads(decoded(str(token).split(".")[1]))
    except (ValueError, IndexError) as broken:
        raise Refusal(401, "the ID token is none") from broken
    audience = claims.get("aud")
    meant = audience if isinstance(audience, list) else [audience]
    if claims.get("iss") != config["Issuer"] or config["ClientId"] not in meant:
        raise Refusal(401, "the ID token is another issuer's or for another client")
    if not isinstance(claims.get("exp"), int | float) or claims["exp"] <= time.time():
        raise Refusal(401, "the ID token is over")
