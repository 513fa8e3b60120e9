"""What calls of Elastic Load Balancing need.

Resources and keys are those of the Service Authorization Reference ("AWS Elastic Load Balancing
V2"). What ELB asks of other services in the caller's name is in its user guide ("Elastic Load
Balancing API permissions") and, where that is older than ELB itself, in what AWS has refused in
public.
"""

import re
from collections.abc import Iterator

from ingress_aws.elbv2 import service_role
from ingress_aws.iam.need import ANYTHING, Call, Need, tag_facts, tags_of

PREFIX = "elasticloadbalancing"
READ = re.compile(r"^(Describe|Get)")
# Reads that are on a resource all the same.
READS_ON_RESOURCES = {
    "GetResourcePolicy", "GetTrustStoreCaCertificatesBundle", "GetTrustStoreRevocationContent",
}  # fmt: skip
RESOURCES = (
    "LoadBalancerArn", "ListenerArn", "TargetGroupArn", "RuleArn", "TrustStoreArn", "ResourceArn",
    "ResourceArns",
)  # fmt: skip
# What is made: the kind, and what comes after it as far as it is known beforehand. A listener's ARN
# begins as its load balancer's, a rule's as its listener's.
NEW = {
    "CreateListener": "listener/{LoadBalancerArn}/*",
    "CreateLoadBalancer": "loadbalancer/{Path}/{Name}/*",
    "CreateRule": "listener-rule/{ListenerArn}/*",
    "CreateTargetGroup": "targetgroup/{Name}/*",
    "CreateTrustStore": "truststore/{Name}/*",
}
# Those of them that are made in something, which is what the call is on.
INSIDE = ("CreateListener", "CreateRule")
# By operation, what ELB looks up in the caller's name.
LOOKED_UP = {
    "CreateLoadBalancer": (
        "ec2:DescribeAccountAttributes", "ec2:DescribeAddresses", "ec2:DescribeInternetGateways",
        "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs",
        # Not in the guide; AWS Load Balancer Controller #3917 has AWS's refusal.
        "ec2:GetSecurityGroupsForVpc",
    ),
    "CreateTargetGroup": ("ec2:DescribeInternetGateways", "ec2:DescribeVpcs"),
    "RegisterTargets": (
        "ec2:DescribeInstances", "ec2:DescribeInternetGateways", "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
    ),
    "SetIpAddressType": ("ec2:DescribeSubnets",),
    "SetSubnets": ("ec2:DescribeSubnets",),
}  # fmt: skip


def needs(call: Call) -> Iterator[Need]:
    """Everything that must be allowed for a call to go through."""
    facts = tag_facts(call) | dict(_facts(call))
    action = f"{PREFIX}:{call.operation}"
    for arn in _resources(call):
        yield Need(action, arn, facts)
    if call.operation in NEW and tags_of(call):
        creating = facts | {f"{PREFIX}:createaction": [call.operation]}
        yield Need(f"{PREFIX}:AddTags", _new(call), creating)
    for asked in LOOKED_UP.get(call.operation, ()):
        yield Need(asked)
    yield from _pools(call)
    place = call.account, call.partition
    if call.operation in service_role.MAKERS and not service_role.is_there(*place):
        of_elb = {"iam:awsservicename": [service_role.SERVICE]}
        yield Need("iam:CreateServiceLinkedRole", service_role.arn(*place), of_elb)


def _resources(call: Call) -> list[str]:
    if READ.match(call.operation) and call.operation not in READS_ON_RESOURCES:
        return [ANYTHING]
    if call.operation in NEW and call.operation not in INSIDE:
        return [_new(call)]
    ordered = [str(pair.get("RuleArn")) for pair in call.structures("RulePriorities")]
    return call.named(*RESOURCES) + ordered or [ANYTHING]


def _new(call: Call) -> str:
    """The ARN of what is made, as far as it is known beforehand."""
    # An ARN counts from the kind of its load balancer on: `app/web/50dc6c495c0c9188`.
    parts = {
        name: str(given).rpartition(":")[2].partition("/")[2] if name.endswith("Arn") else given
        for name, given in call.request.items()
    }
    network = call.request.get("Type") == "network"
    known = {
        "Path": "net" if network else "app",
        "Name": "*",
        "LoadBalancerArn": "*",
        "ListenerArn": "*",
    } | parts
    return call.arn(PREFIX, NEW[call.operation].format(**known))


def _facts(call: Call) -> Iterator[tuple[str, list[str]]]:
    """What the keys of ELB's own say: each goes with some operations."""
    request, operation = call.request, call.operation
    if operation == "CreateLoadBalancer":
        yield f"{PREFIX}:scheme", [str(request.get("Scheme") or "internet-facing")]
    if operation in ("CreateLoadBalancer", "SetSubnets"):
        mapped = [str(each.get("SubnetId")) for each in call.structures("SubnetMappings")]
        if subnets := call.named("Subnets") + mapped:
            yield f"{PREFIX}:subnet", subnets
    if operation in ("CreateLoadBalancer", "SetSecurityGroups"):
        if groups := call.named("SecurityGroups"):
            yield f"{PREFIX}:securitygroup", groups
    if operation in ("CreateListener", "ModifyListener"):
        for key, member in (("listenerprotocol", "Protocol"), ("securitypolicy", "SslPolicy")):
            if request.get(member):
                yield f"{PREFIX}:{key}", [str(request[member])]


def _pools(call: Call) -> Iterator[Need]:
    """ELB looks up the clients of Cognito in the caller's name (awslabs/kubeflow-manifests #18)."""
    for action in call.structures("DefaultActions", "Actions"):
        pool = (action.get("AuthenticateCognitoConfig") or {}).get("UserPoolArn")
        if pool:
            yield Need("cognito-idp:DescribeUserPoolClient", str(pool))
