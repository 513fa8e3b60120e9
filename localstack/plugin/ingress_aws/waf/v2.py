"""WAFv2: moto's, which does not ask whether a load balancer exists."""

from typing import Any

from localstack.services.plugins import Service, aws_provider

from ingress_aws import moto_service
from ingress_aws.waf import resource

Json = dict[str, Any]


# Of what ARN a web ACL for CloudFront is: it is of no region.
GLOBAL = ":global/webacl/"


def _associate(account: str, region: str, request: Json) -> None:
    """AssociateWebACL: of an ACL for resources in a region, which a load balancer has one of."""
    from moto.wafv2.models import wafv2_backends

    arn, acl = request["ResourceArn"], request["WebACLArn"]
    resource.require(account, region, arn)
    if GLOBAL in acl:
        raise resource.invalid("WebACLArn", acl)
    resource.require_ready(account, region, arn)
    backend = wafv2_backends[account][region]
    if acl in backend.wacls:
        backend.disassociate_web_acl(arn)


def _delete(account: str, region: str, request: Json) -> None:
    """DeleteWebACL: of one that no resource has."""
    from moto.wafv2.models import wafv2_backends

    for acl in wafv2_backends[account][region].wacls.values():
        used = any(resource.is_there(account, region, arn) for arn in acl.associated_resources)
        if acl.id == request["Id"] and used:
            raise resource.associated()


def of_resource(account: str, region: str, arn: str) -> list[str]:
    """The ARN of the web ACL that a resource has, if it has one."""
    from moto.wafv2.models import wafv2_backends

    acls = wafv2_backends[account][region].wacls.values()
    return [str(acl.arn) for acl in acls if arn in acl.associated_resources]


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
        "AssociateWebACL": _associate,
        "DeleteWebACL": _delete,
        "GetWebACLForResource": _for_resource,
        "ListResourcesForWebACL": _resources,
    }
    return moto_service.service("wafv2", native, "WAFInvalidParameterException")
