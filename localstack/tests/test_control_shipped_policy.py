"""The controller's own policies in `iam/`: each right is needed by a call that it makes."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from aws import CONFIG, Account
from calls import CALLS, CLUSTER, ON_THE_WAY, OTHER_TAGS, OWN_TAGS, TAGS, World, change_records
from sessions import as_session, token

IAM = Path(__file__).parents[2] / "iam"
# By how the controller's pod gets its session: with a token of the cluster's issuer, or by EKS Pod
# Identity, which tags it.
BY_TOKEN, BY_POD = "policy", "policy-pod-identity"
POLICIES = (BY_TOKEN, BY_POD)
TEXTS = {name: (IAM / f"{name}.json").read_text(encoding="utf-8") for name in POLICIES}


class Pod(Account):
    """The same account by the keys of a session."""

    def __init__(self, aws: Account, keys: dict[str, str]) -> None:
        super().__init__(aws.endpoint, aws.region, aws.id)
        self.keys = keys

    def client(self, service: str) -> Any:
        """A boto3 client with the session's keys."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=self.keys["AccessKeyId"],
            aws_secret_access_key=self.keys["SecretAccessKey"],
            aws_session_token=self.keys["SessionToken"],
            config=CONFIG,
        )


STATEMENTS = json.loads(TEXTS[BY_TOKEN])["Statement"]
RIGHTS = sorted({action for one in STATEMENTS for action in one["Action"]})


def _filled(name: str, world: World) -> Any:
    """A policy as somebody fills it in for an account; the zone is the world's if it has one."""
    zone = world.__dict__.get("zone", "Z0").rpartition("/")[2]
    text = TEXTS[name].replace("REGION", world.aws.region).replace("ACCOUNT", world.aws.id)
    return json.loads(
        text.replace("CLUSTER", "demo").replace("/VPC", f"/{world.vpc}").replace("ZONE", zone)
    )


def _under(name: str, aws: Account, world: World, document: Any) -> None:
    """From now on the world's calls are made with no more rights than these."""
    if name == BY_TOKEN:
        aws.control("POST", "/policy", {"account": aws.id, "document": document})
        return
    role = aws.client("iam")
    if world.aws is aws:
        trust = (IAM / "trust-pod-identity.json").read_text(encoding="utf-8")
        role.create_role(RoleName="albedo", AssumeRolePolicyDocument=_placed(trust, aws))
    role.put_role_policy(
        RoleName="albedo", PolicyName="albedo", PolicyDocument=json.dumps(document)
    )
    if world.aws is aws:
        world.act_as(Pod(aws, _pod(aws, "demo", "kube-system", "albedo")))


def _placed(trust: str, aws: Account) -> str:
    """A trust policy as somebody fills it in for an account."""
    filled = trust.replace("REGION", aws.region).replace("ACCOUNT", aws.id)
    return filled.replace("CLUSTER", "demo")


def _pod(aws: Account, cluster: str, namespace: str, service_account: str) -> dict[str, str]:
    """The keys that EKS Pod Identity gives a pod."""
    asked = {"cluster": cluster, "namespace": namespace, "service_account": service_account}
    role = f"arn:aws:iam::{aws.id}:role/albedo"
    asked |= {"account": aws.id, "region": aws.region, "role": role}
    return dict(aws.control("POST", "/pod-session", asked))


def _without(right: str, policy: Any) -> Any:
    """The policy less one right."""
    less = copy.deepcopy(policy)
    for statement in less["Statement"]:
        statement["Action"] = [one for one in statement["Action"] if one != right]
    less["Statement"] = [one for one in less["Statement"] if one["Action"]]
    return less


def _prepared(aws: Account, operation: str) -> World:
    world = World(aws)
    for thing in CALLS[operation][1]:
        assert getattr(world, thing)
    return world


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("right", RIGHTS)
def test_each_right_is_needed(aws: Account, right: str, name: str) -> None:
    operation = ON_THE_WAY.get(right, right.partition(":")[2])
    world = _prepared(aws, operation)
    call, policy = CALLS[operation][0], _filled(name, world)
    _under(name, aws, world, _without(right, policy))
    with pytest.raises(Exception, match=f"not authorized to perform: {right} on"):
        call(world)
    _under(name, aws, world, policy)
    call(world)


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("operation", sorted(CALLS))
def test_nothing_else_is_needed(aws: Account, operation: str, name: str) -> None:
    world = _prepared(aws, operation)
    _under(name, aws, world, _filled(name, world))
    CALLS[operation][0](world)


# What belongs to somebody else: another cluster's, or nobody's.
OTHERS = [
    ("DeleteLoadBalancer", "balancer"), ("DeleteTargetGroup", "group"),
    ("DeleteListener", "listener"), ("DeleteRule", "rule"), ("ModifyRule", "rule"),
    ("DeleteSecurityGroup", "firewall"), ("CreateTags", "firewall"), ("AddTags", "rule"),
    ("DeleteCertificate", "certificate"), ("SetSecurityGroups", "balancer"),
    ("CreateListener", "balancer"), ("CreateRule", "listener"),
    ("AddListenerCertificates", "listener"), ("ModifyTargetGroup", "group"),
]  # fmt: skip
# What may be nobody's: people make target groups with other tools, and nodes' security groups.
ALSO_NOBODYS = [
    ("RegisterTargets", "group"), ("DeregisterTargets", "group"),
    ("AuthorizeSecurityGroupIngress", "firewall"), ("RevokeSecurityGroupIngress", "firewall"),
]  # fmt: skip


def _tag(world: World, thing: str, tags: list[dict[str, str]]) -> None:
    """Let a thing be of the cluster that these tags name, or of none."""
    arn = getattr(world, thing)
    if thing == "firewall":
        world.ec2.delete_tags(Resources=[arn], Tags=[{"Key": CLUSTER}])
        if tags:
            world.ec2.create_tags(Resources=[arn], Tags=tags)
    elif thing == "certificate":
        world.acm.remove_tags_from_certificate(CertificateArn=arn, Tags=TAGS)
        if tags:
            world.acm.add_tags_to_certificate(CertificateArn=arn, Tags=tags)
    else:
        world.elb.remove_tags(ResourceArns=[arn], TagKeys=[CLUSTER])
        if tags:
            world.elb.add_tags(ResourceArns=[arn], Tags=tags)


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize(("operation", "thing"), OTHERS)
def test_what_has_no_tag_of_the_cluster_stays(
    aws: Account, operation: str, thing: str, name: str
) -> None:
    world = _prepared(aws, operation)
    _tag(world, thing, [])
    _under(name, aws, world, _filled(name, world))
    with pytest.raises(Exception, match="not authorized to perform"):
        CALLS[operation][0](world)


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize(("operation", "thing"), OTHERS + ALSO_NOBODYS)
def test_what_is_of_another_cluster_stays(
    aws: Account, operation: str, thing: str, name: str
) -> None:
    world = _prepared(aws, operation)
    _tag(world, thing, OTHER_TAGS)
    _under(name, aws, world, _filled(name, world))
    with pytest.raises(Exception, match="not authorized to perform"):
        CALLS[operation][0](world)


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize(("operation", "thing"), OTHERS)
def test_what_is_made_beside_lbc_is_of_the_cluster(
    aws: Account, operation: str, thing: str, name: str
) -> None:
    world = _prepared(aws, operation)
    _tag(world, thing, OWN_TAGS)
    _under(name, aws, world, _filled(name, world))
    CALLS[operation][0](world)


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize(("operation", "thing"), ALSO_NOBODYS)
def test_what_is_nobodys_is_served(
    aws: Account, operation: str, thing: str, name: str
) -> None:
    world = _prepared(aws, operation)
    _tag(world, thing, [])
    _under(name, aws, world, _filled(name, world))
    CALLS[operation][0](world)


@pytest.mark.parametrize("name", POLICIES)
def test_nothing_is_made_for_another_cluster(aws: Account, name: str) -> None:
    world = _prepared(aws, "CreateListener")
    certificate = world.certificate
    _under(name, aws, world, _filled(name, world))
    calls: list[Callable[[], Any]] = [
        lambda: world.aws.target_group("new", Tags=OTHER_TAGS),
        lambda: world.aws.load_balancer("new", Tags=OTHER_TAGS),
        lambda: world.aws.listener(world.balancer, Tags=OTHER_TAGS),
        lambda: world.grouped("new", OTHER_TAGS),
        lambda: world.imported("c.example.com", Tags=OTHER_TAGS),
        # Nor does what is the cluster's become another's.
        lambda: world.elb.add_tags(ResourceArns=[world.balancer], Tags=OTHER_TAGS),
        lambda: world.acm.add_tags_to_certificate(CertificateArn=certificate, Tags=OTHER_TAGS),
    ]
    for call in calls:
        with pytest.raises(Exception, match="not authorized to perform"):
            call()


@pytest.mark.parametrize("name", POLICIES)
def test_only_the_named_zones_are_changed(aws: Account, name: str) -> None:
    world = _prepared(aws, "ChangeResourceRecordSets")
    _under(name, aws, world, _filled(name, world))
    change_records(world)
    world.zone = "/hostedzone/Z0ANOTHER"
    with pytest.raises(Exception, match="not authorized to perform"):
        change_records(world)


@pytest.mark.parametrize("name", POLICIES)
def test_only_the_named_network_is_opened(aws: Account, name: str) -> None:
    world = _prepared(aws, "AuthorizeSecurityGroupIngress")
    policy = _filled(name, world)
    _under(name, aws, world, json.loads(json.dumps(policy).replace(world.vpc, "vpc-another")))
    for operation in ("AuthorizeSecurityGroupIngress", "CreateSecurityGroup"):
        with pytest.raises(Exception, match="not authorized to perform"):
            CALLS[operation][0](world)


@pytest.mark.parametrize(
    ("cluster", "namespace", "service_account"),
    [
        ("other", "kube-system", "albedo"),
        ("demo", "default", "albedo"),
        ("demo", "kube-system", "default"),
    ],
)
def test_no_other_pod_gets_the_role(
    aws: Account, cluster: str, namespace: str, service_account: str
) -> None:
    trust = (IAM / "trust-pod-identity.json").read_text(encoding="utf-8")
    aws.client("iam").create_role(
        RoleName="albedo", AssumeRolePolicyDocument=_placed(trust, aws)
    )
    assert _pod(aws, "demo", "kube-system", "albedo")["SessionToken"]
    with pytest.raises(Exception, match="400"):
        _pod(aws, cluster, namespace, service_account)


def test_the_shipped_role_works(aws: Account) -> None:
    """A pod's token gets a session of a role made as the examples say; another pod's gets none."""
    issuer = f"oidc.eks.{aws.region}.amazonaws.com/id/ID"
    trust = (IAM / "trust-web-identity.json").read_text(encoding="utf-8")
    trust = _placed(trust, aws)
    policy = _filled(BY_TOKEN, World(aws))
    iam, sts = aws.client("iam"), aws.client("sts")
    iam.create_open_id_connect_provider(
        Url=f"https://{issuer}", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["0" * 40]
    )
    role = iam.create_role(RoleName="albedo", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(
        RoleName="albedo", PolicyName="albedo", PolicyDocument=json.dumps(policy)
    )

    def assume(account: str) -> Any:
        claims = {"iss": f"https://{issuer}", "aud": ["sts.amazonaws.com"]}
        claims["sub"] = f"system:serviceaccount:kube-system:{account}"
        return sts.assume_role_with_web_identity(
            RoleArn=role, RoleSessionName="albedo", WebIdentityToken=token(**claims)
        )["Credentials"]

    with pytest.raises(sts.exceptions.ClientError, match="Not authorized"):
        assume("another")
    elb = as_session(aws, assume("albedo"), "elbv2")
    assert elb.describe_load_balancers()["LoadBalancers"] == []
    wanted = {"Protocol": "HTTP", "Port": 80, "VpcId": aws.vpc, "TargetType": "ip"}
    assert elb.create_target_group(Name="tg", **wanted, Tags=TAGS)["TargetGroups"]
    words = "assumed-role/albedo/albedo is not authorized to perform"
    with pytest.raises(elb.exceptions.ClientError, match=words):
        elb.create_target_group(Name="untagged", **wanted)
