"""What calls of the services beside EC2 and load balancing need, by the Service Authorization
Reference of each.
"""

import re
from collections.abc import Callable, Iterator

from ingress_aws.iam.need import ANYTHING, Call, Need, tag_facts, tags_of
from ingress_aws.route53 import name
from ingress_aws.route53.identifiers import bare
from ingress_aws.waf import v2

CHANGES = "route53:changeresourcerecordsets"
LOOK_UP_VPCS = "ec2:DescribeVpcs"
# Route 53's calls that are on no zone.
WITHOUT_ZONE = re.compile(r"^(ListHostedZones|GetHostedZoneCount|CreateHostedZone)")
# Those that look up the VPC that they name in the caller's name.
WITH_VPC = ("CreateHostedZone", "AssociateVPCWithHostedZone", "ListHostedZonesByVPC")
ELB = ":elasticloadbalancing:"
# What WAF asks of ELB in the caller's name.
WEB_ACL = "elasticloadbalancing:SetWebAcl"


def of_acm(call: Call) -> Iterator[Need]:
    """ACM: a certificate, those that are to be, or the list."""
    facts = tag_facts(call)
    action = f"acm:{call.operation}"
    if call.operation == "RequestCertificate":
        request = call.request
        domains = [str(request.get("DomainName")), *call.named("SubjectAlternativeNames")]
        facts |= {
            "acm:domainnames": domains,
            "acm:keyalgorithm": [str(request.get("KeyAlgorithm") or "RSA_2048")],
            "acm:validationmethod": [str(request.get("ValidationMethod") or "EMAIL")],
        }
        options = request.get("Options") or {}
        logging = options.get("CertificateTransparencyLoggingPreference") or "ENABLED"
        facts["acm:certificatetransparencylogging"] = [str(logging)]
        facts["acm:export"] = [str(options.get("Export") or "DISABLED")]
        if request.get("CertificateAuthorityArn"):
            facts["acm:certificateauthority"] = [str(request["CertificateAuthorityArn"])]
        yield Need(action, ANYTHING, facts)
    elif call.operation == "ListCertificates":
        yield Need(action)
    else:
        yield Need(action, _certificate(call), facts)
    makes = call.operation in ("ImportCertificate", "RequestCertificate")
    if makes and tags_of(call):
        yield Need("acm:AddTagsToCertificate", _certificate(call), facts)


def _certificate(call: Call) -> str:
    return str(call.request.get("CertificateArn") or call.arn("acm", "certificate/*"))


def of_route53(call: Call) -> Iterator[Need]:
    """Route 53: a zone, a health check, a change, or the lists."""
    facts = tag_facts(call) | _changed(call)
    vpc = call.request.get("VPC") or {
        key: call.request[key] for key in ("VPCId", "VPCRegion") if call.request.get(key)
    }
    if vpc:
        place = f"VPCId={vpc.get('VPCId')},VPCRegion={vpc.get('VPCRegion')}"
        facts["route53:vpcs"] = [place]
    for resource in _of_dns(call):
        yield Need(f"route53:{call.operation}", resource, facts)
    if vpc and call.operation in WITH_VPC:
        yield Need(LOOK_UP_VPCS)


def _of_dns(call: Call) -> list[str]:
    root = f"arn:{call.partition}:route53:::"
    request = call.request
    if call.operation == "GetChange":
        return [f"{root}change/{bare(str(request.get('Id')))}"]
    if request.get("HealthCheckId"):
        return [f"{root}healthcheck/{request['HealthCheckId']}"]
    kind = str(request.get("ResourceType") or "hostedzone")
    if tagged := call.named("ResourceId", "ResourceIds"):
        return [f"{root}{kind}/{bare(each)}" for each in tagged]
    zone = request.get("HostedZoneId") or request.get("Id")
    if zone and not WITHOUT_ZONE.match(call.operation):
        return [f"{root}hostedzone/{bare(str(zone))}"]
    return [ANYTHING]


def _changed(call: Call) -> dict[str, list[str]]:
    """What a batch of changes is about."""
    changes = (call.request.get("ChangeBatch") or {}).get("Changes") or []
    if not changes:
        return {}
    sets = [change.get("ResourceRecordSet") or {} for change in changes]
    return {
        f"{CHANGES}normalizedrecordnames": [name.normalized(str(one.get("Name"))) for one in sets],
        f"{CHANGES}recordtypes": [str(one.get("Type")) for one in sets],
        f"{CHANGES}actions": [str(change.get("Action")) for change in changes],
    }


def of_wafv2(call: Call) -> Iterator[Need]:
    """WAF: the web ACL, the load balancer, and ELB in the caller's name."""
    action = f"wafv2:{call.operation}"
    reads = call.operation.startswith("List")
    on = [] if reads else call.named("WebACLArn", "ResourceArn", "ARN")
    for resource in on or [ANYTHING]:
        yield Need(action, resource, tag_facts(call))
    changes = call.operation in ("AssociateWebACL", "DisassociateWebACL")
    balancer = str(call.request.get("ResourceArn"))
    if call.operation == "GetWebACLForResource":
        # botocore: the call uses GetWebACL to see whether the web ACL may be looked at.
        for arn in v2.of_resource(call.account, call.region, balancer):
            yield Need("wafv2:GetWebACL", arn)
    if changes and ELB in balancer:
        yield Need(WEB_ACL, balancer)


# Shield's calls that are on a protection.
ON_PROTECTION = ("CreateProtection", "DeleteProtection", "DescribeProtection")
LOOK_UP_BALANCERS = "elasticloadbalancing:DescribeLoadBalancers"


def of_shield(call: Call) -> Iterator[Need]:
    """Shield: a protection, which is in no region; and ELB, which knows the load balancer."""
    protection = str(call.request.get("ProtectionId") or ANYTHING)
    arn = call.arn("shield", f"protection/{protection}", everywhere=True)
    on = arn if call.operation in ON_PROTECTION else ANYTHING
    yield Need(f"shield:{call.operation}", on, tag_facts(call))
    if call.operation == "CreateProtection" and ELB in str(call.request.get("ResourceArn")):
        yield Need(LOOK_UP_BALANCERS)


def of_sts(call: Call) -> Iterator[Need]:
    """STS: the role."""
    role = call.request.get("RoleArn")
    facts = tag_facts(call)
    keys = {"sts:externalid": "ExternalId", "sts:rolesessionname": "RoleSessionName"}
    facts |= {key: [str(call.request[m])] for key, m in keys.items() if call.request.get(m)}
    if passed_on := call.named("TransitiveTagKeys"):
        facts["sts:transitivetagkeys"] = passed_on
    yield Need(f"sts:{call.operation}", str(role) if role else ANYTHING, facts)
    if role and tags_of(call):
        yield Need("sts:TagSession", str(role), facts)


def of_iam(call: Call) -> Iterator[Need]:
    """IAM: an identity or a policy."""
    request = call.request
    facts = tag_facts(call)
    if request.get("AWSServiceName"):
        facts["iam:awsservicename"] = [str(request["AWSServiceName"])]
    on = call.named("PolicyArn", "PolicySourceArn")
    for member, kind in (("RoleName", "role"), ("UserName", "user"), ("GroupName", "group")):
        if request.get(member):
            on.append(call.arn("iam", f"{kind}/{request[member]}", everywhere=True))
    for resource in on or [ANYTHING]:
        yield Need(f"iam:{call.operation}", resource, facts)


# What the tagging API asks of each service, to add tags and to take them away.
TAGGING = {
    "acm": ("acm:AddTagsToCertificate", "acm:RemoveTagsFromCertificate"),
    "ec2": ("ec2:CreateTags", "ec2:DeleteTags"),
    "elasticloadbalancing": ("elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"),
    "route53": ("route53:ChangeTagsForResource", "route53:ChangeTagsForResource"),
}


def of_tagging(call: Call) -> Iterator[Need]:
    """The tagging API: its own action, and the service's on each resource ("Required permissions"
    of TagResources in its API reference).
    """
    given = call.request.get("Tags") or {}
    facts = {f"aws:requesttag/{key.lower()}": [str(value)] for key, value in given.items()}
    if keys := list(given) or call.named("TagKeys"):
        facts["aws:tagkeys"] = keys
    yield Need(f"tag:{call.operation}", ANYTHING, facts)
    if call.operation in ("TagResources", "UntagResources"):
        for arn in call.named("ResourceARNList"):
            actions = TAGGING.get(arn.split(":")[2] if arn.count(":") > 2 else "")
            if actions is not None:
                yield Need(actions[call.operation == "UntagResources"], arn, facts)


def of_quotas(call: Call) -> Iterator[Need]:
    """Service Quotas, whose actions are not called as its endpoint is."""
    yield Need(f"servicequotas:{call.operation}")


def of_others(call: Call) -> Iterator[Need]:
    """What no table is about is on everything there is."""
    yield Need(f"{call.service}:{call.operation}", ANYTHING, tag_facts(call))


SERVICES: dict[str, Callable[[Call], Iterator[Need]]] = {
    "acm": of_acm,
    "iam": of_iam,
    "resourcegroupstaggingapi": of_tagging,
    "route53": of_route53,
    "service-quotas": of_quotas,
    "shield": of_shield,
    "sts": of_sts,
    "wafv2": of_wafv2,
}
