"""The rules of security groups as requests name them: read, checked and made canonical."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from ingress_aws.ec2.errors import group_not_found, invalid, missing
from ingress_aws.ec2.store import Store
from ingress_aws.errors import AwsError

Json = dict[str, Any]

# The protocols that EC2 calls by name, by their numbers.
PROTOCOLS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}
HIGHEST_PROTOCOL, HIGHEST_PORT, HIGHEST_ICMP = 255, 65_535, 255

# IpRange in botocore's documentation: up to 255 characters of this set.
DESCRIPTION = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{0,255}")

IPV4, IPV6, PREFIX_LIST, GROUP = "ipv4", "ipv6", "prefix-list", "group"
# Where each kind of source is told, and by which name.
PLACES = {
    IPV4: ("IpRanges", "CidrIp"),
    IPV6: ("Ipv6Ranges", "CidrIpv6"),
    PREFIX_LIST: ("PrefixListIds", "PrefixListId"),
    GROUP: ("UserIdGroupPairs", "GroupId"),
}


@dataclass(frozen=True, slots=True)
class Permission:
    """What makes a rule; the description does not."""

    protocol: str
    from_port: int | None
    to_port: int | None
    kind: str
    source: str
    owner: str | None = None  # the account of a group

    @property
    def words(self) -> str:
        """The rule as EC2's errors tell it."""
        protocol = "ALL" if self.protocol == "-1" else self.protocol.upper()
        ports = f", from port: {self.from_port}, to port: {self.to_port}"
        return f"peer: {self.source}, {protocol}{'' if self.from_port is None else ports}, ALLOW"


@dataclass(frozen=True, slots=True)
class Wish:
    """A rule that is asked for."""

    permission: Permission
    description: str | None


def read(store: Store, request: Json) -> list[Wish]:
    """The rules that a request names, in either of the two ways; ValueErrors are EC2's."""
    given = request.get("IpPermissions")
    if given and (request.get("CidrIp") or request.get("IpProtocol")):
        text = "The parameter ipPermissions cannot be used with the parameter cidrIp"
        raise AwsError("InvalidParameterCombination", text)
    if not given and (request.get("CidrIp") or request.get("IpProtocol")):
        flat = {key: request.get(key) for key in ("IpProtocol", "FromPort", "ToPort")}
        given = [flat | {"IpRanges": [{"CidrIp": request.get("CidrIp")}]}]
    if not given:
        raise missing("ipPermissions")
    wishes = [wish for permission in given for wish in _rules(store, permission)]
    if len({wish.permission for wish in wishes}) < len(wishes):
        raise invalid("The same permission must not appear multiple times")
    return wishes


def read_one(store: Store, given: Json) -> Wish:
    """The rule that ModifySecurityGroupRules puts in the place of another; it has one source."""
    places = {
        "CidrIpv4": ("IpRanges", "CidrIp"),
        "CidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
        "PrefixListId": ("PrefixListIds", "PrefixListId"),
        "ReferencedGroupId": ("UserIdGroupPairs", "GroupId"),
    }
    named = [name for name in places if given.get(name)]
    if len(named) > 1:
        raise invalid(f"A rule has one source, not {' and '.join(named)}")
    permission = {key: given.get(key) for key in ("IpProtocol", "FromPort", "ToPort")}
    for name in named:
        place, key = places[name]
        permission[place] = [{key: given[name], "Description": given.get("Description")}]
    [wish] = _rules(store, permission)
    return wish


def _rules(store: Store, given: Json) -> Iterator[Wish]:
    protocol = _protocol(given.get("IpProtocol"))
    ports = _ports(protocol, given.get("FromPort"), given.get("ToPort"))
    found = list(_sources(store, given))
    if not found:
        # The code and these words have been seen from AWS (crossplane-contrib/provider-aws#1496).
        text = "Missing source specification: include source security group or CIDR information"
        raise AwsError("MissingParameter", text)
    for kind, source, owner, about in found:
        description = about.get("Description") or None
        if description and not DESCRIPTION.fullmatch(description):
            raise invalid(
                "Invalid rule description. Valid descriptions are strings less than 256 characters "
                "from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
            )
        yield Wish(Permission(protocol, *ports, kind, source, owner), description)


def _protocol(given: str | None) -> str:
    if not given:
        raise missing("ipProtocol")
    name = PROTOCOLS.get(given, given.lower())
    name = "-1" if name == "all" else name
    known = name in (*PROTOCOLS.values(), "-1")
    if not known and not (name.isdecimal() and int(name) <= HIGHEST_PROTOCOL):
        raise invalid(f"Invalid value '{given}' for IP protocol. Unknown protocol.")
    return name


def _ports(protocol: str, first: int | None, last: int | None) -> tuple[int | None, int | None]:
    """The range that counts: all ports for protocols that have none."""
    if protocol in ("tcp", "udp"):
        if first is None or last is None:
            raise invalid(
                "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange."
            )
        if not 0 <= first <= last <= HIGHEST_PORT:
            raise invalid(f"Invalid TCP/UDP port range ({first}:{last})")
        return first, last
    if protocol in ("icmp", "icmpv6"):
        kind, code = -1 if first is None else first, -1 if last is None else last
        if not (-1 <= kind <= HIGHEST_ICMP and -1 <= code <= HIGHEST_ICMP):
            raise invalid(f"ICMP type ({kind}) or code ({code}) out of range")
        return kind, code
    return None, None


def _sources(store: Store, given: Json) -> Iterator[tuple[str, str, str | None, Json]]:
    for one in given.get("IpRanges") or []:
        yield IPV4, _block(one.get("CidrIp"), 4), None, one
    for one in given.get("Ipv6Ranges") or []:
        yield IPV6, _block(one.get("CidrIpv6"), 6), None, one
    for one in given.get("PrefixListIds") or []:
        yield PREFIX_LIST, _prefix_list(store, one.get("PrefixListId")), None, one
    for one in given.get("UserIdGroupPairs") or []:
        owner = one.get("UserId") or store.account
        yield GROUP, _group(store, one, owner), owner, one


def _block(text: str | None, version: int) -> str:
    """A CIDR block without the bits of a host, as EC2 keeps it."""
    try:
        block = ip_network(text or "", strict=False)
    except ValueError as broken:
        raise invalid(f"CIDR block {text} is malformed") from broken
    if block.version != version or "/" not in (text or ""):
        raise invalid(f"CIDR block {text} is malformed")
    return str(block)


def _prefix_list(store: Store, given: str | None) -> str:
    if given not in store.moto.managed_prefix_lists:
        text = f"The prefix list ID '{given}' does not exist"
        raise AwsError("InvalidPrefixListID.NotFound", text)
    return str(given)


def _group(store: Store, pair: Json, owner: str) -> str:
    named = pair.get("GroupId") or pair.get("GroupName")
    if not named:
        raise missing("GroupId")
    if owner != store.account:
        return str(named)
    for by_id in store.moto.groups.values():
        for group in by_id.values():
            if group.id == named or (not pair.get("GroupId") and group.name == named):
                return str(group.id)
    raise group_not_found(named)


def permissions(rules: Iterable[tuple[Permission, str | None]]) -> list[Json]:
    """Rules as EC2 tells them in groups: one entry for each protocol and range of ports."""
    shown: dict[tuple[Any, ...], Json] = {}
    for rule, said in rules:
        ports = {"FromPort": rule.from_port, "ToPort": rule.to_port}
        entry = shown.setdefault(
            (rule.protocol, rule.from_port, rule.to_port),
            {
                "IpProtocol": rule.protocol,
                **{name: port for name, port in ports.items() if port is not None},
                "IpRanges": [],
                "Ipv6Ranges": [],
                "PrefixListIds": [],
                "UserIdGroupPairs": [],
            },
        )
        place, name = PLACES[rule.kind]
        source = {name: rule.source} | ({"UserId": rule.owner} if rule.owner else {})
        entry[place].append(source | ({"Description": said} if said else {}))
    return list(shown.values())
