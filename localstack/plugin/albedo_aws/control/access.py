"""What a call needs to be allowed: actions, the resources they are on, and the facts about both."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from albedo_aws.acm.store import stores as acm_stores
from albedo_aws.ec2 import backend
from albedo_aws.elbv2 import regions
from albedo_aws.elbv2.store import STORES as ELBV2
from albedo_aws.route53.identifiers import bare

Json = dict[str, Any]
Tags = dict[str, str]

# The prefixes of actions, where they are not the service's name in the SDKs.
PREFIXES = {"elbv2": "elasticloadbalancing", "resourcegroupstaggingapi": "tag"}
ANYTHING = "*"

# "Actions, resources, and condition keys" of each service, as far as controllers come: where a
# request names the resource of an action. What is not here, and everything that only lists, is on
# every resource there is.
ELBV2_RESOURCES = (
    "LoadBalancerArn", "ListenerArn", "TargetGroupArn", "RuleArn", "TrustStoreArn", "ResourceArns",
)  # fmt: skip
ELBV2_NEW = {
    "CreateLoadBalancer": "loadbalancer/app/{Name}/*",
    "CreateTargetGroup": "targetgroup/{Name}/*",
    "CreateTrustStore": "truststore/{Name}/*",
}
EC2_RESOURCES = {
    "GroupId": "security-group/{}",
    "SubnetId": "subnet/{}",
    "VpcId": "vpc/{}",
    "NetworkInterfaceId": "network-interface/{}",
}
EC2_KINDS = {"sg": "security-group", "subnet": "subnet", "vpc": "vpc", "eni": "network-interface"}
EC2_NEW = {"CreateSecurityGroup": "security-group/*"}
SECOND_WORDS = re.compile(r"^(Describe|List|Get)")
# Those of the above that are on a resource all the same.
READS_ON_RESOURCES = {
    "acm.DescribeCertificate", "acm.GetCertificate", "acm.ListTagsForCertificate",
    "route53.GetHostedZone", "route53.ListResourceRecordSets", "route53.ListTagsForResource",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Need:
    """One action on one resource."""

    action: str
    resource: str
    facts: dict[str, list[str]] = field(default_factory=dict)


def needs(account: str, region: str, service: str, operation: str, request: Json) -> list[Need]:
    """Everything that must be allowed for a call to go through."""
    prefix = PREFIXES.get(service, service)
    facts = _request_facts(region, request) | _record_facts(request)
    resources = list(_resources(account, region, service, operation, request)) or [ANYTHING]
    found = [
        Need(f"{prefix}:{operation}", arn, facts | _resource_facts(account, region, prefix, arn))
        for arn in resources
    ]
    if service in ("elbv2", "ec2") and operation.startswith("Create") and _tags(request):
        action = f"{prefix}:{'AddTags' if service == 'elbv2' else 'CreateTags'}"
        if operation != "CreateTags":
            creating = facts | {f"{prefix}:createaction": [operation]}
            found += [Need(action, arn, creating) for arn in _made(found)]
    return found


def _made(found: list[Need]) -> Iterator[str]:
    """The resources that are made, as far as their ARNs can be known beforehand."""
    for need in found:
        if need.resource.endswith("*") or need.action.endswith(("CreateRule", "CreateListener")):
            yield need.resource


def _resources(
    account: str, region: str, service: str, operation: str, request: Json
) -> Iterator[str]:
    reads = SECOND_WORDS.match(operation) and f"{service}.{operation}" not in READS_ON_RESOURCES
    if reads:
        return
    partition = regions.partition(region)
    if service == "elbv2":
        yield from _of_elbv2(account, region, operation, request)
    elif service == "ec2":
        root = f"arn:{partition}:ec2:{region}:{account}:"
        if operation in EC2_NEW:
            yield root + EC2_NEW[operation]
        for name, form in EC2_RESOURCES.items():
            if request.get(name):
                yield root + form.format(request[name])
        for resource in request.get("Resources") or []:
            kind = EC2_KINDS.get(str(resource).partition("-")[0], ANYTHING)
            yield f"{root}{kind}/{resource}"
    elif service == "acm":
        arn = request.get("CertificateArn")
        yield arn or f"arn:{partition}:acm:{region}:{account}:certificate/*"
    elif service == "route53":
        zone = request.get("HostedZoneId") or request.get("Id") or request.get("ResourceId")
        if zone and operation != "GetChange":
            yield f"arn:{partition}:route53:::hostedzone/{bare(zone)}"
    elif request.get("ResourceArn"):
        yield str(request["ResourceArn"])


def _of_elbv2(account: str, region: str, operation: str, request: Json) -> Iterator[str]:
    root = f"arn:{regions.partition(region)}:elasticloadbalancing:{region}:{account}:"
    if operation in ELBV2_NEW:
        yield root + ELBV2_NEW[operation].format(Name=request.get("Name"))
    for name in ELBV2_RESOURCES:
        given = request.get(name) or []
        yield from [given] if isinstance(given, str) else given
    for pair in request.get("RulePriorities") or []:
        yield str(pair.get("RuleArn"))


def _record_facts(request: Json) -> dict[str, list[str]]:
    """What a batch of Route 53 changes is about."""
    changes = (request.get("ChangeBatch") or {}).get("Changes") or []
    if not changes:
        return {}
    sets = [change.get("ResourceRecordSet") or {} for change in changes]
    prefix = "route53:changeresourcerecordsets"
    return {
        f"{prefix}recordtypes": [str(one.get("Type")) for one in sets],
        f"{prefix}actions": [str(change.get("Action")) for change in changes],
    }


def _request_facts(region: str, request: Json) -> dict[str, list[str]]:
    tags = _tags(request)
    facts = {f"aws:requesttag/{key.lower()}": [value] for key, value in tags.items()}
    keys = list(tags) or [str(key) for key in request.get("TagKeys") or []]
    if keys:
        facts["aws:tagkeys"] = keys
    return facts | {"aws:requestedregion": [region]}


def _tags(request: Json) -> Tags:
    """The tags that a request gives, in each service's way."""
    given = list(request.get("Tags") or []) + list(request.get("AddTags") or [])
    for specification in request.get("TagSpecifications") or []:
        given += specification.get("Tags") or []
    return {
        str(tag.get("Key")): str(tag.get("Value") or "") for tag in given if isinstance(tag, dict)
    }


def _resource_facts(account: str, region: str, prefix: str, arn: str) -> dict[str, list[str]]:
    facts: dict[str, list[str]] = {}
    for key, value in _standing_tags(account, region, arn).items():
        facts[f"aws:resourcetag/{key.lower()}"] = [value]
        facts[f"{prefix}:resourcetag/{key.lower()}"] = [value]
    return facts


def _standing_tags(account: str, region: str, arn: str) -> Tags:
    """The tags that a resource has now."""
    if ":elasticloadbalancing:" in arn:
        store = ELBV2.get(account, region)
        tables: list[dict[str, Any]] = [
            store.load_balancers, store.target_groups, store.listeners, store.rules,
            store.trust_stores,
        ]  # fmt: skip
        found = next((table[arn] for table in tables if arn in table), None)
        return dict(found.tags) if found else {}
    if ":ec2:" in arn:
        return dict(backend.of(account, region).tags.get(arn.rpartition("/")[2], {}))
    if ":acm:" in arn:
        certificate = acm_stores.get(account, region).certificates.get(arn)
        return dict(certificate.tags) if certificate else {}
    return {}
