"""The head of a request as its target gets it: X-Forwarded-*, X-Amzn-Trace-Id, Host.

AWS's guide: "HTTP headers and Application Load Balancers", "Request tracing", "Modify attributes";
attributes as in botocore's documentation.
"""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass

from dataplane.head import Fields, Refusal, Request

# AWS's guide, 463: "an X-Forwarded-For request header with more than 30 IP addresses".
MOST_FORWARDED = 30
# botocore, drop_invalid_header_fields: names that do not fit this are dropped on demand.
_PLAIN_NAME = re.compile(r"[-A-Za-z0-9]+")
# They belong to one connection (RFC 9110, section 7.6.1), and ours to the target is another one.
HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade")
)
# AWS's guide, "HTTP headers and mutual TLS", as listener attributes spell them.
MUTUAL = (
    "clientcert",
    "clientcert_serial_number",
    "clientcert_issuer",
    "clientcert_subject",
    "clientcert_validity",
    "clientcert_leaf",
)
# AWS's guide, "User claims encoding and signature verification".
IDENTITY = ("x-amzn-oidc-accesstoken", "x-amzn-oidc-identity", "x-amzn-oidc-data")
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a request came to the load balancer."""

    client: str
    client_port: int
    protocol: str  # http or https
    port: int  # the listener's
    tls_version: str = ""
    tls_cipher: str = ""
    # What mutual TLS says of the client, by the names that listener attributes have for it; None
    # if it is off, and then headers of these names are the client's own business.
    certificates: Fields | None = None
    # What a log-in says of the client; None if none was asked for.
    identity: Fields | None = None


def check(request: Request, attributes: dict[str, str]) -> None:
    """Refuse what the load balancer does not pass on whatever its rules say."""
    # AWS's guide, "Desync mitigation mode": a body where none is expected is ambiguous.
    strictest = attributes.get("routing.http.desync_mitigation_mode") == "strictest"
    if strictest and request.framing and request.method in ("GET", "HEAD"):
        raise Refusal(400, "a body with GET or HEAD")
    if request.method == "TRACE":
        raise Refusal(405, "TRACE is not allowed")
    if request.method == "CONNECT":
        raise Refusal(400, "this is no proxy")
    addresses = [a for value in request.all("x-forwarded-for") for a in value.split(",")]
    if len(addresses) > MOST_FORWARDED:
        raise Refusal(463, "too many addresses in X-Forwarded-For")


def check_version(request: Request, version: str) -> None:
    """AWS's guide, 464: a request that the target group's protocol version cannot carry."""
    fits = {
        "HTTP1": not request.is_grpc,
        "HTTP2": request.major == 2,
        "GRPC": request.major == 2 and request.method == "POST",
    }
    if not fits[version]:
        raise Refusal(464, f"the target group wants {version}")


def host_header(host: str, arrival: Arrival, attributes: dict[str, str]) -> str:
    """The Host that the target gets: with the port unless it is the protocol's own."""
    if attributes.get("routing.http.preserve_host_header.enabled") == "true":
        return host
    name, colon, port = host.rpartition(":")
    if not colon or host.endswith("]"):
        name, port = host, ""
    default = DEFAULT_PORTS[arrival.protocol]
    if not port and arrival.port != default:
        port = str(arrival.port)
    return f"{name}:{port}" if port and port != str(default) else name


def fields(
    request: Request, host: str, arrival: Arrival, attributes: dict[str, str], names: dict[str, str]
) -> Fields:
    """All header lines for the target; `names` are the listener's names for TLS headers."""
    drops = attributes.get("routing.http.drop_invalid_header_fields.enabled") == "true"
    mode = attributes.get("routing.http.xff_header_processing.mode", "append")
    set_here = {"host", "x-forwarded-proto", "x-forwarded-port", "x-amzn-trace-id"}
    if mode != "preserve":
        set_here.add("x-forwarded-for")
    with_tls = _tls_headers(arrival, attributes, names)
    if arrival.certificates is not None:
        # Nobody may pretend to have shown a certificate.
        set_here.update(_mutual_name(part, names).lower() for part in MUTUAL)
        with_tls += [(_mutual_name(part, names), told) for part, told in arrival.certificates]
    if arrival.identity is not None:
        # Nobody may pretend to be logged in.
        set_here.update(IDENTITY)
        with_tls += arrival.identity
    set_here.update(name.lower() for name, _ in with_tls)
    made: Fields = [("Host", host)]
    for name, value in request.fields:
        key = name.lower()
        if key in HOP_BY_HOP or key in set_here or (drops and not _PLAIN_NAME.fullmatch(name)):
            continue
        made.append((name, value))
    if mode == "append":
        client = arrival.client
        if attributes.get("routing.http.xff_client_port.enabled") == "true":
            client = f"{client}:{arrival.client_port}"
        made.append(("X-Forwarded-For", ", ".join([*request.all("x-forwarded-for"), client])))
    made.append(("X-Forwarded-Proto", arrival.protocol))
    made.append(("X-Forwarded-Port", str(arrival.port)))
    made.append(("X-Amzn-Trace-Id", trace_id(request.first("x-amzn-trace-id"))))
    made += with_tls
    if request.upgrades:
        made += [("Connection", "upgrade"), ("Upgrade", request.first("upgrade"))]
    return made


def _mutual_name(part: str, names: dict[str, str]) -> str:
    """A header about the client's certificate, under the listener's name for it."""
    own = names.get(f"routing.http.request.x_amzn_mtls_{part}.header_name")
    return own or f"X-Amzn-Mtls-{part.replace('_', '-').title()}"


def trace_id(given: str) -> str:
    """The trace's id: a new root, or the one that came with ourselves added."""
    own = f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
    parts = [part for part in given.split(";") if part and not part.startswith("Self=")]
    if any(part.startswith("Root=") for part in parts):
        return ";".join([f"Self={own}", *parts])
    return ";".join([f"Root={own}", *parts])


def _tls_headers(
    arrival: Arrival, attributes: dict[str, str], names: dict[str, str]
) -> list[tuple[str, str]]:
    wanted = attributes.get("routing.http.x_amzn_tls_version_and_cipher_suite.enabled") == "true"
    if not wanted or arrival.protocol != "https":
        return []
    prefix = "routing.http.request.x_amzn_tls_"
    version = names.get(f"{prefix}version.header_name") or "X-Amzn-Tls-Version"
    cipher = names.get(f"{prefix}cipher_suite.header_name") or "X-Amzn-Tls-Cipher-Suite"
    return [(version, arrival.tls_version), (cipher, arrival.tls_cipher)]
