"""What exists: load balancers, listeners, rules, target groups, and who refers to whom.

Things are kept in the form in which AWS gives them back. One lock guards a store (the provider
holds it for a whole call), operations check first and write afterwards, and every write of
actions goes through `Store`, so which load balancer uses a target group is never out of date.
"""

import secrets
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ingress_aws import clock
from ingress_aws.accounts import AccountStores
from ingress_aws.elbv2 import regions

Json = dict[str, Any]
# As botocore's LoadBalancerTypeEnum has them.
APPLICATION_TYPE, NETWORK_TYPE = "application", "network"


@dataclass(slots=True, eq=False)
class Rule:
    """A rule of a listener; the default rule has no priority."""

    arn: str
    listener: "Listener"
    priority: int | None
    actions: list[Json]
    conditions: list[Json] = field(default_factory=list)
    transforms: list[Json] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    made: float = 0.0


@dataclass(slots=True, eq=False)
class Listener:
    """A listener; its default actions are those of its default rule."""

    arn: str
    load_balancer: "LoadBalancer"
    port: int
    protocol: str
    ssl_policy: str | None
    certificate: str | None
    mutual_authentication: Json | None
    attributes: dict[str, str]
    tags: dict[str, str]
    alpn_policy: str | None = None
    extra_certificates: list[str] = field(default_factory=list)
    rules: dict[int, Rule] = field(default_factory=dict)
    default_rule: Rule = field(init=False)
    made: float = 0.0


@dataclass(slots=True, eq=False)
class Capacity:
    """The units that a load balancer has reserved, if any, since when, and past decreases."""

    units: int | None = None
    modified: float | None = None
    decreases: list[float] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Revocation:
    """A list of revoked certificates."""

    place: Any  # s3_object.Place, which knows this module
    type: str
    entries: int
    text: str = ""  # what was read from there, as PEM


@dataclass(slots=True, eq=False)
class TrustStore:
    """A bundle of CA certificates, with lists of those that they have revoked."""

    arn: str
    name: str
    bundle: Any  # s3_object.Place
    certificates: int
    created: float
    tags: dict[str, str]
    revocations: dict[int, Revocation] = field(default_factory=dict)
    last_revocation: int = 0
    text: str = ""  # the bundle as it was read, as PEM


@dataclass(slots=True, eq=False)
class LoadBalancer:
    """An Application or a Network Load Balancer."""

    arn: str
    name: str
    dns_name: str
    scheme: str
    vpc: str
    ip_address_type: str
    zones: dict[str, str]  # subnet -> Availability Zone, as they were given
    security_groups: list[str]
    created: float
    attributes: dict[str, str]
    tags: dict[str, str]
    ipv4_pool: str | None = None  # the IPAM pool
    customer_owned_pool: str | None = None
    capacity: Capacity | None = None
    type: str = APPLICATION_TYPE
    # By subnet, the addresses that a Network Load Balancer was given, as they are told.
    fixed_addresses: dict[str, Json] = field(default_factory=dict)
    # Whether its groups are asked about PrivateLink; told of Network Load Balancers with groups.
    guards_private_link: str | None = None
    listeners: dict[str, Listener] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TargetKey:
    """What makes a target: the same address may be registered on several ports."""

    id: str
    port: int | None
    zone: str | None


@dataclass(slots=True, eq=False)
class Target:
    """A registered target, or one that is still draining."""

    key: TargetKey
    zone: str | None  # where it is; AWS does not tell this of instances
    registered: float
    deregistered: float | None = None
    set_state: str | None = None  # said through /_albedo/health
    set_reason: str | None = None


@dataclass(slots=True, eq=False)
class TargetGroup:
    """A target group; `settings` is what DescribeTargetGroups tells of it."""

    arn: str
    name: str
    settings: Json
    attributes: dict[str, str]
    tags: dict[str, str]
    targets: dict[TargetKey, Target] = field(default_factory=dict)


class Store:
    """One account's ELBv2 in one region."""

    def __init__(self, account: str, region: str) -> None:
        self.account = account
        self.region = region
        self.lock = threading.RLock()
        self.version = 0  # rises with every write, for whoever follows the store
        self.load_balancers: dict[str, LoadBalancer] = {}
        self.listeners: dict[str, Listener] = {}
        self.rules: dict[str, Rule] = {}
        self.target_groups: dict[str, TargetGroup] = {}
        self.trust_stores: dict[str, TrustStore] = {}
        # Deleted load balancers that are still told of, and until when.
        self.departing: dict[str, tuple[LoadBalancer, float]] = {}
        # Since when, and until when, a load balancer uses a certificate: see `certificate_use`.
        self.certificate_uses: dict[tuple[str, str], tuple[float, float | None]] = {}
        # When the last listener or rule ceased to refer to each target group: see `visibility`.
        self.released: dict[str, float] = {}
        # And when the first one began to.
        self.taken: dict[str, float] = {}
        # For each target group how often each load balancer refers to it, and the other way round.
        self._users: dict[str, Counter[str]] = {}
        self._used: dict[str, Counter[str]] = {}

    def arn(self, resource: str) -> str:
        """The ARN of a resource of this account and region."""
        partition = regions.partition(self.region)
        return f"arn:{partition}:elasticloadbalancing:{self.region}:{self.account}:{resource}"

    def add_listener(self, listener: Listener, default_actions: list[Json]) -> None:
        """Put a new listener, with its default rule, on its load balancer."""
        listener.default_rule = Rule(
            arn=f"{listener.arn.replace(':listener/', ':listener-rule/')}/{new_id()}",
            listener=listener,
            priority=None,
            actions=[],
        )
        listener.made = clock.now(self.account)
        listener.load_balancer.listeners[listener.arn] = listener
        self.listeners[listener.arn] = listener
        self.rules[listener.default_rule.arn] = listener.default_rule
        self.set_actions(listener.default_rule, default_actions)

    def add_rule(self, rule: Rule) -> None:
        """Put a new rule on its listener."""
        assert rule.priority is not None, "only default rules have no priority"
        actions, rule.actions = rule.actions, []
        rule.made = clock.now(self.account)
        rule.listener.rules[rule.priority] = rule
        self.rules[rule.arn] = rule
        self.set_actions(rule, actions)

    def set_actions(self, rule: Rule, actions: list[Json]) -> None:
        """Replace a rule's actions, and with them which target groups are in use."""
        load_balancer = rule.listener.load_balancer.arn
        for group in target_groups_of(actions):
            if group not in self._users:
                self.taken[group] = clock.now(self.account)
        for group in target_groups_of(rule.actions):
            self._count(group, load_balancer, -1)
        for group in target_groups_of(actions):
            self._count(group, load_balancer, 1)
        for group in target_groups_of(rule.actions):
            if group not in self._users:
                self.released[group] = clock.now(self.account)
        rule.actions = actions

    def remove_rule(self, rule: Rule) -> None:
        """Take a rule away."""
        self.set_actions(rule, [])
        if rule.priority is not None:
            del rule.listener.rules[rule.priority]
        del self.rules[rule.arn]

    def remove_listener(self, listener: Listener) -> None:
        """Take a listener away, with its rules."""
        for rule in [*listener.rules.values(), listener.default_rule]:
            self.remove_rule(rule)
        del listener.load_balancer.listeners[listener.arn]
        del self.listeners[listener.arn]

    def remove_load_balancer(self, load_balancer: LoadBalancer) -> None:
        """Take a load balancer away, with its listeners and their rules."""
        for listener in list(load_balancer.listeners.values()):
            self.remove_listener(listener)
        del self.load_balancers[load_balancer.arn]

    def remove_target_group(self, arn: str) -> None:
        """Take a target group away, if it is there."""
        self.target_groups.pop(arn, None)
        self.released.pop(arn, None)
        self.taken.pop(arn, None)

    def user_of(self, target_group: str) -> LoadBalancer | None:
        """The load balancer whose listeners or rules refer to a target group."""
        users = self._users.get(target_group)
        return self.load_balancers.get(next(iter(users))) if users else None

    def used_by(self, load_balancer: str, without: Rule | None = None) -> set[str]:
        """The target groups that a load balancer refers to, one rule left out if asked."""
        used = Counter(self._used.get(load_balancer, {}))
        if without is not None:
            used.subtract(target_groups_of(without.actions))
        return {group for group, count in used.items() if count > 0}

    def _count(self, group: str, load_balancer: str, step: int) -> None:
        for table, one, other in (
            (self._users, group, load_balancer),
            (self._used, load_balancer, group),
        ):
            counter = table.setdefault(one, Counter())
            counter[other] += step
            if not counter[other]:
                del counter[other]
            if not counter:
                del table[one]


STORES = AccountStores(Store)


def new_id() -> str:
    """The last part of an ARN: 16 hexadecimal digits, as in AWS's own."""
    return secrets.token_hex(8)


def target_groups_of(actions: list[Json]) -> set[str]:
    """The target groups that (canonical) actions forward to, those of weight 0 included."""
    return {
        group["TargetGroupArn"]
        for action in actions
        for group in action.get("ForwardConfig", {}).get("TargetGroups", [])
    }
