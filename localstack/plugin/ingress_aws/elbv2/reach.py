"""Whom a load balancer reaches, and who reaches it: what the security groups let through."""

from functools import cached_property
from typing import Any

from ingress_aws.ec2.openings import Network, Opening
from ingress_aws.ec2.store import STORES as EC2
from ingress_aws.elbv2 import network, target_group_attributes
from ingress_aws.elbv2.store import LoadBalancer, Store, Target, TargetGroup

Json = dict[str, Any]

# Whose addresses a target sees: the load balancer's own, or its clients' if they are preserved.
NODES, CLIENTS = "nodes", "clients"


class Reach:
    """One look at the security groups of an account and region."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @cached_property
    def _network(self) -> Network:
        # Made only if somebody asks.
        return Network(EC2.get(self._store.account, self._store.region))

    def openings(self, balancer: LoadBalancer) -> list[Opening]:
        """What a load balancer's security groups let in."""
        return self._network.ingress(balancer.security_groups)

    def target_is_open(self, group: TargetGroup, target: Target) -> bool:
        """Whether a target's interface lets in what the load balancer that uses its group sends."""
        kept = group.attributes.get(target_group_attributes.PRESERVE) == "true"
        return self._is_open(group, target, target.key.port, CLIENTS if kept else NODES)

    def _is_open(self, group: TargetGroup, target: Target, port: int | None, sources: str) -> bool:
        """Whether a target's interface lets some sources in on a port.

        An address that no interface has is outside of the VPC, where others keep the door.
        """
        user = self._store.user_of(group.arn)
        address = self._address(group, target)
        if user is None or address is None or port is None:
            return True
        guards = self._network.guards(user.vpc, address)
        leaving = self._network.egress(user.security_groups)
        # A Network Load Balancer without groups is not held back.
        if user.security_groups and not any(one.admits(address, port) for one in leaving):
            return False
        if guards is None:
            return True
        arriving = self._network.ingress(guards)
        if sources is CLIENTS:
            # Who they are is known only when they come: what is open to nobody is shut.
            return any(one.first <= port <= one.last for one in arriving)
        nodes = self._nodes(user, six=":" in address)
        return any(one.admits(node, port) for one in arriving for node in nodes)

    def check_is_open(self, group: TargetGroup, target: Target) -> bool:
        """The same of the port on which its health is checked."""
        wanted = group.settings.get("HealthCheckPort", "traffic-port")
        port = target.key.port if wanted == "traffic-port" else int(wanted)
        return self._is_open(group, target, port, NODES)

    def _address(self, group: TargetGroup, target: Target) -> str | None:
        kind = group.settings["TargetType"]
        if kind == "ip":
            return target.key.id
        found = network.instance(self._store, target.key.id) if kind == "instance" else None
        return found.address if found else None

    def _nodes(self, balancer: LoadBalancer, *, six: bool) -> list[str]:
        """The addresses of a load balancer's own interfaces."""
        return [
            address
            for address in network.node_addresses(self._store, balancer)
            if (":" in address) == six
        ]
