"""WAFv2: moto's, which does not ask whether a load balancer exists."""

from typing import Any

from localstack.services.plugins import Service, aws_provider

from albedo_aws import moto_service
from albedo_aws.waf import resource

Json = dict[str, Any]


def _for_resource(account: str, region: str, request: Json) -> None:
    resource.require(account, region, request["ResourceArn"])


def _resources(account: str, region: str, request: Json) -> Json:
    """ListResourcesForWebACL, which moto does not have; only load balancers are known here."""
    from moto.wafv2.models import wafv2_backends

    found = wafv2_backends[account][region].wacls.get(request["WebACLArn"])
    if found is None:
        raise resource.nonexistent()
    kind = request.get("ResourceType", "APPLICATION_LOAD_BALANCER")
    arns = found.associated_resources if kind == "APPLICATION_LOAD_BALANCER" else []
    return {"ResourceArns": [arn for arn in arns if resource.is_there(account, region, arn)]}


@aws_provider(api="wafv2", name="default")  # type: ignore[untyped-decorator]
def wafv2() -> Service:
    """The service, as LocalStack loads it on the first call."""
    native: dict[str, moto_service.Native] = {
        "AssociateWebACL": _for_resource,
        "GetWebACLForResource": _for_resource,
        "ListResourcesForWebACL": _resources,
    }
    return moto_service.service("wafv2", native, "WAFInvalidParameterException")
