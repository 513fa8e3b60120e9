"""The data plane's endpoints under `/_albedo/`: its own are passed on, the others are for it."""

import hashlib
import hmac
import http.client
import json
import os
from collections.abc import Callable
from typing import Any

from localstack.http import Request, Response

from ingress_aws import accounts
from ingress_aws.acm import issuing
from ingress_aws.acm.store import stores as acm_stores
from ingress_aws.dataplane import checks, health_checks
from ingress_aws.dataplane.changes import CHANGES, EVERYTHING
from ingress_aws.dataplane.feed import FEED
from ingress_aws.dataplane.kept import Keeper
from ingress_aws.errors import AwsError

# Longer than any of the data plane's endpoints takes.
PATIENCE = 30.0
# A poll is answered after at most so long, so that threads do not pile up behind a dead client.
LONGEST_POLL = 20.0
# A change is served in milliseconds; hundreds of load balancers made at once take a second or two.
LONGEST_SETTLING = 10.0


def show_authorities(_request: Request) -> Any:
    """The CAs that sign requested certificates, for clients to trust."""
    return Response(issuing.authorities(), mimetype="application/x-pem-file")


def tell_changes(request: Request) -> Any:
    """What is new since a version."""
    _check_token(request)
    since, wait = int(request.args.get("since", "0")), float(request.args.get("wait", "0"))
    text = FEED.poll(since, min(wait, LONGEST_POLL))
    return Response(text, mimetype="application/json")


def tell_certificate(request: Request) -> Any:
    """A certificate with its chain and key."""
    _check_token(request)
    store = acm_stores.get(request.args["account"], request.args["region"])
    with store.lock:
        texts = issuing.pem_of(store.find(request.args["arn"]))
    if texts is None:
        raise ValueError("the certificate is not issued")
    return {"pem": f"{texts.certificate}\n{texts.chain or ''}\n{texts.key.decode()}"}


def take_health(request: Request) -> Any:
    """How targets were found to be."""
    _check_token(request)
    for found in json.loads(request.get_data(as_text=True))["reports"]:
        checks.report(found)
        CHANGES.note(("elbv2", found["account"], found["region"]), {found["arn"]})
    return {}


def set_health_check(request: Request) -> Any:
    """Say how a Route 53 health check is."""
    try:
        told = json.loads(request.get_data(as_text=True))
        account, name, state = (str(told[key]) for key in ("account", "health_check", "state"))
    except (KeyError, TypeError, ValueError) as wrong:
        raise ValueError('expected {"account", "health_check", "state"}') from wrong
    try:
        health_checks.set_by_hand(account, name, state)
    except AwsError as unknown:
        raise ValueError(f"{unknown.message}") from unknown
    return told


def settle(request: Request) -> Any:
    """Return when everything asked of AWS so far is served; an error if some of it cannot be."""
    _control()
    if not FEED.settle(LONGEST_SETTLING):
        raise ValueError("the data plane does not follow; see dataplane.log")
    account = request.args.get("account", "")
    told = _asked("GET", f"/troubles?account={account}", b"")
    if troubles := json.loads(told.get_data()):
        raise ValueError("; ".join(troubles))
    return {}


def show_documents(request: Request) -> Any:
    """What the data plane has been told of an account, or would be if all were made anew.

    As digests: there are secrets in them, such as those of OIDC's clients.
    """
    account = request.args.get("account", "")
    made, documents = FEED.count(account), FEED.documents(account)
    if request.args.get("anew", "0") not in ("", "0", "false"):
        with accounts.WHOLE:
            each = [Keeper(source).refresh({EVERYTHING}) for source in FEED.sources(account)]
        documents = {key: text for one in each for key, text in one.items()}
    digests = {key: hashlib.sha256(text.encode()).hexdigest() for key, text in documents.items()}
    return {"made": made, "documents": digests}


def _passed_on(request: Request) -> Any:
    path = request.path.removeprefix("/_albedo")
    query = request.query_string.decode()
    return _asked(request.method, f"{path}?{query}" if query else path, request.get_data())


def _asked(method: str, target: str, body: bytes) -> Response:
    """The data plane's own answer."""
    connection = http.client.HTTPConnection(_control(), timeout=PATIENCE)
    try:
        connection.request(method, target, body or None)
        answer = connection.getresponse()
        return Response(answer.read(), status=answer.status, mimetype="application/json")
    except (OSError, http.client.HTTPException) as error:
        raise ValueError(f"the data plane does not answer: {error}") from error
    finally:
        connection.close()


def _control() -> str:
    """Where the data plane's own endpoints are; `up` says it."""
    place = os.environ.get("ALBEDO_DATAPLANE_CONTROL")
    if not place:
        raise ValueError("no data plane is running; see ALBEDO_DATAPLANE in the README")
    return place


def _check_token(request: Request) -> None:
    """Private keys are told to the data plane alone."""
    token = os.environ.get("ALBEDO_DATAPLANE_TOKEN", "")
    given = request.headers.get("X-Albedo-Token", "")
    if not token or not hmac.compare_digest(token, given):
        raise ValueError("this is for the data plane only")


Row = tuple[str, str, Callable[[Request], Any], str]

# Method, path, answer and description, as `control.routes` has them.
ENDPOINTS: list[Row] = [
    ("GET", "/ca", show_authorities, "the CAs that sign requested certificates, as PEM"),
    (
        "GET",
        "/route",
        _passed_on,
        "which rule a request would take, and why; ?url= ?account= ?method= ?header=Name:value"
        " ?source= ?load_balancer= ?vpc=",
    ),
    ("POST", "/route", _passed_on, 'the same for {"Rules", "Requests"} that need not exist'),
    (
        "POST",
        "/health-check",
        set_health_check,
        'set a Route 53 health check: {"account", "health_check": id, "state": "unhealthy" or'
        ' "healthy"}',
    ),
    ("GET", "/settled", settle, "returns when all changes so far are served; ?account="),
    (
        "GET", "/documents", show_documents,
        "digests of what the data plane was told, and how much of it was made so far; ?account="
        " ?anew=1: of what it would be told if all were made now",
    ),
    ("GET", "/balancers", _passed_on, "each load balancer's loopback address; ?account="),
    ("GET", "/counters", _passed_on, "requests by listener, rule, target and status; ?account="),
    ("DELETE", "/counters", _passed_on, "start counting anew; ?account="),
    ("GET", "/oidc-key", _passed_on, "the key that signs x-amzn-oidc-data; ?kid="),
    ("GET", "/resolve", _passed_on, "what a name resolves to; ?name= ?type= ?account= ?vpc="),
    ("POST", "/resolver", _passed_on, "a DNS port for one account; ?account= ?vpc="),
    ("GET", "/dataplane/changes", tell_changes, "for the data plane: what is new"),
    ("GET", "/dataplane/certificate", tell_certificate, "for the data plane: a certificate"),
    ("POST", "/dataplane/health", take_health, "from the data plane: how targets are"),
]  # fmt: skip
