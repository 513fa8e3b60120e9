"""Which ids and ARNs a call made, read from its answer."""

from functools import cache
from typing import Any

import jmespath

# Where an answer names what was made. Calls that are not here make nothing that has an id.
PLACES = {
    "acm.ImportCertificate": "[CertificateArn]",
    "acm.RequestCertificate": "[CertificateArn]",
    "ec2.AllocateAddress": "[AllocationId]",
    "ec2.AuthorizeSecurityGroupIngress": "SecurityGroupRules[].SecurityGroupRuleId",
    "ec2.AuthorizeSecurityGroupEgress": "SecurityGroupRules[].SecurityGroupRuleId",
    "ec2.CreateManagedPrefixList": "[PrefixList.PrefixListId]",
    "ec2.CreateInternetGateway": "[InternetGateway.InternetGatewayId]",
    "ec2.CreateNetworkInterface": "[NetworkInterface.NetworkInterfaceId]",
    "ec2.CreateRouteTable": "[RouteTable.RouteTableId]",
    "ec2.CreateSecurityGroup": "[GroupId]",
    "ec2.CreateSubnet": "[Subnet.SubnetId]",
    "ec2.CreateVpc": "[Vpc.VpcId]",
    "ec2.RunInstances": "Instances[].InstanceId",
    "elbv2.CreateListener": "Listeners[].ListenerArn",
    "elbv2.CreateLoadBalancer": "LoadBalancers[].LoadBalancerArn",
    "elbv2.CreateRule": "Rules[].RuleArn",
    "elbv2.CreateTargetGroup": "TargetGroups[].TargetGroupArn",
    "elbv2.CreateTrustStore": "TrustStores[].TrustStoreArn",
    "route53.ChangeResourceRecordSets": "[ChangeInfo.Id]",
    "route53.CreateHostedZone": "[HostedZone.Id, ChangeInfo.Id]",
    "shield.CreateProtection": "[ProtectionId]",
    "wafv2.CreateWebACL": "[Summary.ARN]",
}


def made_by(operation: str, answer: Any) -> list[str]:
    """The ids that an answer to `service.Operation` gives out."""
    place = PLACES.get(operation)
    if place is None or not isinstance(answer, dict):
        return []
    return [str(made) for made in _compiled(place).search(answer) or [] if made]


@cache
def _compiled(place: str) -> Any:
    return jmespath.compile(place)
