"""What the data plane is told: no more of it is made anew than a change touches, and no less."""

from collections.abc import Callable
from typing import Any

import pytest
from aws import Account, forward, path
from dataplane_ground import require
from world_of_chance import Chance

MANY = 20
# So many changes by chance, from each of these beginnings.
CHANGES = 150
SEEDS = (1, 2)

Json = dict[str, Any]


def _documents(aws: Account, *, anew: bool = False) -> Json:
    """The digests of what was told, or of what would be told if all were made now."""
    aws.control("GET", "/settled")
    return dict(_told(aws, anew=anew)["documents"])


def _told(aws: Account, *, anew: bool = False) -> Json:
    return dict(aws.control("GET", f"/documents?account={aws.id}&anew={int(anew)}"))


class Many:
    """Load balancers that share a security group, each with a rule that leads to a target."""

    def __init__(self, aws: Account) -> None:
        self.aws = aws
        require(aws)
        aws.settings(quota_application_load_balancers=MANY + 1, draining_seconds=0)
        self.shared = aws.security_group("shared")
        aws.open(group=self.shared)
        self.nodes = aws.security_group("nodes")
        self._let_in(self.nodes, UserIdGroupPairs=[{"GroupId": self.shared}])
        self.arns, self.groups, self.rules = [], [], []
        for number in range(MANY):
            self._add(number)

    def _add(self, number: int) -> None:
        aws = self.aws
        balancer = aws.load_balancer(f"many-{number}", SecurityGroups=[self.shared])
        group = aws.target_group_arn(f"many-{number}")
        interface = aws.ec2.create_network_interface(
            SubnetId=aws.subnet_ids()[0], Groups=[self.nodes]
        )["NetworkInterface"]
        self.address = str(interface["PrivateIpAddress"])
        self.register(group, 80)
        listener = aws.listener(balancer["LoadBalancerArn"])["ListenerArn"]
        self.rules.append(aws.rule(listener, 1, Actions=[forward(group)])["RuleArn"])
        self.arns.append(balancer["LoadBalancerArn"])
        self.groups.append(group)

    def register(self, group: str, port: int) -> None:
        targets = [{"Id": self.address, "Port": port}]
        self.aws.elbv2.register_targets(TargetGroupArn=group, Targets=targets)

    def deregister(self, group: str, port: int) -> None:
        targets = [{"Id": self.address, "Port": port}]
        self.aws.elbv2.deregister_targets(TargetGroupArn=group, Targets=targets)

    def let_in(self, group: str, block: str) -> None:
        self._let_in(group, IpRanges=[{"CidrIp": block}])

    def _let_in(self, group: str, **source: Any) -> None:
        allowed = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, **source}
        self.aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[allowed])

    def counted(self, change: Callable[[], Any]) -> tuple[int, set[str]]:
        """How many documents are made for a change, and which of them are others than before."""
        before, made = _documents(self.aws), _told(self.aws)["made"]
        change()
        after = _documents(self.aws)
        differing = {key for key in before | after if before.get(key) != after.get(key)}
        return _told(self.aws)["made"] - made, differing


@pytest.fixture(scope="module")
def many(endpoint: str) -> Many:
    return Many(Account(endpoint))


def test_a_target_comes_and_goes(many: Many) -> None:
    group = many.groups[3]
    assert many.counted(lambda: many.register(group, 8080)) == (1, {f"group {group}"})
    assert many.counted(lambda: many.deregister(group, 8080)) == (1, {f"group {group}"})


def test_a_target_of_a_group_that_nobody_uses(many: Many) -> None:
    group = many.aws.target_group_arn("unused")
    assert many.counted(lambda: many.register(group, 8080)) == (0, set())


def test_health_is_said(many: Many) -> None:
    group = many.groups[-1]
    told = {"account": many.aws.id, "target_group": group, "target": many.address, "port": 80}

    def say(state: str | None) -> Any:
        return many.aws.control("POST", "/health", told | {"state": state})

    assert many.counted(lambda: say("unhealthy")) == (1, {f"group {group}"})
    assert many.counted(lambda: say(None)) == (1, {f"group {group}"})


def test_a_rule_is_changed(many: Many) -> None:
    aws, balancer, rule = many.aws, f"balancer {many.arns[5]}", many.rules[5]
    change = aws.elbv2.modify_rule
    wanted = [path("/other")]
    assert many.counted(lambda: change(RuleArn=rule, Conditions=wanted)) == (1, {balancer})
    listener = rule.rpartition("/")[0].replace(":listener-rule/", ":listener/")
    assert many.counted(lambda: aws.rule(listener, 2)) == (1, {balancer})


def test_a_rule_leads_to_a_group(many: Many) -> None:
    """The group is told of from then on, as long as a rule leads there."""
    aws, rule, group = many.aws, many.rules[6], many.groups[6]
    new = aws.target_group_arn("new")
    both = {f"balancer {many.arns[6]}", f"group {new}"}
    change = aws.elbv2.modify_rule
    two = [forward(group, new)]
    # The group that was there is named by the call as well.
    assert many.counted(lambda: change(RuleArn=rule, Actions=two)) == (3, both)
    one = [forward(group)]
    assert many.counted(lambda: change(RuleArn=rule, Actions=one)) == (2, both)


def test_a_security_group_is_opened(many: Many) -> None:
    """It concerns who has the group, and whom it lets in."""
    aws = many.aws
    own = aws.security_group("own")
    few = many.arns[:2]
    for arn in few:
        aws.elbv2.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[own, many.shared])
    concerned = {f"balancer {arn}" for arn in few}
    assert many.counted(lambda: many.let_in(own, "10.0.0.0/8")) == (2, concerned)
    # 80 is open from the load balancers already.
    made, differing = many.counted(lambda: many.let_in(many.nodes, "10.0.0.0/8"))
    assert (made, differing) == (0, set())


def test_a_load_balancer_comes_and_goes(many: Many) -> None:
    """It is a member of the group that lets it through to the others' targets; they stay as is."""
    aws = many.aws
    made = many.counted(lambda: aws.load_balancer("one-more", SecurityGroups=[many.shared]))
    arn = aws.load_balancer("one-more", SecurityGroups=[many.shared])["LoadBalancerArn"]
    assert made == (1, {f"balancer {arn}"})
    made = many.counted(lambda: aws.elbv2.delete_load_balancer(LoadBalancerArn=arn))
    assert made == (0, {f"balancer {arn}"})


def test_a_load_balancer_behind_another(many: Many) -> None:
    """What stands behind a listener of one is checked by the other's target group."""
    aws, behind = many.aws, many.arns[8]
    more = {"TargetType": "alb", "Protocol": "TCP", "HealthCheckPort": "8080"}
    group = aws.target_group_arn("behind", **more)
    aws.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": behind, "Port": 80}])
    front = aws.load_balancer("front", Type="network")["LoadBalancerArn"]
    aws.listener(front, Protocol="TCP", DefaultActions=[forward(group)])
    made = many.counted(lambda: aws.listener(behind, 8080))
    assert made == (2, {f"balancer {behind}", f"group {group}"})


def test_an_interface_goes(many: Many) -> None:
    """Whoever stood behind it is outside of the VPC now, and nobody keeps the door."""
    aws = many.aws
    aws.ec2.revoke_security_group_ingress(
        GroupId=many.nodes,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80,
             "UserIdGroupPairs": [{"GroupId": many.shared}]},
        ],
    )  # fmt: skip
    told = {"Name": "addresses.private-ip-address", "Values": [many.address]}
    [found] = aws.ec2.describe_network_interfaces(Filters=[told])["NetworkInterfaces"]
    gone = found["NetworkInterfaceId"]
    made, differing = many.counted(
        lambda: aws.ec2.delete_network_interface(NetworkInterfaceId=gone)
    )
    assert (made, differing) == (1, {f"group {many.groups[-1]}"})


def test_zones(many: Many) -> None:
    route53 = many.aws.client("route53")
    ids = [
        route53.create_hosted_zone(Name=f"{name}.test", CallerReference=name)["HostedZone"]["Id"]
        for name in ("a", "b", "c")
    ]
    records = [{"Value": "192.0.2.1"}]
    record = {"Name": "web.b.test", "Type": "A", "TTL": 60, "ResourceRecords": records}
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    zone = f"zone {ids[1].rpartition('/')[2]}"
    change = route53.change_resource_record_sets
    made = many.counted(lambda: change(HostedZoneId=ids[1], ChangeBatch=batch))
    assert made == (1, {zone})


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_kept_is_what_would_be_made(aws: Account, seed: int) -> None:
    """After any change all documents are as if all of them had been made anew."""
    aws.control("POST", "/clock", {"account": aws.id, "stopped": True})
    world, done = Chance(aws, seed), []
    for _ in range(CHANGES):
        done.append(world.step())
        told = _documents(aws)
        anew = _documents(aws, anew=True)
        assert told == anew, done
    assert len([name for name in done if ":" not in name]) > CHANGES / 2, done
