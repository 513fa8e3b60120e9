"""A recorded scenario, applied step by step: waits until the controllers are quiet, and judges.

It passes if AWS refused nothing but what the controllers retry, every Ingress that had an address
in the recording has one and, where there are zones, its hosts lead there, and nothing is left once
all its Ingresses are deleted.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from account import NODE, Account
from cluster import Cluster, pods_of
from recording import Recording, Step

Json = dict[str, Any]

INGRESS = "networking.k8s.io/v1"

PACED = os.environ.get("ALBEDO_PACE") == "aws"
SPEED = float(os.environ.get("ALBEDO_CLOCK_SPEED") or "1")

# LBC retries these two, and AWS answers with them while something is on its way out.
RETRIED = {"DependencyViolation", "ResourceInUse"}
# At AWS's pace the controllers also meet what AWS does not know yet, and its limits of calls.
RETRIED_AT_PACE = RETRIED | {
    "InvalidGroup.Duplicate",
    "InvalidGroup.NotFound",
    "ListenerNotFound",
    "PriorRequestNotComplete",
    "RequestLimitExceeded",
    "RuleNotFound",
    "Throttling",
    "ThrottlingException",
}
# And a deleted load balancer that is still told of, which LBC deletes again: it has no tags any
# more, without which LBC's policy allows nothing.
DENIED_AT_PACE = ("DeleteLoadBalancer", "AccessDenied")

# No call for so long, and the controllers are done; LBC's own retries begin below a second.
QUIET_SECONDS = 4.0
# For a step to come to its end; at AWS's pace one load balancer may have to be made after another
# one's interfaces are gone.
PATIENCE_SECONDS = 60.0 + (900 / SPEED if PACED else 0)


@dataclass
class Scenario:
    """A recording, and where it is applied."""

    account: Account
    cluster: Cluster
    recorded: Recording
    # Of each Service, those of its pods.
    addresses: dict[str, list[str]] = field(default_factory=dict)
    # What AWS refused and the controllers got over, and how often.
    retried: Counter[str] = field(default_factory=Counter)

    def run(self) -> Iterator[str]:
        """What goes wrong, in the order of the steps."""
        for number, step in enumerate(self.recorded.steps, start=1):
            calls = self._play(step, bool(step.calls))
            troubles = [*self._refusals(calls), *self._missing(step)]
            yield from (f"step {number}: {trouble}" for trouble in troubles)
        yield from self._delete()

    def _play(self, step: Step, waking: bool) -> list[Json]:
        """The calls that a step takes."""
        self.account.forget_log()
        self._apply(step)
        return self._settled(waking, partial(self._missing, step))

    def _delete(self) -> Iterator[str]:
        """What goes wrong while all Ingresses are deleted, and after that."""
        self.account.forget_log()
        waking = bool(self.recorded.last_calls)
        # One after the other: when two come to their end at the same moment, each sees the other
        # one's finalizer, and the controller leaves the security group that they share behind.
        for ingress in self._ingresses():
            name = ingress["metadata"]["name"]
            self.cluster.delete(INGRESS, "Ingress", name, self.namespace)
            self._settled(waking, partial(self._present, name))
        yield from self._rest()

    def _rest(self) -> Iterator[str]:
        """What is wrong when all is deleted."""
        calls = self._settled(False, self.account.left)
        yield from (f"deletion: {trouble}" for trouble in self._refusals(calls))
        if left := self.account.left():
            yield f"deletion: left behind: {', '.join(left)}"

    def _refusals(self, calls: list[Json]) -> Iterator[str]:
        """What AWS refused and should not have been asked, or should not have refused."""
        refused = [call for call in calls if call["error"]]
        self.retried.update(str(call["error"]) for call in refused if is_retried(call))
        wrong = Counter(
            f"{call['service']}.{call['operation']} {call['error']}"
            for call in refused
            if not is_retried(call)
        )
        for what, count in wrong.items():
            yield f"{what} ({count} times)"

    @property
    def namespace(self) -> str:
        """Where its objects are."""
        return self.recorded.namespace

    def _ingresses(self) -> list[Json]:
        return self.cluster.list(INGRESS, "Ingress", self.namespace)

    def _present(self, name: str) -> list[str]:
        """The Ingress of this name, while it is there."""
        return [name for one in self._ingresses() if one["metadata"]["name"] == name]

    def _apply(self, step: Step) -> None:
        """Put a step's objects into the cluster; each new Service gets two pods."""
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}}
        self.cluster.apply(namespace)
        for name in step.deleted:
            self.cluster.delete(INGRESS, "Ingress", name, self.namespace)
        for wanted in step.objects:
            if wanted["kind"] == "Service":
                name = wanted["metadata"]["name"]
                if name not in self.addresses:
                    free = self.account.addresses
                    self.addresses[name] = [free.pop(0), free.pop(0)]
                for made in pods_of(wanted, self.addresses[name], NODE):
                    self.cluster.apply(made, self.namespace)
            self.cluster.apply(wanted, self.namespace)

    def _missing(self, step: Step) -> list[str]:
        """Addresses and names that there should be after a step, and are not."""
        have = {one["metadata"]["name"]: one for one in self._ingresses() if address_of(one)}
        nowhere = sorted(step.addressed - have.keys())
        troubles = [f"no address: {', '.join(nowhere)}"] if nowhere else []
        if self.account.zones:
            leads = self.account.records()
            lost = {
                host
                for name in step.addressed & have.keys()
                for host in hosts_of(have[name])
                if self.account.has_zone_of(host)
                and leads.get(host, "").rstrip(".") != address_of(have[name])
            }
            troubles += [f"no record: {', '.join(sorted(lost))}"] if lost else []
        return troubles

    def _settled(self, waking: bool, lacking: Callable[[], list[str]]) -> list[Json]:
        """The calls that were made until nobody has made one for a while and nothing is lacking.

        `waking`: calls there will be, so that the quiet before the first of them does not count.
        Whoever asks AWS what is lacking makes calls, too, and does so in every quiet only once.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        calls, since = counted(self.account.log()), time.monotonic()
        while time.monotonic() < deadline:
            quiet = time.monotonic() - since >= QUIET_SECONDS and (calls or not waking)
            if quiet and not lacking():
                break
            time.sleep(0.25)
            if len(found := counted(self.account.log())) != len(calls):
                calls, since = found, time.monotonic()
        return self.account.log()


def hosts_of(ingress: Json) -> list[str]:
    """The hosts that an Ingress has rules for."""
    return [rule["host"] for rule in ingress["spec"].get("rules", []) if "host" in rule]


def address_of(ingress: Json) -> str:
    """What an Ingress's status says is its load balancer; empty if it says nothing."""
    told = ingress["status"].get("loadBalancer", {}).get("ingress", [])
    return str(told[0]["hostname"]).lower() if told else ""


def counted(calls: list[Json]) -> list[Json]:
    """Without external-dns's reads, which go on for ever."""
    return [
        call
        for call in calls
        if call["service"] != "route53" or call["operation"] == "ChangeResourceRecordSets"
    ]


def is_retried(call: Json) -> bool:
    """Whether a refusal is one that the controllers get over."""
    if not PACED:
        return call["error"] in RETRIED
    denied = (call["operation"], call["error"]) == DENIED_AT_PACE
    return denied or call["error"] in RETRIED_AT_PACE
