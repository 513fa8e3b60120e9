"""What security groups let through over TCP, with every source or destination as a block.

A group as a source is the addresses of its members, a prefix list its entries, as they are now.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from ingress_aws.ec2 import security_group_rule
from ingress_aws.ec2.permission import GROUP, HIGHEST_PORT, PREFIX_LIST, Permission
from ingress_aws.ec2.store import Store

TCP, EVERYTHING = "tcp", "-1"


@dataclass(frozen=True, slots=True)
class Opening:
    """Some ports, for who or to whom is in a block."""

    first: int
    last: int
    block: str

    def has(self, port: int) -> bool:
        """Whether a port is one of its ports."""
        return self.first <= port <= self.last


class Openings:
    """What one group lets in, or lets out.

    A group as a source is as many blocks of one address as it has members, which may be a thousand:
    so those are looked up by their address, and only true blocks are gone through.
    """

    def __init__(self, found: Iterable[Opening]) -> None:
        self.all = tuple(found)

    @cached_property
    def _by_block(self) -> dict[IPv4Network | IPv6Network, list[Opening]]:
        found: dict[IPv4Network | IPv6Network, list[Opening]] = {}
        for one in self.all:
            found.setdefault(ip_network(one.block), []).append(one)
        return found

    @cached_property
    def _wide(self) -> list[IPv4Network | IPv6Network]:
        return [block for block in self._by_block if block.prefixlen < block.max_prefixlen]

    def admits(self, address: str, port: int) -> bool:
        """Whether it lets this address through to a port, or to a port of this address."""
        place = ip_address(address)
        blocks = [ip_network(place), *(block for block in self._wide if place in block)]
        return any(one.has(port) for block in blocks for one in self._by_block.get(block, []))


class Network:
    """Who is in which security group of an account and region; made anew for each look."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._members: dict[str, list[str]] = {}
        self._guards: dict[tuple[str, str], list[str]] = {}
        self._openings: dict[tuple[str, bool], Openings] = {}
        for interface in list(store.moto.enis.values()):
            groups = [group.id for group in interface.group_set]
            for address in _addresses(interface):
                self._guards[interface.subnet.vpc_id, address] = groups
                for group in groups:
                    self._members.setdefault(group, []).append(address)

    def guards(self, vpc: str, address: str) -> list[str] | None:
        """The groups of the interface that has an address; None if none has it."""
        return self._guards.get((vpc, address))

    def ingress(self, groups: Iterable[str]) -> list[Openings]:
        """What each of some groups lets in; together they let in what any of them does."""
        return [self._of(group, egress=False) for group in groups]

    def egress(self, groups: Iterable[str]) -> list[Openings]:
        """The same of what they let out."""
        return [self._of(group, egress=True) for group in groups]

    def _of(self, group: str, *, egress: bool) -> Openings:
        found = self._openings.get((group, egress))
        if found is None:
            kept = self._store.moto.get_security_group_from_id(group)
            rules = [] if kept is None else kept.egress_rules if egress else kept.ingress_rules
            opened = (self._opened(security_group_rule.key(rule)) for rule in rules)
            found = Openings(one for each in opened for one in each)
            self._openings[group, egress] = found
        return found

    def _opened(self, rule: Permission) -> Iterator[Opening]:
        if rule.protocol not in (TCP, EVERYTHING):
            return
        first = 0 if rule.from_port is None else rule.from_port
        last = HIGHEST_PORT if rule.to_port is None else rule.to_port
        for block in self._blocks(rule):
            yield Opening(first, last, block)

    def _blocks(self, rule: Permission) -> list[str]:
        if rule.kind == GROUP:
            return [str(ip_network(one)) for one in self._members.get(rule.source, [])]
        if rule.kind == PREFIX_LIST:
            found = self._store.moto.managed_prefix_lists[rule.source]
            entries = found.entries.get(found.version) or []
            return [str(entry["Cidr"]) for entry in entries]
        return [rule.source]


def _addresses(interface: Any) -> list[str]:
    held = [one.get("PrivateIpAddress") for one in interface.private_ip_addresses or []]
    return [str(one) for one in (*held, *(interface.ipv6_addresses or [])) if one]
