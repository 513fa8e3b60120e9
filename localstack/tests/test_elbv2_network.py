"""Network Load Balancers, as far as one in front of an Application Load Balancer goes."""

from typing import Any

import pytest
from aws import NOT_FOUND, Account, forward, path, refused


def nlb(aws: Account, name: str = "front", **more: Any) -> dict[str, Any]:
    return aws.load_balancer(name, Type="network", **more)


def tcp(aws: Account, arn: str, group: str, **more: Any) -> dict[str, Any]:
    return aws.listener(arn, **{"Protocol": "TCP", "DefaultActions": [forward(group)], **more})


def of_balancers(aws: Account, name: str = "albs", **more: Any) -> str:
    """A target group for Application Load Balancers."""
    return aws.target_group_arn(name, TargetType="alb", Protocol="TCP", **more)


@pytest.mark.B
def test_create(aws: Account) -> None:
    made = nlb(aws, Subnets=aws.subnet_ids(1))
    assert (made["Type"], made["State"]["Code"]) == ("network", "provisioning")
    assert ":loadbalancer/net/front/" in made["LoadBalancerArn"]
    assert made.get("SecurityGroups", []) == []
    assert [one["SubnetId"] for one in made["AvailabilityZones"]] == aws.subnet_ids(1)
    again = nlb(aws, Subnets=aws.subnet_ids(1))
    assert again["LoadBalancerArn"] == made["LoadBalancerArn"]
    with refused("DuplicateLoadBalancerName"):
        aws.load_balancer("front")
    with refused("InvalidConfigurationRequest"):
        nlb(aws, "v6", IpAddressType="dualstack-without-public-ipv4")


@pytest.mark.D
def test_names_in_dns(aws: Account) -> None:
    """The zone is that of "Elastic Load Balancing endpoints and quotas"."""
    made = nlb(aws, Scheme="internal")
    ending = made["LoadBalancerArn"].rpartition("/")[2]
    assert made["DNSName"] == f"front-{ending}.elb.us-east-1.amazonaws.com"
    assert made["CanonicalHostedZoneId"] == "Z26RNL4JYFTOTI"


@pytest.mark.B
def test_addresses_of_its_own(aws: Account) -> None:
    first, second = aws.subnet_ids()
    given = aws.ec2.allocate_address(Domain="vpc")
    mapped = [{"SubnetId": first, "AllocationId": given["AllocationId"]}, {"SubnetId": second}]
    made = nlb(aws, Subnets=None, SubnetMappings=mapped)
    told = {one["SubnetId"]: one["LoadBalancerAddresses"] for one in made["AvailabilityZones"]}
    public = {"IpAddress": given["PublicIp"], "AllocationId": given["AllocationId"]}
    assert told == {first: [public], second: []}
    with refused("ResourceInUse"):
        nlb(aws, "other", Subnets=None, SubnetMappings=mapped)
    with refused("AllocationIdNotFound"):
        unknown = [{"SubnetId": first, "AllocationId": "eipalloc-00000000000000000"}]
        nlb(aws, "other", Subnets=None, SubnetMappings=unknown)
    with refused("InvalidConfigurationRequest"):
        nlb(aws, "other", Scheme="internal", Subnets=None, SubnetMappings=mapped)


@pytest.mark.B
def test_private_addresses(aws: Account) -> None:
    subnet, block = aws.subnets[0]["SubnetId"], aws.subnets[0]["CidrBlock"]
    private = block.rpartition(".")[0] + ".99"
    mapped = [{"SubnetId": subnet, "PrivateIPv4Address": private}]
    with refused("InvalidConfigurationRequest"):
        nlb(aws, Subnets=None, SubnetMappings=mapped)
    with refused("InvalidConfigurationRequest"):
        outside = [{"SubnetId": subnet, "PrivateIPv4Address": "10.9.9.9"}]
        nlb(aws, Scheme="internal", Subnets=None, SubnetMappings=outside)
    made = nlb(aws, Scheme="internal", Subnets=None, SubnetMappings=mapped)
    [zone] = made["AvailabilityZones"]
    assert zone["LoadBalancerAddresses"] == [{"PrivateIPv4Address": private}]
    found = aws.ec2.describe_network_interfaces()["NetworkInterfaces"]
    [interface] = [one for one in found if one["Description"].startswith("ELB net/front/")]
    assert interface["PrivateIpAddress"] == private
    assert interface["InterfaceType"] == "network_load_balancer"


@pytest.mark.B
def test_security_groups_from_the_beginning_or_never(aws: Account) -> None:
    group, other = aws.security_group("g"), aws.security_group("other")
    bare = nlb(aws, "bare")["LoadBalancerArn"]
    change = aws.elbv2.set_security_groups
    with refused("InvalidConfigurationRequest"):
        change(LoadBalancerArn=bare, SecurityGroups=[group])
    guarded = nlb(aws, SecurityGroups=[group])
    assert guarded["SecurityGroups"] == [group]
    assert guarded["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] == "on"
    told = change(
        LoadBalancerArn=guarded["LoadBalancerArn"],
        SecurityGroups=[other],
        EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic="off",
    )
    assert told["SecurityGroupIds"] == [other]
    assert told["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] == "off"


@pytest.mark.B
def test_attributes(aws: Account) -> None:
    arn = nlb(aws)["LoadBalancerArn"]
    told = aws.elbv2.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    attributes = {one["Key"]: one["Value"] for one in told}
    assert attributes["load_balancing.cross_zone.enabled"] == "false"
    assert attributes["dns_record.client_routing_policy"] == "any_availability_zone"
    assert "idle_timeout.timeout_seconds" not in attributes

    def change(key: str, value: str) -> None:
        aws.elbv2.modify_load_balancer_attributes(
            LoadBalancerArn=arn, Attributes=[{"Key": key, "Value": value}]
        )

    change("load_balancing.cross_zone.enabled", "true")
    change("secondary_ips.auto_assigned.per_subnet", "2")
    with refused("InvalidConfigurationRequest"):
        change("secondary_ips.auto_assigned.per_subnet", "1")
    with refused("ValidationError"):
        change("idle_timeout.timeout_seconds", "60")


@pytest.mark.B
def test_attributes_of_target_groups(aws: Account) -> None:
    describe = aws.elbv2.describe_target_group_attributes

    def told(name: str, **more: Any) -> dict[str, str]:
        arn = aws.target_group_arn(name, **more)
        return {o["Key"]: o["Value"] for o in describe(TargetGroupArn=arn)["Attributes"]}

    ip = told("ip", Protocol="TCP")
    assert (ip["preserve_client_ip.enabled"], ip["stickiness.type"]) == ("false", "source_ip")
    assert (
        told("node", Protocol="TCP", TargetType="instance")["preserve_client_ip.enabled"] == "true"
    )
    udp = told("udp", Protocol="UDP")
    assert udp["preserve_client_ip.enabled"] == "true"
    assert udp["deregistration_delay.connection_termination.enabled"] == "true"
    assert "load_balancing.algorithm.type" not in ip


@pytest.mark.D
def test_attributes_of_groups_of_load_balancers_cannot_change(aws: Account) -> None:
    group = of_balancers(aws)
    with refused("InvalidConfigurationRequest"):
        aws.elbv2.modify_target_group_attributes(
            TargetGroupArn=group,
            Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "10"}],
        )


@pytest.mark.B
@pytest.mark.parametrize("protocol", ["TCP", "UDP", "TCP_UDP"])
def test_listeners(aws: Account, protocol: str) -> None:
    arn = nlb(aws)["LoadBalancerArn"]
    group = aws.target_group_arn(Protocol=protocol)
    made = tcp(aws, arn, group, Protocol=protocol, Port=53)
    assert made["Protocol"] == protocol
    assert not {"Certificates", "SslPolicy", "MutualAuthentication", "AlpnPolicy"} & made.keys()
    assert made["DefaultActions"][0]["TargetGroupArn"] == group
    with refused("DuplicateListener"):
        tcp(aws, arn, aws.target_group_arn("b", Protocol="TCP"), Port=53)


@pytest.mark.B
def test_tls_listeners(aws: Account) -> None:
    arn = nlb(aws)["LoadBalancerArn"]
    group = aws.target_group_arn(Protocol="TLS")
    secure = {"Protocol": "TLS", "Port": 443}
    with refused("ValidationError"):
        tcp(aws, arn, group, **secure)
    certificates = [{"CertificateArn": aws.certificate("nlb.example.com")}]
    made = tcp(aws, arn, group, **secure, Certificates=certificates, AlpnPolicy=["HTTP2Preferred"])
    assert made["AlpnPolicy"] == ["HTTP2Preferred"]
    assert made["SslPolicy"] and made["Certificates"] == certificates
    assert "MutualAuthentication" not in made
    with refused("ValidationError"):
        aws.elbv2.modify_listener(ListenerArn=made["ListenerArn"], AlpnPolicy=["HTTP3"])
    with refused("ValidationError"):
        tcp(aws, arn, group, Port=444, Certificates=certificates)


@pytest.mark.B
def test_what_its_listeners_cannot_do(aws: Account) -> None:
    arn = nlb(aws)["LoadBalancerArn"]
    group, other = (aws.target_group_arn(name, Protocol="TCP") for name in ("a", "b"))
    with refused("ValidationError"):
        tcp(aws, arn, group, Protocol="HTTP")
    with refused("InvalidLoadBalancerAction"):
        tcp(aws, arn, group, DefaultActions=[NOT_FOUND])
    with refused("ValidationError"):
        tcp(aws, arn, group, DefaultActions=[forward(group, other)])
    listener = tcp(aws, arn, group)["ListenerArn"]
    with refused("InvalidConfigurationRequest"):
        aws.rule(listener, 1, Conditions=[path("/a")], Actions=[forward(other)])
    told = aws.elbv2.describe_listener_attributes(ListenerArn=listener)["Attributes"]
    assert told == [{"Key": "tcp.idle_timeout.seconds", "Value": "350"}]


@pytest.mark.D
@pytest.mark.parametrize(
    ("listener", "group"),
    [("TCP", "HTTP"), ("TCP", "UDP"), ("TCP", "TLS"), ("TCP_UDP", "TCP"), ("UDP", "TCP")],
)
def test_incompatible_protocols(aws: Account, listener: str, group: str) -> None:
    """ "Create a target group" in the guide of Network Load Balancers."""
    arn = nlb(aws)["LoadBalancerArn"]
    with refused("IncompatibleProtocols"):
        tcp(aws, arn, aws.target_group_arn(Protocol=group), Protocol=listener)


@pytest.mark.B
def test_no_udp_with_dualstack(aws: Account) -> None:
    aws.ipv6()
    arn = nlb(aws, IpAddressType="dualstack")["LoadBalancerArn"]
    group = aws.target_group_arn(Protocol="UDP")
    with refused("InvalidConfigurationRequest"):
        tcp(aws, arn, group, Protocol="UDP")
    aws.elbv2.set_ip_address_type(LoadBalancerArn=arn, IpAddressType="ipv4")
    tcp(aws, arn, group, Protocol="UDP")
    with refused("InvalidConfigurationRequest"):
        aws.elbv2.set_ip_address_type(LoadBalancerArn=arn, IpAddressType="dualstack")


@pytest.mark.D
def test_a_load_balancer_is_a_target(aws: Account) -> None:
    alb = aws.load_balancer()["LoadBalancerArn"]
    aws.listener(alb, DefaultActions=[NOT_FOUND])
    group = of_balancers(aws)
    tcp(aws, nlb(aws)["LoadBalancerArn"], group)
    aws.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": alb}])
    [told] = aws.health(group)
    assert told["Target"] == {"Id": alb, "Port": 80}
    assert told["TargetHealth"]["State"] == "healthy"
    second = aws.load_balancer("second")["LoadBalancerArn"]
    aws.listener(second)
    with refused("TooManyTargets"):
        aws.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": second}])
    aws.elbv2.deregister_targets(TargetGroupArn=group, Targets=[{"Id": alb}])
    assert aws.states(group) == ["draining"]


@pytest.mark.P
def test_a_target_needs_a_listener(aws: Account) -> None:
    """hashicorp/terraform-provider-aws #38987 has AWS's words."""
    alb = aws.load_balancer()["LoadBalancerArn"]
    aws.listener(alb, 8080)
    group = of_balancers(aws)
    words = "the target must have at least one listener that matches the target group port"
    with pytest.raises(aws.elbv2.exceptions.ClientError, match=words) as caught:
        aws.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": alb}])
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    aws.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": alb, "Port": 8080}])


@pytest.mark.P
def test_a_listener_that_a_target_stands_on_stays(aws: Account) -> None:
    """hashicorp/terraform-provider-aws #34860 has AWS's words."""
    alb = aws.load_balancer()["LoadBalancerArn"]
    listener = aws.listener(alb)["ListenerArn"]
    group = of_balancers(aws)
    aws.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": alb}])
    words = f"Listener port '80' is in use by registered target '{alb}' and cannot be removed"
    with pytest.raises(aws.elbv2.exceptions.ResourceInUseException, match=words):
        aws.elbv2.delete_listener(ListenerArn=listener)
    aws.elbv2.delete_listener(ListenerArn=aws.listener(alb, 81)["ListenerArn"])
    aws.elbv2.deregister_targets(TargetGroupArn=group, Targets=[{"Id": alb}])
    aws.elbv2.delete_listener(ListenerArn=listener)


@pytest.mark.D
def test_a_target_cannot_be_deleted(aws: Account) -> None:
    alb = aws.load_balancer()["LoadBalancerArn"]
    aws.listener(alb)
    group = of_balancers(aws)
    aws.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": alb}])
    with refused("ResourceInUse"):
        aws.elbv2.delete_load_balancer(LoadBalancerArn=alb)
    aws.elbv2.deregister_targets(TargetGroupArn=group, Targets=[{"Id": alb}])
    aws.elbv2.delete_load_balancer(LoadBalancerArn=alb)


@pytest.mark.D
def test_a_target_of_two(aws: Account) -> None:
    alb = aws.load_balancer()["LoadBalancerArn"]
    aws.listener(alb)
    groups = [of_balancers(aws, name) for name in ("a", "b", "c")]
    for group in groups[:2]:
        aws.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": alb}])
    with refused("TooManyRegistrationsForTargetId"):
        aws.elbv2.register_targets(TargetGroupArn=groups[2], Targets=[{"Id": alb}])


@pytest.mark.D
def test_targets_of_the_same_network_only(aws: Account) -> None:
    alb = aws.load_balancer()["LoadBalancerArn"]
    aws.listener(alb)
    other = aws.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    with refused("InvalidTarget"):
        aws.elbv2.register_targets(
            TargetGroupArn=of_balancers(aws, VpcId=other), Targets=[{"Id": alb}]
        )
    network, group = nlb(aws)["LoadBalancerArn"], of_balancers(aws, "here")
    with refused("ValidationError"):
        aws.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": network}])


@pytest.mark.D
def test_health_of_a_load_balancer_needs_a_listener_for_the_check(aws: Account) -> None:
    alb = aws.load_balancer()["LoadBalancerArn"]
    aws.listener(alb)
    group = of_balancers(aws, HealthCheckProtocol="HTTPS", HealthCheckPort="443")
    tcp(aws, nlb(aws)["LoadBalancerArn"], group)
    aws.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": alb}])
    assert aws.states(group) == ["unhealthy"]
    aws.https_listener(alb)
    assert aws.states(group) == ["healthy"]


@pytest.mark.D
def test_only_tcp_listeners_forward_to_load_balancers(aws: Account) -> None:
    arn = nlb(aws)["LoadBalancerArn"]
    certificates = [{"CertificateArn": aws.certificate("nlb.example.com")}]
    with refused("IncompatibleProtocols"):
        tcp(aws, arn, of_balancers(aws), Protocol="TLS", Certificates=certificates)


@pytest.mark.D
def test_quotas_of_their_own(aws: Account) -> None:
    aws.settings(quota_network_load_balancers=1, quota_application_load_balancers=1)
    arn = nlb(aws)["LoadBalancerArn"]
    aws.load_balancer("web")
    with refused("TooManyLoadBalancers"):
        nlb(aws, "more")
    aws.settings(quota_listeners_per_network_load_balancer=1)
    tcp(aws, arn, aws.target_group_arn("a", Protocol="TCP"))
    with refused("TooManyListeners"):
        tcp(aws, arn, aws.target_group_arn("b", Protocol="TCP"), Port=81)


@pytest.mark.B
def test_no_web_acl(aws: Account) -> None:
    visibility = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False,
                  "MetricName": "m"}  # fmt: skip
    waf = aws.client("wafv2")
    acl = waf.create_web_acl(
        Name="a", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=visibility
    )["Summary"]["ARN"]
    with refused("WAFInvalidParameterException"):
        waf.associate_web_acl(WebACLArn=acl, ResourceArn=nlb(aws)["LoadBalancerArn"])
