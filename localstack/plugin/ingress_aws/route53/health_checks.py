"""Health checks: what is to be checked. Nobody checks anything here; a test says how one is."""

import uuid
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from ingress_aws.errors import AwsError
from ingress_aws.route53 import paging
from ingress_aws.route53.errors import invalid_input
from ingress_aws.route53.health_check import HealthCheck
from ingress_aws.route53.store import Store, store_of

Json = dict[str, Any]

# ListHealthChecks in the API reference.
LARGEST_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Kind:
    """What a type of health check looks at, and how."""

    port: int | None = None  # unless another one is said
    asks: bool = False  # whether it looks at an endpoint
    searches: bool = False  # whether it looks for a text
    secure: bool = False


# HealthCheckConfig in botocore's documentation.
KINDS = {
    "HTTP": Kind(80, asks=True),
    "HTTPS": Kind(443, asks=True, secure=True),
    "HTTP_STR_MATCH": Kind(80, asks=True, searches=True),
    "HTTPS_STR_MATCH": Kind(443, asks=True, searches=True, secure=True),
    "TCP": Kind(asks=True),
    "CALCULATED": Kind(),
    "CLOUDWATCH_METRIC": Kind(),
    "RECOVERY_CONTROL": Kind(),
}
INTERVALS = (10, 30)
# What UpdateHealthCheck may change, and what it may set back.
CHANGEABLE = (
    "IPAddress", "Port", "ResourcePath", "FullyQualifiedDomainName", "SearchString",
    "FailureThreshold", "Inverted", "Disabled", "HealthThreshold", "ChildHealthChecks",
    "EnableSNI", "Regions", "AlarmIdentifier", "InsufficientDataHealthStatus",
)  # fmt: skip


def create(store: Store, request: Json) -> Json:
    """CreateHealthCheck; the same reference with the same settings is the same health check."""
    reference, config = request["CallerReference"], _complete(store, request["HealthCheckConfig"])
    standing = [one for one in store.health_checks.values() if one.reference == reference]
    if standing and standing[0].config == config:
        return _created(standing[0])
    if standing or reference in store.health_check_references:
        # 409: botocore's service model.
        text = "A health check with the same caller reference already exists."
        raise AwsError("HealthCheckAlreadyExists", text, 409)
    made = HealthCheck(str(uuid.uuid4()), reference, config)
    store.health_checks[made.id] = made
    store.health_check_references.add(reference)
    return _created(made)


def get(store: Store, request: Json) -> Json:
    """GetHealthCheck."""
    return {"HealthCheck": _named(store, request["HealthCheckId"]).render()}


def page(store: Store, request: Json) -> Json:
    """ListHealthChecks: in the order of their ids, from a marker on."""
    size = paging.page_size(request.get("MaxItems"), LARGEST_PAGE)
    marker = request.get("Marker") or ""
    left = [store.health_checks[name] for name in sorted(store.health_checks) if name >= marker]
    answer: Json = {
        "HealthChecks": [one.render() for one in left[:size]],
        "Marker": marker,
        "IsTruncated": len(left) > size,
        "MaxItems": str(size),
    }
    return answer | ({"NextMarker": left[size].id} if len(left) > size else {})


def count(store: Store, _request: Json) -> Json:
    """GetHealthCheckCount."""
    return {"HealthCheckCount": len(store.health_checks)}


def update(store: Store, request: Json) -> Json:
    """UpdateHealthCheck; with a version it must be the newest."""
    found = _named(store, request["HealthCheckId"])
    if request.get("HealthCheckVersion", found.version) != found.version:
        # 409: botocore's service model.
        text = f"The health check is of version {found.version} by now."
        raise AwsError("HealthCheckVersionMismatch", text, 409)
    wanted = found.config | {key: request[key] for key in CHANGEABLE if key in request}
    for reset in request.get("ResetElements") or []:
        wanted.pop(reset, None)
    found.config = _complete(store, wanted)
    found.version += 1
    return {"HealthCheck": found.render()}


def delete(store: Store, request: Json) -> Json:
    """DeleteHealthCheck; records that refer to it stay as they are (botocore)."""
    found = _named(store, request["HealthCheckId"])
    del store.health_checks[found.id]
    store.health_check_tags.pop(found.id, None)
    return {}


def check_exists(account: str, health_check: str) -> None:
    """Refuse an id that the account has no health check with."""
    _named(store_of(account), health_check)


def _named(store: Store, health_check: str) -> HealthCheck:
    found = store.health_checks.get(health_check)
    if found is None:
        # 404: botocore's service model.
        text = f"No health check exists with the specified ID {health_check}"
        raise AwsError("NoSuchHealthCheck", text, 404)
    return found


def _created(made: HealthCheck) -> Json:
    location = f"https://route53.amazonaws.com/2013-04-01/healthcheck/{made.id}"
    return {"HealthCheck": made.render(), "Location": location}


def _complete(store: Store, config: Json) -> Json:
    """A configuration with AWS's defaults, checked."""
    kind = KINDS[config["Type"]]
    if kind.asks:
        _check_endpoint(kind, config)
    elif config["Type"] == "CALCULATED":
        for child in config.get("ChildHealthChecks") or []:
            if child not in store.health_checks:
                raise invalid_input(f"the child health check {child} does not exist")
    made: Json = {"Inverted": False, "Disabled": False} | config
    if kind.asks:
        made = {"RequestInterval": 30, "FailureThreshold": 3, "MeasureLatency": False} | made
        made = {"EnableSNI": kind.secure} | made
    if kind.port is not None:
        made = {"Port": kind.port} | made
    return made


def _check_endpoint(kind: Kind, config: Json) -> None:
    address = config.get("IPAddress")
    if not address and not config.get("FullyQualifiedDomainName"):
        raise invalid_input("a health check of an endpoint needs an IP address or a domain name")
    if address:
        try:
            ip_address(address)
        except ValueError as broken:
            raise invalid_input(f"'{address}' is not an IP address") from broken
    if kind.port is None and not config.get("Port"):
        raise invalid_input("a health check by TCP needs a port")
    if kind.searches != bool(config.get("SearchString")):
        raise invalid_input("a search string goes with the types that look for one, and only these")
    if config.get("RequestInterval", INTERVALS[0]) not in INTERVALS:
        raise invalid_input(f"RequestInterval is one of {INTERVALS}")
