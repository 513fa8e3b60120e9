"""`/_albedo/dump`, `/load` and `/reset`: all that an account has, native or LocalStack's own."""

import time
from typing import Any

import pytest
from aws import Account, forward, path
from dumps import difference


def _fill(aws: Account) -> dict[str, Any]:
    """Something of everything; what comes back is how the account looks."""
    group = aws.target_group_arn()
    listener = aws.http_listener()
    rule = {"Conditions": [path("/a")], "Actions": [forward(group)]}
    aws.rule(listener, 1, Tags=[{"Key": "k", "Value": "v"}], **rule)
    subnet = aws.subnets[0]["CidrBlock"].rpartition(".")[0]
    aws.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": f"{subnet}.10"}])
    aws.certificate("a.example.com")
    zones = aws.client("route53")
    zones.create_hosted_zone(Name="example.com", CallerReference=aws.id)
    node = aws.security_group("nodes")
    aws.ec2.run_instances(
        ImageId=aws.ec2.describe_images()["Images"][0]["ImageId"],
        MinCount=1,
        MaxCount=1,
        SubnetId=aws.subnet_ids()[0],
        SecurityGroupIds=[node],
    )
    aws.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")
    aws.client("cognito-idp").create_user_pool(PoolName="p")
    aws.client("shield").create_subscription()
    return _look(aws)


def _look(aws: Account) -> dict[str, Any]:
    calls = [
        (aws.elbv2, "describe_load_balancers", {}),
        (aws.elbv2, "describe_target_groups", {}),
        (aws.client("acm"), "list_certificates", {}),
        (aws.client("route53"), "list_hosted_zones", {}),
        (aws.ec2, "describe_security_groups", {}),
        (aws.ec2, "describe_instances", {}),
        (aws.ec2, "describe_subnets", {}),
        (aws.client("iam"), "list_roles", {}),
        (aws.client("cognito-idp"), "list_user_pools", {"MaxResults": 9}),
        (aws.client("shield"), "get_subscription_state", {}),
    ]
    seen = {name: getattr(client, name)(**more) for client, name, more in calls}
    for answer in seen.values():
        del answer["ResponseMetadata"]
    for group in seen["describe_target_groups"]["TargetGroups"]:
        seen["health"] = aws.health(group["TargetGroupArn"])
    for one in seen["describe_load_balancers"]["LoadBalancers"]:
        arn = one["LoadBalancerArn"]
        [listener] = aws.elbv2.describe_listeners(LoadBalancerArn=arn)["Listeners"]
        rules = aws.elbv2.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
        seen |= {"listener": listener, "rules": rules}
    return seen


def test_dump_and_load(aws: Account) -> None:
    filled = _fill(aws)
    aws.settings(quota_target_groups=7)
    dumped = aws.control("GET", f"/dump?account={aws.id}")
    aws.control("POST", f"/reset?account={aws.id}")
    assert aws.elbv2.describe_load_balancers()["LoadBalancers"] == []
    assert aws.control("POST", "/load", dumped) == {"account": aws.id}
    assert _look(aws) == filled
    settings = aws.control("GET", f"/settings?account={aws.id}")
    assert settings["elbv2.quota.target-groups"]["value"] == 7


def test_what_is_loaded_lives(aws: Account) -> None:
    _fill(aws)
    aws.control("POST", "/load", aws.control("GET", f"/dump?account={aws.id}"))
    listener = aws.elbv2.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
    aws.elbv2.delete_load_balancer(LoadBalancerArn=listener)
    group = aws.elbv2.describe_target_groups()["TargetGroups"][0]["TargetGroupArn"]
    aws.elbv2.delete_target_group(TargetGroupArn=group)
    made = aws.security_group("more")
    aws.ec2.authorize_security_group_ingress(
        GroupId=made,
        IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}],
    )
    aws.ec2.delete_security_group(GroupId=made)


def test_what_is_loaded_is_dumped_as_it_was(aws: Account) -> None:
    """Sets too, which Python puts into an order by chance; of 40 names some change places."""
    zones = aws.client("route53")
    for number in range(40):
        name = f"z{number}.example.com"
        zones.create_hosted_zone(Name=name, CallerReference=f"{aws.id}-{number}")
    aws.control("POST", "/clock", {"account": aws.id, "stopped": True})
    dumped = aws.control("GET", f"/dump?account={aws.id}")
    aws.control("POST", "/load", dumped)
    again = aws.control("GET", f"/dump?account={aws.id}")
    assert difference(dumped["state"], again["state"]) == ""


def test_a_look_changes_nothing_of_a_dump(aws: Account) -> None:
    """The resolver looks whenever it likes, between two dumps, too; of 30 chances it takes some."""
    zones = aws.client("route53")
    aws.control("POST", "/clock", {"account": aws.id, "stopped": True})
    for number in range(30):
        name = f"z{number}.example.com"
        zone = zones.create_hosted_zone(Name=name, CallerReference=f"{aws.id}-{number}")
        dumped = aws.control("GET", f"/dump?account={aws.id}")
        zones.list_resource_record_sets(HostedZoneId=zone["HostedZone"]["Id"])
        again = aws.control("GET", f"/dump?account={aws.id}")
        assert difference(dumped["state"], again["state"]) == ""


def _of_moto(service: str) -> dict[str, Any]:
    """The state of an account that has nothing but this service of moto's."""
    empty = {"mapping": "dict", "items": []}
    moto = {"mapping": "dict", "items": [[service, {"ref": 1}]]}
    root = {"mapping": "dict", "items": [["native", {"ref": 1}], ["moto", {"ref": 2}]]}
    return {"root": {"ref": 0}, "nodes": [root, empty, moto]}


@pytest.mark.parametrize(
    "spoil",
    [
        {"format": "other"},
        {"account": 7},
        {"time": "now"},
        {"state": {}},
        {"state": {"root": {"ref": 0}, "nodes": [{"object": "os:system", "attributes": {}}]}},
        {"state": {"root": {"ref": 0}, "nodes": [{"named": "subprocess:Popen"}]}},
        {"state": {"root": {"ref": 7}, "nodes": []}},
        {"state": {"root": {"ref": 0}, "nodes": [{"method": "x", "of": {"ref": 0}}]}},
        {"settings": {"nothing": 1}},
        {"settings": [1]},
        {"state": {"root": 5, "nodes": []}},
        {"state": {"root": {"ref": 0}, "nodes": [{"list": []}]}},
        {"state": _of_moto("os:System")},
        {"state": _of_moto("moto.nothing:Backend")},
        {"state": _of_moto("moto.ec2.models:Vpc")},
    ],
    ids=str,
)
def test_a_bad_dump_changes_nothing(aws: Account, spoil: dict[str, Any]) -> None:
    aws.target_group()
    dumped = aws.control("GET", f"/dump?account={aws.id}")
    assert aws.control_refuses("POST", "/load", dumped | spoil)
    assert len(aws.elbv2.describe_target_groups()["TargetGroups"]) == 1


def test_reset_forgets_ec2_too(aws: Account) -> None:
    aws.security_group("mine")
    aws.control("POST", f"/reset?account={aws.id}")
    groups = aws.ec2.describe_security_groups()["SecurityGroups"]
    assert [group["GroupName"] for group in groups] == ["default"]


def test_reset_takes_at_most_50_ms(aws: Account) -> None:
    """The best of five, since a machine that builds something else at the same time is slow."""

    def reset() -> float:
        _fill(aws)
        began = time.perf_counter()
        aws.control("POST", f"/reset?account={aws.id}")
        aws.__dict__.pop("subnets", None)
        return time.perf_counter() - began

    assert min(reset() for _ in range(5)) <= 0.05


def test_reset_of_nobody(aws: Account) -> None:
    assert aws.control_refuses("POST", "/reset")
