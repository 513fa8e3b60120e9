"""The quotas that are told: code, name and where the number is.

Codes and names are those that `aws service-quotas list-aws-default-service-quotas` gives, as they
stand in public copies of its answer; the numbers are the knobs' own, so that a quota that is set
for an account is told as it is held.
"""

from dataclasses import dataclass

from ingress_aws.acm import limits as acm
from ingress_aws.ec2 import interface_groups, security_group, security_group_rule
from ingress_aws.elbv2 import limits as elbv2
from ingress_aws.route53 import limits as route53
from ingress_aws.settings import Knob

SERVICES = {
    "acm": "AWS Certificate Manager (ACM)",
    "elasticloadbalancing": "Elastic Load Balancing (ELB)",
    "route53": "Amazon Route 53",
    "vpc": "Amazon Virtual Private Cloud (Amazon VPC)",
}
# Services without regions.
GLOBAL = ("route53",)


@dataclass(frozen=True, slots=True)
class Quota:
    """One quota."""

    service: str
    code: str
    name: str
    knob: Knob


QUOTAS = [
    Quota("acm", "L-3808DC70", "Imported certificates in last 365 days", acm.IMPORTED_YEARLY),
    Quota("acm", "L-D2CB7DE9", "Imported certificates", acm.IMPORTED),
    Quota("acm", "L-DA1D8B98", "ACM certificates created in last 365 days", acm.REQUESTED_YEARLY),
    Quota("acm", "L-F141DD1D", "ACM certificates", acm.REQUESTED),
    Quota("acm", "L-FB94F0B0", "Domain names per ACM certificate", acm.NAMES),
    Quota("elasticloadbalancing", "L-53DA6B97",
          "Application Load Balancers per Region", elbv2.LOAD_BALANCERS),
    Quota("elasticloadbalancing", "L-69A177A2",
          "Network Load Balancers per Region", elbv2.NETWORK_LOAD_BALANCERS),
    Quota("elasticloadbalancing", "L-7E6692B2",
          "Targets per Application Load Balancer", elbv2.TARGETS_PER_LOAD_BALANCER),
    Quota("elasticloadbalancing", "L-7EED9B64",
          "Rules per Application Load Balancer", elbv2.RULES),
    Quota("elasticloadbalancing", "L-9365A611",
          "Certificates per Application Load Balancer", elbv2.CERTIFICATES),
    Quota("elasticloadbalancing", "L-A0D0B863",
          "Targets per Target Group per Region", elbv2.TARGETS_PER_TARGET_GROUP),
    Quota("elasticloadbalancing", "L-B22855CB", "Target Groups per Region", elbv2.TARGET_GROUPS),
    Quota("elasticloadbalancing", "L-B6DF7632",
          "Listeners per Application Load Balancer", elbv2.LISTENERS),
    Quota("route53", "L-4EA4796A", "Hosted zones", route53.ZONES),
    Quota("route53", "L-E209CC9F", "Records per hosted zone", route53.RECORDS),
    Quota("vpc", "L-0EA8095F",
          "Inbound or outbound rules per security group", security_group_rule.RULES),
    Quota("vpc", "L-2AFB9258", "Security groups per network interface", interface_groups.GROUPS),
    Quota("vpc", "L-E79EC296", "VPC security groups per Region", security_group.GROUPS),
]  # fmt: skip
