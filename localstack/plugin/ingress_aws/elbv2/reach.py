"""Whom a load balancer reaches, and who reaches it: what the security groups let through."""

from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

from ingress_aws.dataplane.changes import CHANGES
from ingress_aws.ec2.openings import Network
from ingress_aws.ec2.store import STORES as EC2
from ingress_aws.elbv2 import network, target_group_attributes
from ingress_aws.elbv2.network import Instance
from ingress_aws.elbv2.store import LoadBalancer, Store, Target, TargetGroup

# Whose addresses a target sees: the load balancer's own, or its clients' if they are preserved.
NODES, CLIENTS = "nodes", "clients"

# By ELBv2's store, the last network that was made, and of which version. Where there are thousands
# of addresses each health that is described would make one.
_networks: WeakKeyDictionary[Store, tuple[int, Network]] = WeakKeyDictionary()

# What is asked, and of what.
Question = tuple[Any, ...]


class Reach:
    """One look at the instances, interfaces and security groups of an account and region.

    What it was asked is remembered with its answer, so that who has made something of the answers
    can find out from a later look whether it would be the same.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._answers: dict[Question, Any] = {}
        self._heard: dict[Question, Any] = {}
        # By load balancer, groups that guard, port and whether over IPv6.
        self._let_in: dict[tuple[Any, ...], bool] = {}

    def heard(self) -> dict[Question, Any]:
        """Questions and answers since this was asked last."""
        heard, self._heard = self._heard, {}
        return heard

    def ask(self, question: Question) -> Any:
        """The answer to one of the questions below."""
        if question not in self._answers:
            kind, *about = question
            self._answers[question] = getattr(self, f"_{kind}")(*about)
        self._heard[question] = self._answers[question]
        return self._answers[question]

    def openings(self, balancer: LoadBalancer) -> tuple[tuple[int, int, str], ...]:
        """What a load balancer's security groups let in: first and last port, and from where."""
        found: tuple[tuple[int, int, str], ...] = self.ask(
            ("openings", tuple(balancer.security_groups))
        )
        return found

    def instance(self, instance_id: str) -> Instance | None:
        """An instance of the account."""
        found: Instance | None = self.ask(("instance", instance_id))
        return found

    def zones(self, balancer: LoadBalancer) -> frozenset[str]:
        """The Availability Zones of a load balancer."""
        found: frozenset[str] = self.ask(("zones", balancer.arn))
        return found

    def address(self, group: TargetGroup, target: Target) -> str | None:
        """The private address of a target, if it has one."""
        kind = group.settings["TargetType"]
        if kind == "ip":
            return target.key.id
        found = self.instance(target.key.id) if kind == "instance" else None
        return found.address if found else None

    def target_is_open(self, group: TargetGroup, target: Target) -> bool:
        """Whether a target's interface lets in what the load balancer that uses its group sends."""
        kept = group.attributes.get(target_group_attributes.PRESERVE) == "true"
        return self._is_open(group, target, target.key.port, CLIENTS if kept else NODES)

    def check_is_open(self, group: TargetGroup, target: Target) -> bool:
        """The same of the port on which its health is checked."""
        wanted = group.settings.get("HealthCheckPort", "traffic-port")
        port = target.key.port if wanted == "traffic-port" else int(wanted)
        return self._is_open(group, target, port, NODES)

    def _is_open(self, group: TargetGroup, target: Target, port: int | None, sources: str) -> bool:
        user = self._store.user_of(group.arn)
        address = self.address(group, target)
        if user is None or address is None or port is None:
            return True
        return bool(self.ask(("way", user.arn, address, port, sources)))

    @cached_property
    def _network(self) -> Network:
        # Made only if somebody asks.
        return _network(self._store)

    @cached_property
    def _instances(self) -> dict[str, Instance]:
        return {one.id: one for one in network.instances(self._store)}

    def _openings(self, groups: tuple[str, ...]) -> tuple[tuple[int, int, str], ...]:
        every = [one for each in self._network.ingress(groups) for one in each.all]
        return tuple((one.first, one.last, one.block) for one in every)

    def _instance(self, instance_id: str) -> Instance | None:
        return self._instances.get(instance_id)

    def _zones(self, balancer: str) -> frozenset[str]:
        found = self._store.load_balancers.get(balancer)
        return frozenset(found.zones.values() if found else ())

    def _way(self, balancer: str, address: str, port: int, sources: str) -> bool:
        """Whether the interface of an address lets some sources in on a port.

        An address that no interface has is outside of the VPC, where others keep the door.
        """
        user = self._store.load_balancers.get(balancer)
        if user is None:
            return True
        guards = self._network.guards(user.vpc, address)
        leaving = self._network.egress(user.security_groups)
        # A Network Load Balancer without groups is not held back.
        if user.security_groups and not any(one.admits(address, port) for one in leaving):
            return False
        if guards is None:
            return True
        if sources is CLIENTS:
            arriving = self._network.ingress(guards)
            # Who they are is known only when they come: what is open to nobody is shut.
            return any(one.has(port) for each in arriving for one in each.all)
        # Thousands of addresses share an interface, or at least its groups.
        about = (balancer, *guards, port, ":" in address)
        if about not in self._let_in:
            arriving = self._network.ingress(guards)
            nodes = self._nodes(user, six=":" in address)
            self._let_in[about] = any(each.admits(node, port) for each in arriving for node in nodes)
        return self._let_in[about]

    def _nodes(self, balancer: LoadBalancer, *, six: bool) -> list[str]:
        """The addresses of a load balancer's own interfaces."""
        return [
            address
            for address in network.node_addresses(self._store, balancer)
            if (":" in address) == six
        ]


def _network(store: Store) -> Network:
    """Who is in which security group. ELBv2's lock is held."""
    # Before it is made: what changes meanwhile makes another one.
    version = CHANGES.network(("elbv2", store.account, store.region))
    found = _networks.get(store)
    if found is None or found[0] != version:
        found = _networks[store] = version, Network(EC2.get(store.account, store.region))
    return found[1]
