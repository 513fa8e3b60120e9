"""Starts the controllers and runs recorded scenarios: see `scenario` for when one passes.

Everything keeps AWS's own pace with `ALBEDO_PACE=aws`, and `ALBEDO_CLOCK_SPEED` says how many times
faster than AWS.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import recording
from account import CLUSTER, Account, self_signed
from cluster import Cluster
from scenario import INGRESS, SPEED, Scenario

CRDS = Path(__file__).parents[2] / "deploy" / "crds"
# How AWS Load Balancer Controller calls itself.
AGENT = "elbv2.k8s.aws/"
# How often LBC looks whether a load balancer is active; 2 minutes unless it is told otherwise.
LOOK_SECONDS = 120 / SPEED
# Long enough for a controller to start on two busy cores.
START_SECONDS = 60.0


def main() -> int:
    """Run the scenarios that are asked for; the exit code says whether all passed."""
    options = arguments()
    account, cluster = set_up()
    account.allow_condition_values(100)
    if options.policy:
        account.enforce(options.policy.read_text(), f"{AGENT}*")
    failed = 0
    with ExitStack() as running:
        running.enter_context(lbc(options, account))
        if options.external_dns:
            running.enter_context(external_dns(options, account))
        for path in chosen(options):
            recorded = recording.read(path, account.real)
            failed += not passes(Scenario(account, cluster, recorded))
    return 1 if failed else 0


def set_up() -> tuple[Account, Cluster]:
    """An account and a cluster, with what controllers need in them."""
    account = Account(os.environ["AWS_ENDPOINT_URL"], "111122223333")
    cluster = Cluster(Path(os.environ["KUBECONFIG"]))
    cluster.install(CRDS)
    cluster.apply(account.set_up())
    spec = {"controller": "ingress.k8s.aws/alb"}
    ingress_class = {"apiVersion": INGRESS, "kind": "IngressClass", "spec": spec}
    cluster.apply(ingress_class | {"metadata": {"name": "alb"}})
    return account, cluster


def chosen(options: argparse.Namespace) -> list[Path]:
    """The recordings that are asked for; all of them, unless some are named."""
    found = sorted(options.recordings.glob("V*.txt"))
    named = tuple(options.names)
    return [path for path in found if not named or path.stem.startswith(named)]


def passes(scenario: Scenario) -> bool:
    """Run a scenario and tell how it went."""
    troubles = list(scenario.run())
    retried = ", ".join(f"{code} {count}" for code, count in sorted(scenario.retried.items()))
    told = "; ".join(troubles) or "as it should"
    more = f" (retried: {retried})" if retried else ""
    print(f"{scenario.recorded.name}: {told}{more}", flush=True)
    return not troubles


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
def lbc(
    options: argparse.Namespace, account: Account, more: dict[str, str] | None = None
) -> Iterator[None]:
    """AWS Load Balancer Controller, for the whole cluster; with more flags, if there are any."""
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
            "lb-stabilization-monitor-interval": f"{LOOK_SECONDS:.0f}s",
        }
        with process(options, "lbc", options.lbc, flags | (more or {}), account):
            yield


@contextmanager
def external_dns(options: argparse.Namespace, account: Account) -> Iterator[None]:
    """external-dns with its Ingress source, TXT registry and AWS provider."""
    for name in ("example.com", "example.org"):
        account.make_zone(name)
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
    options: argparse.Namespace,
    name: str,
    binary: Path,
    flags: dict[str, str],
    account: Account,
    words: Sequence[str] = (),
) -> Iterator[None]:
    """A controller that runs as long as the block, in this account."""
    given = (f"--{flag}={value}" for flag, value in flags.items())
    argv = [str(binary.absolute()), *words, *given]
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": account.id}
    with (options.logs / f"acceptance-{name}.log").open("w") as log:
        child = subprocess.Popen(argv, stdout=log, stderr=log, env=environment)
        try:
            yield
        finally:
            child.terminate()
            child.wait(timeout=START_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
