"""What security groups let through over TCP, with every source or destination as a block.

A group as a source is the addresses of its members, a prefix list its entries, as they are now.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
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

    A group as a source is as many blocks of one address as it has members, which may be thousands:
    so those are looked up as they are spelled, and only true blocks are read and gone through.
    """

    def __init__(self, found: Iterable[Opening]) -> None:
        self.all = tuple(found)

    @cached_property
    def _by_block(self) -> dict[str, list[Opening]]:
        found: dict[str, list[Opening]] = {}
        for one in self.all:
            found.setdefault(one.block, []).append(one)
        return found

    @cached_property
    def _wide(self) -> list[tuple[IPv4Network | IPv6Network, list[Opening]]]:
        wide = {block: some for block, some in self._by_block.items() if not _is_single(block)}
        return [(ip_network(block), some) for block, some in wide.items()]

    def admits(self, address: str, port: int) -> bool:
        """Whether it lets this address through to a port, or to a port of this address."""
        place = ip_address(address)
        found = [self._by_block.get(_single(place), [])]
        found += [some for block, some in self._wide if place in block]
        return any(one.has(port) for some in found for one in some)


class Network:
    """Who is in which security group of an account and region, as it is when this is made."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._members: dict[str, list[str]] = {}
        self._guards: dict[str, dict[str, list[str]]] = {}
        self._openings: dict[tuple[str, bool], Openings] = {}
        for interface in list(store.moto.enis.values()):
            groups = [group.id for group in interface.group_set]
            addresses = _addresses(interface)
            of_vpc = self._guards.setdefault(interface.subnet.vpc_id, {})
            of_vpc.update(dict.fromkeys(addresses, groups))
            for group in groups:
                self._members.setdefault(group, []).extend(addresses)

    def guards(self, vpc: str, address: str) -> list[str] | None:
        """The groups of the interface that has an address; None if none has it."""
        return self._guards.get(vpc, {}).get(address)

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
            return [_single(one) for one in self._members.get(rule.source, [])]
        if rule.kind == PREFIX_LIST:
            found = self._store.moto.managed_prefix_lists[rule.source]
            entries = found.entries.get(found.version) or []
            return [str(entry["Cidr"]) for entry in entries]
        return [rule.source]


def _single(address: IPv4Address | IPv6Address | str) -> str:
    """The block of one address; of IPv6 there are several spellings, and one that EC2 tells."""
    spelled = str(address)
    return f"{ip_address(spelled)}/128" if ":" in spelled else f"{spelled}/32"


def _is_single(block: str) -> bool:
    return block.endswith("/128" if ":" in block else "/32")


def _addresses(interface: Any) -> list[str]:
    held = [one.get("PrivateIpAddress") for one in interface.private_ip_addresses or []]
    return [str(one) for one in (*held, *(interface.ipv6_addresses or [])) if one]
