"""The endpoints under `/_albedo/`, beside AWS's on the same port."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from localstack.http import Request, Response, Router

from ingress_aws import accounts, clock, settings
from ingress_aws.acm import lifecycle
from ingress_aws.control import enforcement, log, state
from ingress_aws.control.faults import FAULTS
from ingress_aws.control.holding import HOLDS
from ingress_aws.control.log import LOG
from ingress_aws.dataplane import endpoints as dataplane
from ingress_aws.elbv2 import target_health
from ingress_aws.sts import pod_identity

ROOT = "/_albedo"
# LocalStack's own account for calls whose access key is not 12 digits.
DEFAULT_ACCOUNT = "000000000000"

# Datetimes end with the year 9999; nobody needs more than a certificate's life or two.
LONGEST_ADVANCE = 100 * 365 * 86_400.0
LATEST = 32_503_680_000.0
# A day in a minute and a half.
FASTEST = 1000.0

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one path."""

    method: str
    path: str
    answer: Callable[[Request], Any]
    about: str


def show_endpoints(_request: Request) -> Any:
    """What there is, for people."""
    return [f"{e.method} {ROOT}{e.path}: {e.about}" for e in ENDPOINTS]


def show_log(request: Request) -> Any:
    """The calls asked for, or their counts."""
    since = request.args.get("since", "0")
    if not since.isdecimal():
        raise ValueError(f"'since' is the index of an entry, not {since!r}")
    entries = LOG.select(request.args.get("account"), request.args.get("op", "*"), int(since))
    if request.args.get("summary", "0") not in ("", "0", "false"):
        return log.summary(entries)
    return [log.as_json(entry) for entry in entries]


def forget_log(request: Request) -> Any:
    """Drop the calls of one account, or all."""
    LOG.forget(request.args.get("account"))
    return {}


def add_fault(request: Request) -> Any:
    """Set a fault."""
    return asdict(FAULTS.add(_body(request)))


def show_faults(request: Request) -> Any:
    """The faults that are set, with how often each has struck."""
    return FAULTS.show(request.args.get("account"))


def forget_faults(request: Request) -> Any:
    """Take faults back."""
    wanted = request.args.get("id")
    if wanted is not None and not wanted.isdecimal():
        raise ValueError(f"'id' is the number of a fault, not {wanted!r}")
    FAULTS.forget(request.args.get("account"), int(wanted) if wanted else None)
    return {}


def set_health(request: Request) -> Any:
    """Say how a registered target is, until it is said otherwise."""
    return target_health.set_by_hand(_body(request))


def approve(request: Request) -> Any:
    """Answer the e-mails that ask for a certificate's domains."""
    return lifecycle.approve(_body(request))


def change_settings(request: Request) -> Any:
    """Set knobs of one account."""
    body = _body(request)
    account = str(body.get("account", DEFAULT_ACCOUNT))
    wanted, pace = body.get("settings", {}), body.get("pace")
    if not isinstance(wanted, dict) or not (wanted or pace is not None):
        raise ValueError('expected {"account": "...", "settings": {"name": number or null}}')
    settings.check(account, wanted)
    if pace is not None:
        settings.keep_pace(account, str(pace))
    settings.change(account, wanted)
    return settings.describe(account)


def show_settings(request: Request) -> Any:
    """The knobs of an account."""
    return settings.describe(request.args.get("account", DEFAULT_ACCOUNT))


def reset(request: Request) -> Any:
    """Forget an account."""
    accounts.reset(_account(request))
    return {}


def show_clock(request: Request) -> Any:
    """What time it is for an account."""
    return _time(_account(request))


def set_clock(request: Request) -> Any:
    """Move an account's clock: stop or go first, then set, then advance."""
    body = _body(request)
    account, stopped = body.get("account"), body.get("stopped")
    if not isinstance(account, str) or not account:
        raise ValueError('expected {"account": "...", "advance": seconds}')
    moves = {"speed": clock.run, "set": clock.put_at, "advance": clock.advance}
    for name, value in body.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if name not in (*moves, "account", "stopped") or (name in moves and not number):
            raise ValueError(
                f"the clock takes 'set', 'advance' and 'speed' as numbers, not {name}={value!r}"
            )
    if stopped not in (None, True, False) or abs(body.get("advance", 0)) > LONGEST_ADVANCE:
        raise ValueError("'stopped' is true or false, and 'advance' at most 100 years")
    if not 0 <= body.get("set", 0) <= LATEST:
        raise ValueError("'set' is seconds since 1970, before the year 3000")
    if not 0 < body.get("speed", 1) <= FASTEST:
        raise ValueError(f"'speed' is more than 0 and at most {FASTEST:.0f}")
    if stopped is not None:
        (clock.stop if stopped else clock.go_on)(account)
    for name, move in moves.items():
        if name in body:
            move(account, float(body[name]))
    return _time(account)


def set_policy(request: Request) -> Any:
    """Give an account a policy document."""
    body = _body(request)
    account = body.get("account")
    if not isinstance(account, str) or not account or "document" not in body:
        raise ValueError('expected {"account": "...", "document": a policy document or null}')
    client = body.get("client", "*")
    if not isinstance(client, str):
        raise ValueError(f'client: {client!r} is no pattern such as "aws-sdk-rust/*"')
    enforcement.put(account, body["document"], client)
    return {"account": account, "document": enforcement.document_of(account)}


def show_policy(request: Request) -> Any:
    """The policy document of an account."""
    account = _account(request)
    return {"account": account, "document": enforcement.document_of(account)}


def begin_pod_session(request: Request) -> Any:
    """The keys that a pod gets by EKS Pod Identity."""
    return pod_identity.begin(_body(request))


def hold(request: Request) -> Any:
    """Let an account's calls wait, so that it can be looked at as it is at one moment."""
    body = _body(request)
    account, client, seconds = body.get("account"), body.get("client", "*"), body.get("seconds")
    number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not isinstance(account, str) or not isinstance(client, str) or not number:
        raise ValueError('expected {"account": "...", "client": "aws-sdk-rust/*", "seconds": 10}')
    HOLDS.hold(account, client, seconds)
    return {"account": account, "client": client, "seconds": seconds}


def release(request: Request) -> Any:
    """Let an account's calls go on; whether they have waited until now."""
    return {"held": HOLDS.release(_account(request))}


def dump(request: Request) -> Any:
    """All of an account, as JSON that `/load` takes."""
    return state.dump(_account(request))


def load(request: Request) -> Any:
    """Make an account what it was when it was dumped."""
    return {"account": state.load(_body(request))}


ENDPOINTS = [
    Endpoint("GET", "/", show_endpoints, "this list"),
    Endpoint(
        "GET", "/log", show_log, "AWS calls; ?account= ?op=elbv2.Create* ?since=INDEX ?summary=1"
    ),
    Endpoint("DELETE", "/log", forget_log, "forget the calls; ?account="),
    Endpoint(
        "POST",
        "/faults",
        add_fault,
        'make calls fail: {"match": "elbv2.Describe*", "account", "skip", "times", "every",'
        ' "contains", "params": {"Name": "web-*"}, "code", "message", "status", "latency", "after",'
        ' "drop"}',
    ),
    Endpoint("GET", "/faults", show_faults, "the faults set, and how often each struck; ?account="),
    Endpoint("DELETE", "/faults", forget_faults, "take faults back; ?account= ?id="),
    Endpoint(
        "POST",
        "/health",
        set_health,
        'set a target\'s health: {"account", "target_group": name or ARN, "target": id, "port",'
        ' "state": "healthy", "unhealthy", "initial" or null, "reason", "region"}',
    ),
    Endpoint(
        "POST", "/approve", approve,
        'answer the e-mails about a certificate: {"account", "certificate": ARN}',
    ),
    Endpoint("GET", "/settings", show_settings, "delays and quotas; ?account="),
    Endpoint(
        "POST",
        "/settings",
        change_settings,
        'change them: {"account", "settings": {name: number}, "pace": "aws" or "none"}',
    ),
    Endpoint("GET", "/clock", show_clock, "an account's time; ?account="),
    Endpoint(
        "POST",
        "/clock",
        set_clock,
        'move it: {"account", "advance": seconds, "set": seconds since 1970, "speed": 20,'
        ' "stopped": true}',
    ),
    Endpoint("GET", "/policy", show_policy, "an account's IAM policy; ?account="),
    Endpoint(
        "POST",
        "/policy",
        set_policy,
        'enforce one: {"account", "document": {...} or null, "client"}',
    ),
    Endpoint(
        "POST",
        "/pod-session",
        begin_pod_session,
        'keys of EKS Pod Identity: {"account", "region", "cluster", "namespace",'
        ' "service_account", "role": ARN}',
    ),
    Endpoint(
        "POST", "/hold", hold,
        'let clients\' calls wait: {"account", "client": "aws-sdk-rust/*", "seconds": 10}',
    ),
    Endpoint("DELETE", "/hold", release, "let an account's calls go on; ?account="),
    Endpoint("GET", "/dump", dump, "all of an account as JSON; ?account="),
    Endpoint("POST", "/load", load, "make an account what a dump says"),
    Endpoint("POST", "/reset", reset, "forget an account's state; ?account= is required"),
    *[Endpoint(*row) for row in dataplane.ENDPOINTS],
]  # fmt: skip


def serve(router: Router[Any]) -> None:
    """Add every endpoint to LocalStack's router."""
    for endpoint in ENDPOINTS:
        router.add(ROOT + endpoint.path, _endpoint(endpoint), methods=[endpoint.method])


def _endpoint(endpoint: Endpoint) -> Callable[..., Response]:
    def handle(request: Request, **_path: Any) -> Response:
        try:
            answer = endpoint.answer(request)
            return answer if isinstance(answer, Response) else _json(answer, 200)
        except ValueError as mistake:
            return _json({"error": str(mistake)}, 400)

    return handle


def _json(value: Any, status: int) -> Response:
    text = json.dumps(value, indent=1) + "\n"
    return Response(text, status=status, mimetype="application/json")


def _account(request: Request) -> str:
    account = request.args.get("account")
    if not account:
        raise ValueError(f"which account? {request.path}?account=123456789012")
    return str(account)


def _time(account: str) -> Any:
    now = clock.now(account)
    return {
        "time": now,
        "utc": clock.as_moment(now).isoformat(),
        "stopped": clock.is_stopped(account),
    }


def _body(request: Request) -> Body:
    try:
        body = json.loads(request.get_data(as_text=True))
    except ValueError as broken:
        raise ValueError(f"the body is not JSON: {broken}") from broken
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")
    return body
