"""What the comparison with AWS Load Balancer Controller takes for a fault, and what for a kind."""

import json
import sys
from pathlib import Path
from typing import Any

import yaml

sys.path.append(str(Path(__file__).parents[1] / "acceptance"))

import kinds
import manifests
import moves
import side
import standing

Json = dict[str, Any]
Things = dict[tuple[str, str], str]
Warnings = list[tuple[str, str, str]]


def judged(
    lbc: Things,
    albedo: Things,
    lbc_warns: Warnings = [],
    albedo_warns: Warnings = [],
    earlier: Things = {},
) -> list[str | None]:
    """The kinds of the differences between what two sides came to; `None` for a fault."""
    lbcs, albedos, earliers = (
        standing.Standing({standing.Thing(*one): told for one, told in things.items()}, warnings)
        for things, warnings in ((lbc, lbc_warns), (albedo, albedo_warns), (earlier, []))
    )
    outcome = kinds.Outcome(lbcs, albedos, earliers)
    found = [kinds.explained(one, outcome) for one in standing.differences(lbcs, albedos)]
    return [kind.asked if kind else None for kind in found]


RULE = ("rule", "LB(a/web):80   1")


def rule_of(values: int) -> str:
    """A rule with so many values."""
    config = {"Values": [f"/{number}" for number in range(values)]}
    conditions = [json.dumps({"Field": "path-pattern", "PathPatternConfig": config})]
    return json.dumps({"conditions": conditions, "actions": [], "transforms": []})


STOPPED = ("Ingress a/web", "FailedDeployModel", "CreateRule: not that sign")


def test_what_only_one_has_is_a_fault_where_nobody_says_why() -> None:
    assert judged({RULE: rule_of(1)}, {RULE: rule_of(1)}) == []
    assert judged({RULE: rule_of(1)}, {RULE: rule_of(2)}) == [None]
    assert judged({RULE: rule_of(1)}, {}) == [None]
    assert judged({}, {RULE: rule_of(1)}) == [None]


def test_what_lbc_stopped_before_is_of_a_kind_and_what_albedo_lacks_is_not() -> None:
    assert judged({}, {RULE: rule_of(1)}, [STOPPED]) == ["something AWS refuses"]
    assert judged({RULE: rule_of(1)}, {}, [STOPPED]) == [None]


def test_what_lbc_has_not_come_to_is_as_it_was() -> None:
    old, new = {RULE: rule_of(1)}, {RULE: rule_of(2)}
    assert judged(old, new, [STOPPED], earlier=old) == ["something AWS refuses"]
    # What LBC has made in another way explains no mistake.
    assert judged(old, new, [STOPPED]) == [None]


def test_a_rule_that_aws_takes_in_several_only_is_of_a_kind() -> None:
    kind = "something AWS refuses"
    assert judged({RULE: rule_of(6)}, {RULE: rule_of(5)}) == [kind]
    assert judged({RULE: rule_of(5)}, {RULE: rule_of(4)}) == [None]


def test_a_mistake_of_one_member_explains_what_the_others_have() -> None:
    held_up = [(f"Ingress a/{name}", "FailedBuildModel", "no JSON") for name in ("web", "bad")]
    told = [("Ingress a/bad", "InvalidAnnotation", "no JSON")]
    kind = "a mistake of one member of a group"
    assert judged({}, {RULE: rule_of(1)}, held_up, told) == [kind]
    # Whoever is alone is served by neither.
    assert judged({}, {RULE: rule_of(1)}, held_up[1:], told) == [None]


def test_every_kind_is_a_row_of_the_page() -> None:
    assert kinds.unknown() == []
    assert len(kinds.rows()) > len(kinds.KINDS)


def rule(operation: str, port: int) -> Json:
    """A call about a rule of a security group."""
    pair = {"GroupId": "sg-2"}
    permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port}
    params = {"GroupId": "sg-1", "IpPermissions": [permission | {"UserIdGroupPairs": [pair]}]}
    return {"operation": operation, "error": None, "params": params}


def test_what_comes_and_goes_while_lbc_gets_to_know_bindings_is_no_write() -> None:
    opened = rule("AuthorizeSecurityGroupIngress", 80)
    closed = rule("RevokeSecurityGroupIngress", 80)
    other = rule("AuthorizeSecurityGroupIngress", 81)
    assert side.without_passing([opened, other, closed]) == [other]
    assert side.without_passing([opened]) == [opened]


def test_only_what_a_wider_rule_lets_in_already_is_no_write_of_a_move() -> None:
    opened = rule("AuthorizeSecurityGroupIngress", 80)
    assert moves.is_let_in(opened, [("sg-1", "sg-2", 1, 80)])
    assert not moves.is_let_in(opened, [("sg-1", "sg-2", 1, 79)])
    assert not moves.is_let_in(opened, [("sg-1", "sg-3", 80, 80)])
    assert not moves.is_let_in(rule("RevokeSecurityGroupIngress", 80), [("sg-1", "sg-2", 1, 80)])
    assert not moves.is_let_in(rule("CreateTags", 80), [("sg-1", "sg-2", 1, 80)])


def test_only_aaaa_records_that_are_new_are_no_write_of_a_move() -> None:
    def about_ipv6(*changes: tuple[str, str, str]) -> bool:
        batch = [
            {"Action": action, "ResourceRecordSet": {"Name": name, "Type": kind}}
            for action, name, kind in changes
        ]
        params = {"ChangeBatch": {"Changes": batch}}
        call = {"operation": "ChangeResourceRecordSets", "params": params}
        return moves.is_about_ipv6(call, "web.example.com")

    new = ("CREATE", "web.example.com", "AAAA")
    assert about_ipv6(new, ("CREATE", "aaaa-web.example.com", "TXT"))
    assert not about_ipv6(new, ("CREATE", "web.example.com", "A"))
    assert not about_ipv6(new, ("CREATE", "a-web.example.com", "TXT"))
    assert not about_ipv6(("CREATE", "other.example.com", "AAAA"))
    assert not about_ipv6(("DELETE", "web.example.com", "AAAA"))


MANIFEST = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  annotations:
    alb.ingress.kubernetes.io/actions.roll: |
      {"Type": "forward", "forwardConfig": {"TargetGroups": [
        {"ServiceName": "canary", "servicePort": "80"}]}}
    alb.ingress.kubernetes.io/auth-idp-oidc: '{"secretName": "login"}'
    alb.ingress.kubernetes.io/certificate-arn: arn:aws:acm:us-east-1:1:certificate/x
spec:
  ingressClassName: edge
  rules:
  - http:
      paths:
      - {path: /, backend: {service: {name: roll, port: {name: use-annotation}}}}
      - {path: /a, backend: {service: {name: web, port: {name: http}}}}
"""


def test_what_a_case_names_and_does_not_have_is_made_up() -> None:
    lacking = manifests.lacking([yaml.safe_load(MANIFEST)])
    assert sorted((one["kind"], one["metadata"]["name"]) for one in lacking) == [
        ("IngressClass", "edge"),
        ("Secret", "login"),
        ("Service", "canary"),
        ("Service", "web"),
    ]
    services = [one for one in lacking if one["kind"] == "Service"]
    ports = {one["metadata"]["name"]: one["spec"]["ports"] for one in services}
    assert [port["port"] for port in ports["canary"]] == [80]
    assert [port["name"] for port in ports["web"]] == ["http"]


def test_what_is_somebody_s_is_put_in_the_words_of_an_account() -> None:
    given = manifests.localised(
        yaml.safe_load(MANIFEST),
        str,
        lambda kind, name: f"<{kind}>",
    )
    key = "alb.ingress.kubernetes.io/certificate-arn"
    assert given["metadata"]["annotations"][key] == "<certificate>"
    assert manifests.localised("CERT(x)", lambda _: "real", lambda *_: "none") == "real"
    assert manifests.localised("my-sg-1234", str, lambda *_: "none") == "my-sg-1234"


def test_an_edit_puts_a_path_in_front() -> None:
    [edited] = manifests.edited([yaml.safe_load(MANIFEST)])
    paths = edited["spec"]["rules"][0]["http"]["paths"]
    assert [path["path"] for path in paths] == ["/edited", "/", "/a"]
