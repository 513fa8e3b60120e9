"""One side of a comparison: a cluster and an account of its own, and the controller there."""

import argparse
import os
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from account import CLUSTER, NODE, Account, self_signed
from acceptance import CRDS, process
from cluster import Cluster, pods_of
from manifests import FIRST_NODE_PORT, LBC_CONTROLLER, Case, Step, localised
from scenario import INGRESS

Json = dict[str, Any]

BINDING = "elbv2.k8s.aws/v1beta1"
# No call for so long, and a controller is done; LBC's own first retries come within a second.
QUIET_SECONDS = float(os.environ.get("ALBEDO_QUIET_SECONDS", "3"))
# Whoever tries again and again what cannot be is done once nothing was changed for so long.
STEADY_SECONDS = 3 * QUIET_SECONDS
PATIENCE_SECONDS = 90.0
# For a controller that has something to look at to ask AWS for it; one that has not asks nothing.
WAKING_SECONDS = 15.0
READS = ("Assume", "Describe", "Get", "List")
# As many as hardly any case names.
STOCK = {
    "security group": 6,
    "certificate": 3,
    "web ACL": 2,
    "user pool": 1,
    "target group": 2,
}
# Reads are not what a comparison is about: no side waits for its turn.
UNLIMITED = "Elastic Load Balancing v2:.*=1000:1000"


@dataclass(frozen=True)
class Write:
    """A call that changes something."""

    call: Json

    @property
    def error(self) -> str:
        """Why AWS has refused it; empty if it has not."""
        return self.call["error"] or ""

    def __str__(self) -> str:
        error = f" ({self.error})" if self.error else ""
        return f"{self.call['service']}.{self.call['operation']}{error} {self.call['params']}"


class Side:
    """A cluster and an account, where one controller runs at a time."""

    def __init__(self, options: argparse.Namespace, name: str, account: str) -> None:
        self.options, self.name = options, name
        self.kubeconfig = options.clusters / name / "kubeconfig"
        self.cluster = Cluster(self.kubeconfig)
        self.account = Account(os.environ["AWS_ENDPOINT_URL"], account)
        self.running = ""
        self._ending = ExitStack()
        self._stand_ins: dict[tuple[str, str], str] = {}
        self._numbers: dict[str, int] = {}
        self._ports: dict[tuple[str, str, int], int] = {}

    def set_up(self) -> None:
        """Install what there is in every cluster, and in the account."""
        self.cluster.install(CRDS)
        self.cluster.apply(self.account.set_up())
        self._stock()
        self._make_class()

    def _stock(self) -> None:
        """Make what cases name before a controller looks: what is made later, it sees later."""
        for kind, count in STOCK.items():
            for number in range(count):
                self.account.stand_in(kind, number)

    def _make_class(self) -> None:
        spec = {"controller": LBC_CONTROLLER}
        named = {"apiVersion": INGRESS, "kind": "IngressClass", "metadata": {"name": "alb"}}
        self.cluster.apply(named | {"spec": spec})

    # The controller.

    def start(self, controller: str, is_waking: bool) -> None:
        """Start a controller, and wait until it has looked at what there is.

        `is_waking`: there is something that it has to ask AWS for.
        """
        self.stop()
        self.account.forget_log()
        probe = free_port()
        flags = {
            "cluster-name": CLUSTER,
            "aws-region": os.environ["AWS_REGION"],
            "aws-vpc-id": self.account.vpc,
            "kubeconfig": str(self.kubeconfig),
            "enable-leader-election": "false",
            "metrics-bind-addr": "127.0.0.1:0",
            "health-probe-bind-addr": f"127.0.0.1:{probe}",
            "aws-api-throttle": UNLIMITED,
        }
        flags |= dict(said.split("=", 1) for said in self.options.flag)
        words: list[str] = []
        binary = self.options.lbc
        if controller == "albedo":
            binary, words = self.options.albedo, ["run"]
            # What takes the place of something else is there at once, as with LBC.
            flags["replacement-grace"] = "1s"
        else:
            hooks = {"webhook-cert-dir": str(self._hook()), "webhook-bind-port": str(free_port())}
            flags |= hooks
        log = f"{self.name}-{controller}"
        child = process(self.options, log, binary, flags, self.account, words)
        self._ending.enter_context(child)
        self.running = controller
        until(lambda: answers(probe), f"{log} is ready")
        self.settle(is_waking)

    def _hook(self) -> Path:
        """A certificate for LBC's webhooks: they are served to nobody, but it wants one."""
        place = self.kubeconfig.parent / "hook"
        if not place.exists():
            place.mkdir()
            self_signed(place, ["localhost"])
        return place

    def stop(self) -> None:
        """End the controller that runs."""
        self._ending.close()
        self._ending, self.running = ExitStack(), ""

    def settle(self, is_waking: bool = False) -> bool:
        """Wait until the controller is done; whether it was before the patience ended."""
        begin = changed = called = time.monotonic()
        calls, writes = 0, 0
        while (now := time.monotonic()) - begin < PATIENCE_SECONDS:
            log = self.account.log()
            if len(log) != calls:
                calls, called = len(log), now
            if (written := len(writes_of(log))) != writes:
                writes, changed = written, now
            is_awake = calls or not is_waking or now - begin > WAKING_SECONDS
            if is_awake and (now - called > QUIET_SECONDS or now - changed > STEADY_SECONDS):
                return True
            time.sleep(0.3)
        return False

    def writes(self) -> list[Write]:
        """What the controller has changed or tried to change since it was started.

        While LBC gets to know one TargetGroupBinding after the other, it lets in what those that it
        knows so far need, beside what stands, and takes that back once it knows all: it does so on
        whatever it has not looked after itself. What comes to nothing in that way does not count.
        """
        calls = writes_of(self.account.log())
        if self.running == "lbc":
            calls = without_passing(calls)
        return [Write(call) for call in calls]

    # A case.

    def apply(self, case: Case, step: Step) -> list[str]:
        """Put a step's objects into the cluster; what the API server refuses."""
        self.account.forget_log()
        refused = []
        for home in case.namespaces:
            space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": home}}
            self.cluster.apply(space)
        self.account.allow_condition_values(100 if case.is_recorded else None)
        given = localised(step.objects, self.account.real, self.stand_in)
        for one in [*given, *self._pods(given)]:
            try:
                self.cluster.apply(one, one["metadata"].get("namespace", ""))
            except (RuntimeError, KeyError) as error:
                refused.append(f"{one['kind']} {one['metadata'].get('name')}: {error}")
        for home, name in step.deleted:
            self.cluster.delete(INGRESS, "Ingress", name, home)
        return refused

    def _pods(self, objects: list[Json]) -> Iterator[Json]:
        """Two pods and an EndpointSlice for each Service without, and the pods that slices name."""
        sliced = {
            (one["metadata"]["namespace"], one["metadata"]["labels"]["kubernetes.io/service-name"])
            for one in objects
            if one["kind"] == "EndpointSlice"
        }
        pods = {
            (one["metadata"]["namespace"], one["metadata"]["name"])
            for one in objects
            if one["kind"] == "Pod"
        }
        for one in objects:
            home, name = one["metadata"].get("namespace", ""), one["metadata"].get("name", "")
            if one["kind"] == "Service" and one["spec"].get("ports"):
                self._give_node_ports(one)
                if (home, name) not in sliced:
                    addresses = [self.stand_in("address", f"{home}/{name}/{i}") for i in (0, 1)]
                    for made in pods_of(one, addresses, NODE):
                        made["metadata"]["namespace"] = home
                        yield made
            if one["kind"] == "EndpointSlice":
                for end in one["endpoints"]:
                    end["nodeName"] = NODE
                    pod = (end.get("targetRef") or {}).get("name")
                    if pod and (home, pod) not in pods:
                        yield pod_at(home, pod, end["addresses"][0])

    def _give_node_ports(self, service: Json) -> None:
        """Kubernetes would hand them out by chance, on each side others."""
        if service["spec"].get("type") not in {"NodePort", "LoadBalancer"}:
            return
        home, name = service["metadata"]["namespace"], service["metadata"]["name"]
        for number, port in enumerate(service["spec"]["ports"]):
            port.setdefault(
                "nodePort",
                self._ports.setdefault((home, name, number), FIRST_NODE_PORT + len(self._ports)),
            )

    def stand_in(self, kind: str, given: str) -> str:
        """What stands here for somebody's thing: the same one at the same name."""
        if (kind, given) not in self._stand_ins:
            number = self._numbers.get(kind, 0)
            self._numbers[kind] = number + 1
            self._stand_ins[kind, given] = self.account.stand_in(kind, number)
        return self._stand_ins[kind, given]

    def forget(self) -> None:
        """Let the next case name other things by the same names."""
        self._stand_ins, self._numbers, self._ports = {}, {}, {}

    def renew(self) -> None:
        """Go on in another account, after a case that left something behind."""
        self.stop()
        self.account = Account(self.account.endpoint, str(int(self.account.id) + 1))
        # An instance's id is on its Node for good.
        self.cluster.delete("v1", "Node", NODE, "")
        self.cluster.apply(self.account.set_up())
        self._stock()

    def delete_all(self, case: Case) -> None:
        """Delete what a controller looks after, one after the other, and wait until it is done.

        When two come to their end at the same moment, each sees the other one's finalizer, and LBC
        leaves the security group that they share behind.
        """
        for version, kind, one in self._looked_after(case):
            if is_made_by_controller(one):
                continue
            home, name = one["metadata"]["namespace"], one["metadata"]["name"]
            place = f"{self.cluster.place(version, kind, home)}/{name}"
            self.cluster.delete(version, kind, name, home)
            deadline = time.monotonic() + PATIENCE_SECONDS / 3
            while self.cluster.call("GET", place) and time.monotonic() < deadline:
                time.sleep(0.2)
        self.settle()

    def _looked_after(self, case: Case) -> list[tuple[str, str, Json]]:
        """What stands of a case that may have a controller's finalizer."""
        return [
            (version, kind, one)
            for home in case.namespaces
            for version, kind in ((INGRESS, "Ingress"), (BINDING, "TargetGroupBinding"))
            for one in self.cluster.list(version, kind, home)
        ]

    def remove(self, case: Case) -> None:
        """Take everything of a case out of the cluster, whoever holds it."""
        for one in (one for step in case.steps for one in reversed(step.objects)):
            home, name = one["metadata"].get("namespace", ""), one["metadata"].get("name", "")
            if one["kind"] != "Namespace" and name:
                self.cluster.delete(one["apiVersion"], one["kind"], name, home)
        for version, kind, one in self._looked_after(case):
            home, name = one["metadata"]["namespace"], one["metadata"]["name"]
            place = f"{self.cluster.place(version, kind, home)}/{name}"
            self.cluster.call("PATCH", place, {"metadata": {"finalizers": None}}, merge=True)
            self.cluster.delete(version, kind, name, home)
        self._make_class()


def is_made_by_controller(binding: Json) -> bool:
    """Whether a TargetGroupBinding is a controller's own, of an Ingress."""
    labels = binding["metadata"].get("labels") or {}
    return any(key.startswith("ingress.k8s.aws/stack") for key in labels)


def pod_at(home: str, name: str, address: str) -> Json:
    """A pod that is ready at an address."""
    conditions = [{"type": kind, "status": "True"} for kind in ("Ready", "ContainersReady")]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": home},
        "spec": {"nodeName": NODE, "containers": [{"name": "c", "image": "x"}]},
        "status": {
            "phase": "Running",
            "podIP": address,
            "podIPs": [{"ip": address}],
            "conditions": conditions,
        },
    }


def writes_of(log: list[Json]) -> list[Json]:
    """The calls that change something."""
    return [call for call in log if not call["operation"].startswith(READS)]


def without_passing(calls: list[Json]) -> list[Json]:
    """Without those that let something in which is then taken back."""
    opened = {rule for call in calls for rule in rules_of(call, "AuthorizeSecurityGroupIngress")}
    closed = {rule for call in calls for rule in rules_of(call, "RevokeSecurityGroupIngress")}
    passing = opened & closed

    def is_passing(call: Json) -> bool:
        rules = rules_of(call, "AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress")
        return bool(rules) and rules <= passing

    return [call for call in calls if not is_passing(call)]


def rules_of(call: Json, *operations: str) -> set[str]:
    """The rules of security groups that one of these calls is about."""
    if call["operation"] not in operations or call["error"]:
        return set()
    params = call["params"]
    return {
        f"{params.get('GroupId')} {one.get('IpProtocol')} {one.get('FromPort')}-{one.get('ToPort')}"
        f" {source.get('GroupId')}"
        for one in params.get("IpPermissions") or []
        for source in one.get("UserIdGroupPairs") or []
    }


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def answers(port: int) -> bool:
    """Whether a controller says that it is ready."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def until(is_so: Callable[[], bool], what: str) -> None:
    """Wait for something that has to come."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {PATIENCE_SECONDS:.0f} s: {what}")
        time.sleep(0.2)
