"""Applies recorded scenarios, waits until the controllers are quiet, and says what is wrong.

A scenario passes if AWS refused nothing but what the controllers retry, every Ingress that had an
address in the recording has one, and nothing is left once all its Ingresses are deleted.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import recording
from account import CLUSTER, NODE, Account, self_signed
from cluster import Cluster, pods_of
from recording import Recording, Step

Json = dict[str, Any]

CRDS = Path(__file__).parents[2] / "deploy" / "crds"
INGRESS = "networking.k8s.io/v1"

# LBC retries these two, and AWS answers with them while something is on its way out.
RETRIED = {"DependencyViolation", "ResourceInUse"}
# How AWS Load Balancer Controller calls itself.
AGENT = "elbv2.k8s.aws/"
# No call for so long, and the controllers are done; LBC's own retries begin below a second.
QUIET_SECONDS = 4.0
PATIENCE_SECONDS = 60.0
# Long enough for a controller to start on two busy cores.
START_SECONDS = 60.0


def main() -> int:
    """Run the scenarios that are asked for; the exit code says whether all passed."""
    options = arguments()
    account = Account(os.environ["AWS_ENDPOINT_URL"], "111122223333")
    cluster = Cluster(Path(os.environ["KUBECONFIG"]))
    cluster.install(CRDS)
    cluster.apply(account.set_up())
    spec = {"controller": "ingress.k8s.aws/alb"}
    ingress_class = {"apiVersion": INGRESS, "kind": "IngressClass", "spec": spec}
    cluster.apply(ingress_class | {"metadata": {"name": "alb"}})
    account.allow_many_condition_values()
    if options.policy:
        account.enforce(options.policy.read_text(), f"{AGENT}*")
    failed = 0
    with ExitStack() as running:
        running.enter_context(lbc(options, account))
        if options.external_dns:
            running.enter_context(external_dns(options, account))
        for path in sorted(options.recordings.glob("V*.txt")):
            if not options.names or path.stem.startswith(tuple(options.names)):
                troubles = list(run(account, cluster, recording.read(path, account.real)))
                print(f"{path.stem}: {'; '.join(troubles) or 'as it should'}", flush=True)
                failed += bool(troubles)
    return 1 if failed else 0


def arguments() -> argparse.Namespace:
    """What is asked for on the command line."""
    parser = argparse.ArgumentParser(prog="run", description=__doc__)
    parser.add_argument("recordings", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--lbc", type=Path, required=True)
    parser.add_argument("--external-dns", type=Path)
    parser.add_argument("--policy", type=Path, help="what AWS Load Balancer Controller may do")
    parser.add_argument("--logs", type=Path, default=Path(tempfile.gettempdir()))
    return parser.parse_intermixed_args()


@contextmanager
def lbc(options: argparse.Namespace, account: Account) -> Iterator[None]:
    """AWS Load Balancer Controller, for the whole cluster."""
    with tempfile.TemporaryDirectory() as place:
        # Its webhooks are served to nobody, but it will not start without a certificate.
        self_signed(Path(place), ["localhost"])
        flags = {
            "cluster-name": CLUSTER,
            "aws-region": os.environ["AWS_REGION"],
            "aws-vpc-id": account.vpc,
            "kubeconfig": os.environ["KUBECONFIG"],
            "enable-leader-election": "false",
            "metrics-bind-addr": "127.0.0.1:0",
            "health-probe-bind-addr": "127.0.0.1:0",
            "webhook-cert-dir": place,
        }
        with process(options, "lbc", options.lbc, flags, account):
            yield


@contextmanager
def external_dns(options: argparse.Namespace, account: Account) -> Iterator[None]:
    """external-dns with its Ingress source, TXT registry and AWS provider."""
    for name in ("example.com", "example.org"):
        account.client("route53").create_hosted_zone(Name=name, CallerReference=name)
    flags = {
        "kubeconfig": os.environ["KUBECONFIG"],
        "source": "ingress",
        "provider": "aws",
        "registry": "txt",
        "txt-owner-id": CLUSTER,
        "policy": "sync",
        "interval": "2s",
    }
    with process(options, "external-dns", options.external_dns, flags, account):
        yield


@contextmanager
def process(
    options: argparse.Namespace, name: str, binary: Path, flags: dict[str, str], account: Account
) -> Iterator[None]:
    """A controller that runs as long as the block, in this account."""
    argv = [str(binary.absolute()), *(f"--{flag}={value}" for flag, value in flags.items())]
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": account.id}
    with (options.logs / f"acceptance-{name}.log").open("w") as log:
        child = subprocess.Popen(argv, stdout=log, stderr=log, env=environment)
        try:
            yield
        finally:
            child.terminate()
            child.wait(timeout=START_SECONDS)


def run(account: Account, cluster: Cluster, scenario: Recording) -> Iterator[str]:
    """What goes wrong in a scenario, in the order of its steps."""
    namespace = scenario.namespace
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    addresses: dict[str, list[str]] = {}
    for number, step in enumerate(scenario.steps, start=1):
        account.forget_log()
        apply(account, cluster, namespace, step, addresses)
        calls = settled(account, waking=bool(step.calls))
        yield from (f"step {number}: {trouble}" for trouble in refusals(calls))
        have = {
            ingress["metadata"]["name"]
            for ingress in cluster.list(INGRESS, "Ingress", namespace)
            if ingress["status"].get("loadBalancer", {}).get("ingress")
        }
        if missing := step.addressed - have:
            yield f"step {number}: no address: {', '.join(sorted(missing))}"
    account.forget_log()
    calls: list[Json] = []
    # One after the other: when two come to their end at the same moment, each sees the other one's
    # finalizer, and the controller leaves the security group that they share behind.
    for ingress in cluster.list(INGRESS, "Ingress", namespace):
        cluster.delete(INGRESS, "Ingress", ingress["metadata"]["name"], namespace)
        calls = settled(account, waking=bool(scenario.last_calls))
    yield from (f"deletion: {trouble}" for trouble in refusals(calls))
    if left := account.left():
        yield f"deletion: left behind: {', '.join(left)}"


def apply(
    account: Account,
    cluster: Cluster,
    namespace: str,
    step: Step,
    addresses: dict[str, list[str]],
) -> None:
    """Put a step's objects into the cluster; each new Service gets two pods."""
    for name in step.deleted:
        cluster.delete(INGRESS, "Ingress", name, namespace)
    for wanted in step.objects:
        if wanted["kind"] == "Service":
            name = wanted["metadata"]["name"]
            if name not in addresses:
                addresses[name] = [account.addresses.pop(0), account.addresses.pop(0)]
            for made in pods_of(wanted, addresses[name], NODE):
                cluster.apply(made, namespace)
        cluster.apply(wanted, namespace)


def settled(account: Account, *, waking: bool) -> list[Json]:
    """The calls that were made until nobody has made one for a while.

    `waking`: calls there will be, so that the quiet before the first of them does not count.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    calls, since = counted(account.log()), time.monotonic()
    while time.monotonic() < deadline:
        if time.monotonic() - since >= QUIET_SECONDS and (calls or not waking):
            break
        time.sleep(0.25)
        if len(found := counted(account.log())) != len(calls):
            calls, since = found, time.monotonic()
    return account.log()


def counted(calls: list[Json]) -> list[Json]:
    """Without external-dns's reads, which go on for ever."""
    return [
        call
        for call in calls
        if call["service"] != "route53" or call["operation"] == "ChangeResourceRecordSets"
    ]


def refusals(calls: list[Json]) -> Iterator[str]:
    """What AWS refused and should not have been asked, or should not have refused."""
    wrong: Counter[str] = Counter(
        f"{call['service']}.{call['operation']} {call['error']}"
        for call in calls
        if call["error"] and call["error"] not in RETRIED
    )
    for what, count in wrong.items():
        yield f"{what} ({count} times)"


if __name__ == "__main__":
    sys.exit(main())
