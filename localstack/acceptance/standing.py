"""What stands in an account and in a cluster, in words that do not depend on whose it is.

Each thing has a kind, a name and what it is like: two sides that came to the same have the same
things. What AWS calls by an id of its own is called by what it belongs to.

Not compared: what target groups are called (their names hold UIDs), the texts of Events, Shield,
capacity, and what ACM and Route 53 hold.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from manifests import Case
from scenario import INGRESS
from side import BINDING, Side

Json = dict[str, Any]

# What load balancers are known by.
STACK, RESOURCE, OURS = "ingress.k8s.aws/stack", "ingress.k8s.aws/resource", "elbv2.k8s.aws/cluster"

# What a target group is called, and a controller's binding of it: it holds a UID.
NAME = "NAME-OF-TG"
# Differs from one time to the next.
PASSING = re.compile(r"\(combined from similar events\): |RequestID: [\w-]+, ")


@dataclass(frozen=True, order=True)
class Thing:
    """A kind of thing, and which one."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Standing:
    """What stands, and what was told to whom: (kind/name, reason, message) of each Warning."""

    things: dict[Thing, str] = field(default_factory=dict)
    warnings: list[tuple[str, str, str]] = field(default_factory=list)

    def has(self, kind: str) -> bool:
        """Whether there is anything of a kind."""
        return any(thing.kind == kind for thing in self.things)


@dataclass(frozen=True)
class Difference:
    """A thing that the two sides do not have alike; what one of them has not, is None."""

    thing: Thing
    lbc: str | None
    albedo: str | None

    def __str__(self) -> str:
        lines = [f"{self.thing}"]
        lines += [f"  lbc:    {self.lbc}"] if self.lbc is not None else []
        lines += [f"  albedo: {self.albedo}"] if self.albedo is not None else []
        return "\n".join(lines)


def differences(lbc: Standing, albedo: Standing) -> list[Difference]:
    """Where two sides differ."""
    every = sorted(lbc.things.keys() | albedo.things.keys())
    found = (Difference(one, lbc.things.get(one), albedo.things.get(one)) for one in every)
    return [one for one in found if one.lbc != one.albedo]


def read(side: Side, case: Case) -> Standing:
    """What stands on a side after a step of a case."""
    reader = Reader(side)
    counts: Counter[Thing] = Counter()
    things: dict[Thing, str] = {}
    for kind, name, told in [*reader.aws(), *reader.cluster(case)]:
        counts[Thing(kind, name)] += 1
        count = counts[Thing(kind, name)]
        things[Thing(kind, name if count == 1 else f"{name} #{count}")] = told
    return Standing(things, sorted(set(reader.warnings(case))))


Lines = Iterator[tuple[str, str, str]]


class Reader:
    """Reads one side, and gives its ids names."""

    def __init__(self, side: Side) -> None:
        self.side = side
        account = side.account
        self.elb, self.ec2 = account.client("elbv2"), account.client("ec2")
        self.words = {real: symbol for symbol, real in account.symbols.items()}
        self.words |= {account.vpc: "VPC", account.id: "ACCOUNT"}
        self.tags: dict[str, dict[str, str]] = {}

    def say(self, told: Any) -> str:
        """Something in names."""
        text = told if isinstance(told, str) else json.dumps(told, sort_keys=True, default=str)
        for word in sorted(self.words, key=len, reverse=True):
            text = text.replace(word, self.words[word])
        return text

    def read_tags(self, arns: list[str]) -> None:
        """Read the tags of these."""
        for first in range(0, len(arns), 20):
            told = self.elb.describe_tags(ResourceArns=arns[first : first + 20])
            for one in told["TagDescriptions"]:
                self.tags[one["ResourceArn"]] = {tag["Key"]: tag["Value"] for tag in one["Tags"]}

    def aws(self) -> Lines:
        """What stands in the account."""
        balancers = self.elb.describe_load_balancers()["LoadBalancers"]
        groups = self.elb.describe_target_groups()["TargetGroups"]
        security_groups = self.ec2.describe_security_groups()["SecurityGroups"]
        made = [one for one in groups if one["TargetGroupArn"] not in self.words]
        self.read_tags([one["LoadBalancerArn"] for one in balancers])
        self.read_tags([one["TargetGroupArn"] for one in made])
        for one in made:
            told = self.tags[one["TargetGroupArn"]]
            name = f"{told.get(STACK, '?')} {told.get(RESOURCE, one['TargetGroupName'])}"
            self.words[one["TargetGroupArn"]] = f"TG({name})"
            self.words[one["TargetGroupName"]] = NAME
        for one in balancers:
            stack = self.tags[one["LoadBalancerArn"]].get(STACK, one["LoadBalancerName"])
            front = " in front" if one["Type"] == "network" else ""
            self.words[one["LoadBalancerArn"]] = f"LB({stack}{front})"
            self.words[one["DNSName"]] = f"DNS-OF-LB({stack}{front})"
            self.words[one["DNSName"].lower()] = f"DNS-OF-LB({stack}{front})"
        for one in security_groups:
            self.words.setdefault(one["GroupId"], f"SG({one['GroupName']})")
        for one in balancers:
            yield from self._balancer(one)
        for one in made:
            yield from self._target_group(one)
        for one in groups:
            yield from self._targets(one["TargetGroupArn"])
        for one in security_groups:
            yield from self._security_group(one)

    def _balancer(self, one: Json) -> Lines:
        arn, me = one["LoadBalancerArn"], self.say(one["LoadBalancerArn"])
        told = {
            "name": one["LoadBalancerName"],
            "scheme": one["Scheme"],
            "addresses": one["IpAddressType"],
            "subnets": sorted(self.say(zone["SubnetId"]) for zone in one["AvailabilityZones"]),
            "security groups": sorted(self.say(each) for each in one.get("SecurityGroups") or []),
        }
        yield "load balancer", me, self.say(told)
        yield "tags", me, self.say(self.tags[arn])
        attributes = self.elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
        yield "attributes", me, self.say(pairs(attributes))
        if one["Type"] == "application":
            told = self.side.account.client("wafv2").get_web_acl_for_resource(ResourceArn=arn)
            if acl := told.get("WebACL"):
                yield "web ACL", me, self.say(acl["ARN"])
        listeners = self.elb.describe_listeners(LoadBalancerArn=arn)["Listeners"]
        self.read_tags([each["ListenerArn"] for each in listeners])
        for listener in listeners:
            yield from self._listener(f"{me}:{listener['Port']}", listener)

    def _listener(self, me: str, one: Json) -> Lines:
        arn = one["ListenerArn"]
        mutual = {k: v for k, v in one.get("MutualAuthentication", {}).items() if v != "off"}
        told = {
            "protocol": one["Protocol"],
            "policy": one.get("SslPolicy"),
            "mutual authentication": mutual,
            "actions": [self._action(each) for each in one["DefaultActions"]],
        }
        yield "listener", me, self.say(told)
        yield "tags", me, self.say(self.tags[arn])
        attributes = self.elb.describe_listener_attributes(ListenerArn=arn)["Attributes"]
        yield "attributes", me, self.say({k: v for k, v in pairs(attributes).items() if v})
        if one["Protocol"] in {"HTTPS", "TLS"}:
            told = self.elb.describe_listener_certificates(ListenerArn=arn)["Certificates"]
            default = {each["CertificateArn"] for each in one.get("Certificates", [])}
            for certificate in sorted({each["CertificateArn"] for each in told} | default):
                role = "default" if certificate in default else "by name"
                yield "certificate", f"{me} {self.say(certificate)}", role
        rules = self.elb.describe_rules(ListenerArn=arn)["Rules"]
        rules = [each for each in rules if not each["IsDefault"]]
        self.read_tags([each["RuleArn"] for each in rules])
        for rule in rules:
            told = {
                "conditions": sorted(self._condition(each) for each in rule["Conditions"]),
                "actions": [self._action(each) for each in rule["Actions"]],
                "transforms": rule.get("Transforms") or [],
            }
            name = f"{me} {int(rule['Priority']):3}"
            yield "rule", name, self.say(told)
            yield "tags", name, self.say(self.tags[rule["RuleArn"]])

    def _condition(self, one: Json) -> str:
        # What AWS tells twice, once for those who know one field only.
        return self.say({k: v for k, v in one.items() if k not in {"Values", "RegexValues"}})

    def _action(self, one: Json) -> Json:
        told = {k: v for k, v in one.items() if k not in {"TargetGroupArn", "Order"}}
        if forward := told.get("ForwardConfig"):
            led = sorted(forward["TargetGroups"], key=lambda each: self.say(each["TargetGroupArn"]))
            if len(led) == 1:
                # A lone weight means nothing.
                led = [{"TargetGroupArn": led[0]["TargetGroupArn"]}]
            told["ForwardConfig"] = forward | {"TargetGroups": led}
            sticky = forward.get("TargetGroupStickinessConfig") or {}
            if not sticky.get("Enabled"):
                told["ForwardConfig"].pop("TargetGroupStickinessConfig", None)
        return told

    def _target_group(self, one: Json) -> Lines:
        arn, me = one["TargetGroupArn"], self.say(one["TargetGroupArn"])
        unsaid = {"TargetGroupArn", "TargetGroupName", "LoadBalancerArns"}
        yield "target group", me, self.say({k: v for k, v in one.items() if k not in unsaid})
        yield "tags", me, self.say(self.tags[arn])
        attributes = self.elb.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
        yield "attributes", me, self.say(pairs(attributes))

    def _targets(self, arn: str) -> Lines:
        told = self.elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        for one in told:
            if one["TargetHealth"]["State"] != "draining":
                target = one["Target"]
                name = f"{self.say(arn)} {self.say(target['Id'])}:{target.get('Port')}"
                yield "target", name, str(target.get("AvailabilityZone") or "")

    def _security_group(self, one: Json) -> Lines:
        me = self.say(one["GroupId"])
        tags = pairs(one.get("Tags", []))
        if OURS in tags:
            yield "security group", me, self.say(tags)
        ports: dict[str, list[str]] = {}
        for rule in one["IpPermissions"]:
            sources = [
                *(each["CidrIp"] for each in rule["IpRanges"]),
                *(each["CidrIpv6"] for each in rule["Ipv6Ranges"]),
                *(self.say(each["PrefixListId"]) for each in rule["PrefixListIds"]),
            ]
            # The shared rule for both controllers' bindings is told apart by its description.
            for each in rule["UserIdGroupPairs"]:
                sources.append(f"{self.say(each['GroupId'])} ({each.get('Description', '')})")
            for source in sources:
                span = f"{rule['IpProtocol']} {rule.get('FromPort')}-{rule.get('ToPort')}"
                ports.setdefault(source, []).append(span)
        for source, spans in ports.items():
            yield "open port", f"{me} from {source}", ", ".join(sorted(spans))

    def cluster(self, case: Case) -> Lines:
        """What a controller left in the cluster."""
        for home in case.namespaces:
            for one in self.side.cluster.list(BINDING, "TargetGroupBinding", home):
                metadata = one["metadata"]
                told = {
                    "spec": one["spec"],
                    "finalizers": metadata.get("finalizers") or [],
                    "labels": metadata.get("labels") or {},
                }
                name = self.say(metadata["name"])
                if name == NAME:
                    name = self.say(one["spec"]["targetGroupARN"])
                yield "binding", f"{home}/{name}", self.say(told)
            for one in self.side.cluster.list(INGRESS, "Ingress", home):
                name = f"{home}/{one['metadata']['name']}"
                yield "finalizers", name, self.say(sorted(one["metadata"].get("finalizers") or []))
                told = (one["status"].get("loadBalancer") or {}).get("ingress") or []
                yield "status", name, self.say(told)

    def warnings(self, case: Case) -> Iterator[tuple[str, str, str]]:
        """The Warnings in a case's namespaces."""
        for home in case.namespaces:
            for one in self.side.cluster.call("GET", f"/api/v1/namespaces/{home}/events")["items"]:
                about = one["involvedObject"]
                # The API server warns of Services' addresses.
                if one["type"] == "Warning" and about["kind"] != "Service":
                    name = f"{about['kind']} {home}/{about['name']}"
                    said = re.sub(PASSING, "", self.say(one["message"]))
                    yield name, one["reason"], said


def pairs(listed: list[Json]) -> dict[str, str]:
    """Keys and values that AWS gives as a list."""
    return {one["Key"]: one["Value"] for one in listed}
