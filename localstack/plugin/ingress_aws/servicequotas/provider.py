"""Service Quotas as a LocalStack service, which LocalStack's open core does not have."""

from typing import Any

from localstack.services.plugins import Service, aws_provider

from ingress_aws import moto_service, pages
from ingress_aws.elbv2 import regions
from ingress_aws.errors import AwsError
from ingress_aws.servicequotas.quota import GLOBAL, QUOTAS, SERVICES, Quota

Json = dict[str, Any]

# The largest page (botocore: MaxResults 1-100), and the one given when none is asked for.
LARGEST = 100


def _applied(account: str, region: str, request: Json) -> Json:
    """GetServiceQuota."""
    return {"Quota": _told(account, region, _named(request), applied=True)}


def _default(account: str, region: str, request: Json) -> Json:
    """GetAWSDefaultServiceQuota."""
    return {"Quota": _told(account, region, _named(request), applied=False)}


def _all_applied(account: str, region: str, request: Json) -> Json:
    """ListServiceQuotas."""
    wanted = request.get("QuotaCode")
    found = [one for one in _of_service(request) if wanted in (None, one.code)]
    told = [_told(account, region, one, applied=True) for one in found]
    return _page("Quotas", told, "QuotaCode", request)


def _all_defaults(account: str, region: str, request: Json) -> Json:
    """ListAWSDefaultServiceQuotas."""
    told = [_told(account, region, one, applied=False) for one in _of_service(request)]
    return _page("Quotas", told, "QuotaCode", request)


def _services(_account: str, _region: str, request: Json) -> Json:
    """ListServices."""
    told = [{"ServiceCode": code, "ServiceName": name} for code, name in SERVICES.items()]
    return _page("Services", told, "ServiceCode", request)


def _of_service(request: Json) -> list[Quota]:
    code = request["ServiceCode"]
    if code not in SERVICES:
        raise AwsError("NoSuchResourceException", f"The service {code} does not exist.")
    return [one for one in QUOTAS if one.service == code]


def _named(request: Json) -> Quota:
    for one in _of_service(request):
        if one.code == request["QuotaCode"]:
            return one
    text = f"The quota {request['QuotaCode']} of {request['ServiceCode']} does not exist."
    raise AwsError("NoSuchResourceException", text)


def _told(account: str, region: str, quota: Quota, *, applied: bool) -> Json:
    everywhere = quota.service in GLOBAL
    owner = account if applied else ""
    place = "" if everywhere else region
    arn = f"arn:{regions.partition(region)}:servicequotas:{place}:{owner}:"
    return {
        "ServiceCode": quota.service,
        "ServiceName": SERVICES[quota.service],
        "QuotaArn": f"{arn}{quota.service}/{quota.code}",
        "QuotaCode": quota.code,
        "QuotaName": quota.name,
        "Value": float((quota.knob.of(account) if applied else quota.knob.default) or 0),
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": everywhere,
        "QuotaAppliedAtLevel": "ACCOUNT",
    }


def _page(name: str, items: list[Json], key: str, request: Json) -> Json:
    keys = [str(item[key]) for item in items]
    try:
        start = pages.start(keys, request.get("NextToken"))
    except ValueError:
        text = "The pagination token is not valid."
        raise AwsError("InvalidPaginationTokenException", text) from None
    end = start + (request.get("MaxResults") or LARGEST)
    page: Json = {name: items[start:end]}
    if end < len(items):
        page["NextToken"] = pages.token(keys, end)
    return page


@aws_provider(api="service-quotas", name="default")  # type: ignore[untyped-decorator]
def service_quotas() -> Service:
    """The service, as LocalStack loads it on the first call."""
    native: dict[str, moto_service.Native] = {
        "GetAWSDefaultServiceQuota": _default,
        "GetServiceQuota": _applied,
        "ListAWSDefaultServiceQuotas": _all_defaults,
        "ListServiceQuotas": _all_applied,
        "ListServices": _services,
    }
    return moto_service.service(
        "service-quotas", native, "IllegalArgumentException", fallback=False
    )
