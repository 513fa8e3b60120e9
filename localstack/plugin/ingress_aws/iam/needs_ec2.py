"""What calls of EC2 need, by the Service Authorization Reference ("Amazon EC2"), as far as
controllers come: the resources that a request names, and those that it makes.
"""

import re
from collections.abc import Iterator
from typing import Any

from ingress_aws.ec2 import backend
from ingress_aws.iam.need import ANYTHING, Call, Need, tag_facts, tags_of

Facts = dict[str, list[str]]

READ = re.compile(r"^(Describe|Get)")
# Where a request names what it is on, by kind.
RESOURCES = {
    "GroupId": "security-group",
    "SubnetId": "subnet",
    "VpcId": "vpc",
    "NetworkInterfaceId": "network-interface",
}
KINDS = {
    "sg": "security-group", "sgr": "security-group-rule", "subnet": "subnet", "vpc": "vpc",
    "eni": "network-interface", "i": "instance", "rtb": "route-table", "igw": "internet-gateway",
}  # fmt: skip
NEW = {
    "CreateNetworkInterface": "network-interface",
    "CreateSecurityGroup": "security-group",
    "CreateSubnet": "subnet",
    "CreateVpc": "vpc",
}
TAGGING = ("CreateTags", "DeleteTags")


def needs(call: Call) -> Iterator[Need]:
    """Everything that must be allowed for a call to go through."""
    action = f"ec2:{call.operation}"
    tags = tag_facts(call)
    if READ.match(call.operation):
        yield Need(action)
        return
    resources = list(_resources(call))
    for arn in resources:
        # The tags of a request are a matter of what gets them.
        tagged = call.operation in TAGGING or arn.endswith("/*")
        yield Need(action, arn, (tags if tagged else {}) | _facts(call, arn))
    if not resources:
        yield Need(action, ANYTHING, tags)
    if call.operation not in TAGGING and tags_of(call):
        creating = tags | {"ec2:createaction": [call.operation]}
        for specification in call.structures("TagSpecifications"):
            kind = str(specification.get("ResourceType"))
            yield Need("ec2:CreateTags", call.arn("ec2", f"{kind}/*"), creating)


def _resources(call: Call) -> Iterator[str]:
    if call.operation in NEW:
        yield call.arn("ec2", f"{NEW[call.operation]}/*")
    for member, kind in RESOURCES.items():
        if call.request.get(member):
            yield call.arn("ec2", f"{kind}/{call.request[member]}")
    for resource in call.named("Resources"):
        yield call.arn("ec2", f"{KINDS.get(resource.partition('-')[0], ANYTHING)}/{resource}")


def _facts(call: Call, arn: str) -> Facts:
    """What the keys of EC2's own say of a resource."""
    kind, _, name = arn.rpartition(":")[2].partition("/")
    find = FINDERS.get(kind)
    thing = find(backend.of(call.account, call.region), name) if find and name != ANYTHING else None
    facts: Facts = {}
    if kind == "security-group" and name != ANYTHING:
        facts["ec2:securitygroupid"] = [name]
    elif kind == "vpc":
        facts["ec2:vpcid"] = [name]
    elif kind == "subnet" and name != ANYTHING:
        facts["ec2:subnetid"] = [name]
    elif kind == "network-interface" and name != ANYTHING:
        facts["ec2:networkinterfaceid"] = [name]
    if thing is not None:
        facts |= _place(call, thing)
    return facts


def _place(call: Call, thing: Any) -> Facts:
    """Where a thing is, as ARNs."""
    facts: Facts = {}
    subnet = getattr(thing, "subnet", None)
    vpc = getattr(thing, "vpc_id", None) or getattr(subnet, "vpc_id", None)
    if vpc:
        facts["ec2:vpc"] = [call.arn("ec2", f"vpc/{vpc}")]
    if subnet is not None:
        facts["ec2:subnet"] = [call.arn("ec2", f"subnet/{subnet.id}")]
    zone = getattr(subnet if subnet is not None else thing, "availability_zone", None)
    if zone:
        facts["ec2:availabilityzone"] = [str(zone)]
    return facts


def _group(ec2: Any, name: str) -> Any:
    return next((groups[name] for groups in ec2.groups.values() if name in groups), None)


def _subnet(ec2: Any, name: str) -> Any:
    return next((subnets[name] for subnets in ec2.subnets.values() if name in subnets), None)


FINDERS: dict[str, Any] = {
    "security-group": _group,
    "subnet": _subnet,
    "network-interface": lambda ec2, name: ec2.enis.get(name),
}
