"""Authorize, revoke and describe the rules of security groups; each call does all or nothing.

Rules are kept as moto keeps them, since moto's other operations read them.
"""

from collections.abc import Iterable
from typing import Any

from ingress_aws.ec2 import filters, group_lookup, paging, permission
from ingress_aws.ec2.errors import invalid
from ingress_aws.ec2.permission import GROUP, IPV4, IPV6, PREFIX_LIST, Permission, Wish
from ingress_aws.ec2.store import Store, forget_tags, tags_of
from ingress_aws.errors import AwsError
from ingress_aws.settings import knob

Json = dict[str, Any]

# "Amazon VPC quotas" in the user guide; it holds for each direction, and for IPv4 and IPv6 apart.
RULES = knob("ec2.quota.rules-per-security-group", 60, "quota: rules of a group in a direction")

TAGGED_AS = "security-group-rule"


def authorize_ingress(store: Store, request: Json) -> Json:
    """AuthorizeSecurityGroupIngress."""
    return _authorize(store, request, egress=False)


def authorize_egress(store: Store, request: Json) -> Json:
    """AuthorizeSecurityGroupEgress."""
    return _authorize(store, request, egress=True)


def revoke_ingress(store: Store, request: Json) -> Json:
    """RevokeSecurityGroupIngress."""
    return _revoke(store, request, egress=False)


def revoke_egress(store: Store, request: Json) -> Json:
    """RevokeSecurityGroupEgress."""
    return _revoke(store, request, egress=True)


def describe_ingress(store: Store, request: Json) -> Json:
    """UpdateSecurityGroupRuleDescriptionsIngress."""
    return _set_descriptions(store, request, egress=False)


def describe_egress(store: Store, request: Json) -> Json:
    """UpdateSecurityGroupRuleDescriptionsEgress."""
    return _set_descriptions(store, request, egress=True)


def describe(store: Store, request: Json) -> Json:
    """DescribeSecurityGroupRules."""
    everything = [
        rule
        for by_id in store.moto.groups.values()
        for group in by_id.values()
        for rule in [*group.ingress_rules, *group.egress_rules]
    ]
    wanted = request.get("SecurityGroupRuleIds") or []
    require({rule.id for rule in everything}, wanted)
    if wanted:
        everything = [rule for rule in everything if rule.id in wanted]
    readers: dict[str, filters.Reader[Any]] = {
        "group-id": lambda rule: [rule.group_id],
        "security-group-rule-id": lambda rule: [rule.id],
    }
    found = filters.select(everything, request.get("Filters"), readers, tags_of)
    return paging.answer("SecurityGroupRules", [view(rule) for rule in found], request)


def key(rule: Any) -> Permission:
    """What makes a rule that moto keeps."""
    ports = (rule.ip_protocol, rule.from_port, rule.to_port)
    if rule.cidr_ipv4:
        return Permission(*ports, IPV4, rule.cidr_ipv4)
    if rule.cidr_ipv6:
        return Permission(*ports, IPV6, rule.cidr_ipv6)
    if rule.prefix_list_id:
        return Permission(*ports, PREFIX_LIST, rule.prefix_list_id)
    owner = rule.source_group.get("UserId")
    return Permission(*ports, GROUP, rule.source_group.get("GroupId"), owner)


def description(rule: Any) -> str | None:
    """What is said of a rule; moto keeps it with the source."""
    return (rule.source_group or rule.ip_range).get("Description") or None


def view(rule: Any) -> Json:
    """A rule as EC2 tells it."""
    made = key(rule)
    shown: Json = {
        "SecurityGroupRuleId": rule.id,
        "SecurityGroupRuleArn": group_lookup.arn(rule.ec2_backend, TAGGED_AS, rule.id),
        "GroupId": rule.group_id,
        "GroupOwnerId": rule.owner_id,
        "IsEgress": rule.is_egress,
        "IpProtocol": made.protocol,
        # Here, and only here, EC2 writes -1 for "all ports".
        "FromPort": -1 if made.from_port is None else made.from_port,
        "ToPort": -1 if made.to_port is None else made.to_port,
        "Tags": [{"Key": name, "Value": value} for name, value in tags_of(rule).items()],
    }
    named = {IPV4: "CidrIpv4", IPV6: "CidrIpv6", PREFIX_LIST: "PrefixListId"}
    if made.kind == GROUP:
        shown["ReferencedGroupInfo"] = {"GroupId": made.source, "UserId": made.owner}
    else:
        shown[named[made.kind]] = made.source
    if said := description(rule):
        shown["Description"] = said
    return shown


def _authorize(store: Store, request: Json, *, egress: bool) -> Json:
    group = group_lookup.meant(store, request)
    wishes = permission.read(store, request)
    require_one_network(store, group, [wish.permission for wish in wishes])
    rules = _rules(group, egress)
    standing = {key(rule) for rule in rules}
    for wish in wishes:
        if wish.permission in standing:
            text = f'the specified rule "{wish.permission.words}" already exists'
            raise AwsError("InvalidPermission.Duplicate", text)
    check_quota(store, [*standing, *(wish.permission for wish in wishes)])
    made = [new_rule(store, group, wish, egress) for wish in wishes]
    given = [
        spec.get("Tags") or []
        for spec in request.get("TagSpecifications") or []
        if spec.get("ResourceType") == TAGGED_AS
    ]
    for rule in made:
        rule.add_tags({tag["Key"]: tag.get("Value") or "" for some in given for tag in some})
    rules.extend(made)
    return {"Return": True, "SecurityGroupRules": [view(rule) for rule in made]}


def _revoke(store: Store, request: Json, *, egress: bool) -> Json:
    """In a default VPC, rules that are not there are told and no error (botocore)."""
    group = group_lookup.meant(store, request)
    rules = _rules(group, egress)
    ids = request.get("SecurityGroupRuleIds") or []
    if ids:
        require({rule.id for rule in rules}, ids)
        going, unknown = [rule for rule in rules if rule.id in ids], []
    else:
        standing = {key(rule): rule for rule in rules}
        wanted = [wish.permission for wish in permission.read(store, request)]
        going = [standing[one] for one in wanted if one in standing]
        unknown = [one for one in wanted if one not in standing]
    if unknown and not store.moto.vpcs[group.vpc_id].is_default:
        text = "The specified rule does not exist in this security group."
        raise AwsError("InvalidPermission.NotFound", text)
    # The list may be shared with whoever reads it just now.
    kept = [rule for rule in rules if rule not in going]
    if egress:
        group.egress_rules = kept
    else:
        group.ingress_rules = kept
    forget_tags(store, [rule.id for rule in going])
    answer: Json = {"Return": True, "RevokedSecurityGroupRules": [_revoked(r) for r in going]}
    if unknown:
        pairs = [(one, None) for one in unknown]
        answer["UnknownIpPermissions"] = permission.permissions(pairs)
    return answer


def _revoked(rule: Any) -> Json:
    shown = view(rule)
    shown.pop("Tags")
    if (referenced := shown.pop("ReferencedGroupInfo", None)) is not None:
        shown["ReferencedGroupId"] = referenced["GroupId"]
    return shown


def _set_descriptions(store: Store, request: Json, *, egress: bool) -> Json:
    group = group_lookup.meant(store, request)
    by_id = {rule.id: rule for rule in _rules(group, egress)}
    given = request.get("SecurityGroupRuleDescriptions") or []
    if given:
        require(set(by_id), [one.get("SecurityGroupRuleId") for one in given])
        said = [(by_id[one["SecurityGroupRuleId"]], one.get("Description")) for one in given]
    else:
        standing = {key(rule): rule for rule in by_id.values()}
        wishes = permission.read(store, request)
        if any(wish.permission not in standing for wish in wishes):
            text = "The specified rule does not exist in this security group."
            raise AwsError("InvalidPermission.NotFound", text)
        said = [(standing[wish.permission], wish.description) for wish in wishes]
    for rule, text in said:
        (rule.source_group or rule.ip_range)["Description"] = text or ""
    return {"Return": True}


def _rules(group: Any, egress: bool) -> list[Any]:
    return group.egress_rules if egress else group.ingress_rules  # type: ignore[no-any-return]


def new_rule(store: Store, group: Any, wish: Wish, egress: bool) -> Any:
    """A rule as moto keeps it, not yet in its group."""
    from moto.ec2.models.security_groups import SecurityGroupRule

    made, said = wish.permission, {"Description": wish.description} if wish.description else {}
    # moto keeps a block with its description, a group with its owner, and of a prefix list only
    # the id: its description goes where that of a block would.
    names = {IPV4: "CidrIp", IPV6: "CidrIpv6"}
    block = {names[made.kind]: made.source} if made.kind in names else {}
    owner = made.owner or store.account
    pair = {"GroupId": made.source, "UserId": owner, "OwnerId": owner, **said}
    rule = SecurityGroupRule(
        store.moto,
        made.protocol,
        group.id,
        # moto wants ports of every protocol by number, and EC2 keeps none for most of them.
        from_port=str(made.from_port or 0),
        to_port=str(made.to_port or 0),
        ip_range={} if made.kind == GROUP else block | said,
        source_group=pair if made.kind == GROUP else None,
        prefix_list_id={"PrefixListId": made.source} if made.kind == PREFIX_LIST else None,
        is_egress=egress,
    )
    rule.from_port, rule.to_port = made.from_port, made.to_port
    return rule


def require_one_network(store: Store, group: Any, wanted: list[Permission]) -> None:
    """Refuse groups of a VPC that is neither the group's own nor peered with it.

    The code and the words have been seen from AWS often (ansible/ansible #45782).
    """
    vpcs = {one: vpc for vpc, by_id in store.moto.groups.items() for one in by_id}
    for one in wanted:
        vpc = vpcs.get(one.source, group.vpc_id) if one.kind == GROUP else group.vpc_id
        if vpc != group.vpc_id and not _are_peered(store, {vpc, group.vpc_id}):
            text = "You have specified two resources that belong to different networks."
            raise AwsError("InvalidGroup.NotFound", text)


def _are_peered(store: Store, vpcs: set[str]) -> bool:
    return any(
        {one.vpc.id, one.peer_vpc.id} == vpcs and one._status.code == "active"
        for one in store.moto.vpc_pcxs.values()
    )


def check_quota(store: Store, permissions: Iterable[Permission]) -> None:
    """Refuse more rules in a direction than a group may have.

    Groups and prefix lists count for both versions, a prefix list as often as it has entries.
    """
    counts = {IPV4: 0, IPV6: 0}
    for one in permissions:
        weight = 1
        if one.kind == PREFIX_LIST:
            entries = store.moto.managed_prefix_lists[one.source].max_entries
            # AWS's own lists have no such number; most of them count as one [M].
            weight = int(entries or 1)
        for version in counts:
            if one.kind in (version, PREFIX_LIST, GROUP):
                counts[version] += weight
    if max(counts.values()) > RULES.number(store.account):
        text = "The maximum number of rules per security group has been reached."
        raise AwsError("RulesPerSecurityGroupLimitExceeded", text)


def require(there: set[str], wanted: list[Any]) -> None:
    """Refuse ids that are none, or that lead nowhere."""
    for one in wanted:
        if not isinstance(one, str) or not one.startswith("sgr-"):
            raise invalid(f"Invalid id: '{one}' (expecting 'sgr-...')")
        if one not in there:
            text = f"The security group rule ID '{one}' does not exist"
            raise AwsError("InvalidSecurityGroupRuleId.NotFound", text)
