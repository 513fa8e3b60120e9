"""The move from AWS Load Balancer Controller and external-dns to Albedo, and the way back.

Both serve a few Ingresses. `albedo adopt` has to say that nothing would change, while they run;
what it says is then done, one thing after the other: webhook configurations and Deployments are
objects of the cluster, and where a Deployment goes to 0, its process ends. `albedo adopt --back` is
done in the same way. On the way there nobody may write anything to AWS, and on the way back only
this: LBC lets in once more what a wider rule lets in already, and external-dns gives the name that
Albedo has made for an IPv4 load balancer an AAAA record, too. Whoever has taken over then serves
what a person changes, and in the end deletes everything.
"""

import argparse
import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from acceptance import START_SECONDS, process, set_up
from account import CLUSTER, NODE, Account, self_signed
from cluster import Cluster, pods_of
from scenario import INGRESS, address_of, hosts_of
from side import Write, answers, free_port, until, without_passing, writes_of

Json = dict[str, Any]

APPS, HOOKS = "apps/v1", "admissionregistration.k8s.io/v1"
# Where LBC's and external-dns's own instructions have them.
LBC = ("kube-system", "aws-load-balancer-controller")
EXTERNAL_DNS = ("external-dns", "external-dns")
IMAGES = {
    LBC: "public.ecr.aws/eks/aws-load-balancer-controller:v3.5.0",
    EXTERNAL_DNS: "registry.k8s.io/external-dns/external-dns:v0.22.0",
}
HOME = "shop"
SAYS = "alb.ingress.kubernetes.io/"
# No write for so long, and everybody is done: the Lease of LBC runs out meanwhile.
QUIET_SECONDS = 25.0
# What they serve: the annotations of each, and its hosts.
PUBLIC, SHARED = {"scheme": "internet-facing"}, {"group.name": "shared"}
TLS = {"listen-ports": '[{"HTTP": 80}, {"HTTPS": 443}]', "ssl-redirect": "443"}
SERVED: dict[str, tuple[dict[str, str], list[str]]] = {
    "alone": (PUBLIC, ["alone.example.com", "also.example.com"]),
    "inner": ({"scheme": "internal", "target-type": "ip"}, ["inner.example.com"]),
    "one": (PUBLIC | SHARED | TLS, ["one.example.com"]),
    "web": (PUBLIC | SHARED | TLS | {"target-type": "ip"}, ["web.example.com"]),
    "wild": (PUBLIC | {"tags": "team=shop"}, ["*.example.org"]),
}


def main() -> int:
    """Move there and back; the exit code says whether all went as it should."""
    options = arguments()
    account, cluster = set_up()
    with ExitStack() as place:
        hook = Path(place.enter_context(tempfile.TemporaryDirectory()))
        moved = Town(options, account, cluster, hook)
        place.callback(moved.stop_all)
        troubles = list(moved.there_and_back())
    print("; ".join(troubles) or "nothing that stood was changed, on neither way")
    return 1 if troubles else 0


def arguments() -> argparse.Namespace:
    """What is asked for on the command line."""
    parser = argparse.ArgumentParser(prog="run moves", description=__doc__)
    parser.add_argument("--lbc", type=Path, required=True)
    parser.add_argument("--external-dns", type=Path, required=True)
    parser.add_argument("--albedo", type=Path, required=True)
    parser.add_argument("--logs", type=Path, default=Path(tempfile.gettempdir()))
    return parser.parse_args()


# A security group, whom it lets in, and the first and the last port.
Rule = tuple[str, str, int, int]


def rules(group: str, permissions: list[Json]) -> Iterator[Rule]:
    """The rules of permissions that let other security groups in."""
    for one in permissions:
        for pair in one.get("UserIdGroupPairs") or []:
            if one["IpProtocol"] == "tcp":
                yield group, pair["GroupId"], one["FromPort"], one["ToPort"]


def is_let_in(call: Json, standing: list[Rule]) -> bool:
    """Whether a call lets in what is let in already, by wider rules."""
    params = call["params"]
    if call["operation"] != "AuthorizeSecurityGroupIngress":
        return False
    asked = list(rules(params["GroupId"], params["IpPermissions"]))
    return bool(asked) and all(
        any(
            rule[:2] == wider[:2] and wider[2] <= rule[2] and rule[3] <= wider[3]
            for wider in standing
        )
        for rule in asked
    )


def is_about_ipv6(call: Json, host: str) -> bool:
    """Whether a call makes a host's AAAA record, with its TXT record, and does nothing else."""
    if call["operation"] != "ChangeResourceRecordSets":
        return False
    changes = call["params"]["ChangeBatch"]["Changes"]
    made = [
        (one["ResourceRecordSet"]["Type"], one["ResourceRecordSet"]["Name"].rstrip("."))
        for one in changes
        if one["Action"] == "CREATE"
    ]
    return len(made) == len(changes) and set(made) <= {("AAAA", host), ("TXT", f"aaaa-{host}")}


class Town:
    """A cluster with Ingresses, and whoever serves them."""

    def __init__(
        self, options: argparse.Namespace, account: Account, cluster: Cluster, hook: Path
    ) -> None:
        self.options, self.account, self.cluster, self.hook = options, account, cluster, hook
        self.running: dict[str, ExitStack] = {}
        self.hook_port = free_port()
        # What `albedo adopt` says that Albedo is started with, besides LBC's flags.
        self.said: list[str] = []
        # What the Deployments have, and what a process needs besides where it is not in a pod.
        self.given = {
            LBC: {
                "cluster-name": CLUSTER,
                "aws-region": os.environ["AWS_REGION"],
                "aws-vpc-id": account.vpc,
            },
            EXTERNAL_DNS: {
                "source": "ingress",
                "provider": "aws",
                "registry": "txt",
                "txt-owner-id": "shop-owner",
                "domain-filter": "example.com",
                "policy": "sync",
                "interval": "2s",
            },
        }
        self.kubeconfig = {"kubeconfig": os.environ["KUBECONFIG"]}
        self.election = self.kubeconfig | {"leader-election-namespace": LBC[0]}

    def there_and_back(self) -> Iterator[str]:
        """What goes wrong."""
        self._build()
        self._start_lbc()
        self._hooks(True)
        self._start_external_dns()
        yield from self._served("LBC and external-dns")
        self.account.forget_log()
        told, code = self._asked("adopt", "--aws-vpc-id", self.account.vpc)
        if code or told["plans"] or told["problems"]:
            yield f"albedo adopt ({code}): {told['plans'] or told['problems'] or told['notes']}"
        yield from (f"on the way there: {one}" for one in self._made(told["moves"]))
        yield from (f"on the way there: {one}" for one in self._writes())
        made = "later.example.com"
        yield from self._changed("albedo", "/with-albedo", made)
        self.account.forget_log()
        told, _ = self._asked("adopt", "--back")
        let_in = self._let_in()
        yield from (f"on the way back: {one}" for one in self._made(told["moves"]))
        yield from (
            f"on the way back: {one}"
            for one in self._writes()
            if not (is_let_in(one.call, let_in) or is_about_ipv6(one.call, made))
        )
        yield from self._changed("LBC", "/with-lbc", "last.example.com")
        # One after the other: LBC leaves the security group that two share behind which come to
        # their end at the same moment.
        while left := [one["metadata"]["name"] for one in self._ingresses()]:
            self.cluster.delete(INGRESS, "Ingress", left[0], HOME)
            until(lambda: len(self._ingresses()) < len(left), f"Ingress {left[0]} is gone")
        self._rest()
        yield from (f"left behind: {one}" for one in self.account.left())

    # What there is.

    def _ingresses(self) -> list[Json]:
        return self.cluster.list(INGRESS, "Ingress", HOME)

    def _build(self) -> None:
        for home in (HOME, EXTERNAL_DNS[0]):
            space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": home}}
            self.cluster.apply(space)
        for zone in ("example.com", "example.org"):
            self.account.make_zone(zone)
        for key in (LBC, EXTERNAL_DNS):
            self._scale(key, 1)
        for number, (name, (said, hosts)) in enumerate(SERVED.items()):
            service: Json = {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": name},
                "spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30080 + number}]},
            }
            addresses = self.account.addresses[2 * number : 2 * number + 2]
            for made in [*pods_of(service, addresses, NODE), service]:
                self.cluster.apply(made, HOME)
            annotations = {SAYS + key: value for key, value in said.items()}
            self._ask(name, annotations, [(host, "/") for host in hosts])

    def _ask(self, name: str, annotations: dict[str, str], paths: list[tuple[str, str]]) -> None:
        backend = {"service": {"name": name.partition("-")[0], "port": {"number": 80}}}
        rules = [
            {
                "host": host,
                "http": {"paths": [{"path": path, "pathType": "Prefix", "backend": backend}]},
            }
            for host, path in paths
        ]
        wanted = {
            "apiVersion": INGRESS,
            "kind": "Ingress",
            "metadata": {"name": name, "annotations": annotations},
            "spec": {"ingressClassName": "alb", "rules": rules},
        }
        self.cluster.apply(wanted, HOME)

    def _scale(self, key: tuple[str, str], replicas: int) -> None:
        home, name = key
        labels = {"app.kubernetes.io/name": name}
        given = [f"--{flag}={value}" for flag, value in self.given[key].items()]
        container = {"name": name, "image": IMAGES[key], "args": given}
        wanted = {
            "apiVersion": APPS,
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": home, "labels": labels},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            },
        }
        self.cluster.apply(wanted, home)

    def _hooks(self, stand: bool) -> None:
        """LBC's webhook configurations: the API server asks the process that runs here."""
        name = "aws-load-balancer-webhook"
        trust = base64.b64encode((self.hook / "tls.crt").read_bytes()).decode()
        group = {"apiGroups": ["elbv2.k8s.aws"], "apiVersions": ["v1beta1"]}
        bindings = group | {"resources": ["targetgroupbindings"]}
        ingresses = {"apiGroups": ["networking.k8s.io"], "apiVersions": ["v1"]}
        ingresses |= {"resources": ["ingresses"]}
        about = "elbv2-k8s-aws-v1beta1-targetgroupbinding"
        validating = {
            "vtargetgroupbinding": (f"validate-{about}", bindings),
            "vingress": ("validate-networking-v1-ingress", ingresses),
        }
        mutating = {"mtargetgroupbinding": (f"mutate-{about}", bindings)}
        kinds = {"Validating": validating, "Mutating": mutating}
        for kind, hooks in kinds.items():
            kind = f"{kind}WebhookConfiguration"
            listed = [
                {
                    "name": f"{short}.elbv2.k8s.aws",
                    "clientConfig": {
                        "url": f"https://localhost:{self.hook_port}/{path}",
                        "caBundle": trust,
                    },
                    "rules": [rule | {"operations": ["CREATE", "UPDATE"]}],
                    "failurePolicy": "Fail",
                    "sideEffects": "None",
                    "admissionReviewVersions": ["v1beta1"],
                }
                for short, (path, rule) in hooks.items()
            ]
            if stand:
                wanted = {"apiVersion": HOOKS, "kind": kind, "metadata": {"name": name}}
                self.cluster.apply(wanted | {"webhooks": listed})
            else:
                self.cluster.delete(HOOKS, kind, name, "")

    # Who runs.

    def _start_lbc(self) -> None:
        if not (self.hook / "tls.crt").exists():
            self_signed(self.hook, ["localhost"])
        probe = free_port()
        flags = self.given[LBC] | self.election
        flags |= {
            "metrics-bind-addr": "127.0.0.1:0",
            "health-probe-bind-addr": f"127.0.0.1:{probe}",
            "webhook-cert-dir": str(self.hook),
            "webhook-bind-port": str(self.hook_port),
        }
        self._start("lbc", self.options.lbc, flags)
        until(lambda: answers(probe), "LBC is ready")

    def _start_external_dns(self) -> None:
        flags = self.given[EXTERNAL_DNS] | self.kubeconfig | {"metrics-address": "127.0.0.1:0"}
        self._start("external-dns", self.options.external_dns, flags)

    def _start_albedo(self) -> None:
        """`albedo run` with LBC's flags, and with what `albedo adopt` says besides."""
        self._stop("albedo")
        flags = self.given[LBC] | self.election
        flags |= {"metrics-bind-addr": "127.0.0.1:0", "health-probe-bind-addr": "127.0.0.1:0"}
        self._start("albedo", self.options.albedo, flags, ["run", *self.said])

    def _start(self, name: str, binary: Path, flags: dict[str, str], words: Any = ()) -> None:
        self.running[name] = ExitStack()
        child = process(self.options, f"moves-{name}", binary, flags, self.account, words)
        self.running[name].enter_context(child)

    def _stop(self, name: str) -> None:
        if found := self.running.pop(name, None):
            found.close()

    def stop_all(self) -> None:
        """End whoever runs."""
        for name in list(self.running):
            self._stop(name)

    # What is done.

    def _asked(self, *words: str) -> tuple[Json, int]:
        """What `albedo` answers, and its exit code."""
        argv = [str(self.options.albedo.absolute()), *words, "-o", "json"]
        environment = {**os.environ, "AWS_ACCESS_KEY_ID": self.account.id}
        done = subprocess.run(
            argv, env=environment, capture_output=True, timeout=START_SECONDS, check=False
        )
        if not done.stdout:
            raise RuntimeError(f"{' '.join(words)}: {done.stderr.decode()}")
        return json.loads(done.stdout), done.returncode

    def _made(self, moves: list[Json]) -> Iterator[str]:
        """Do all of this in its order; what cannot be done."""
        for move in moves:
            print(f"  {move['what']}", flush=True)
            if not self._make(move["what"]):
                yield f"cannot be done: {move['what']}"

    def _writes(self) -> list[Write]:
        """What anybody has changed in AWS, or tried to, once all are done."""
        self._rest()
        return [Write(call) for call in without_passing(writes_of(self.account.log()))]

    def _let_in(self) -> list[Rule]:
        """What security groups let other groups do."""
        found = self.account.client("ec2").describe_security_groups()["SecurityGroups"]
        return [rule for one in found for rule in rules(one["GroupId"], one["IpPermissions"])]

    def _make(self, what: str) -> bool:
        """Do one thing; whether that went well."""
        first, last = what.split()[0], what.split()[-1]
        if what.startswith("start albedo run with "):
            self.said = [word for word in what.split() if word.startswith("--")]
            self._start_albedo()
        elif what == "stop albedo run":
            self._stop("albedo")
        elif what.startswith("scale Deployment ") and last in {"0", "up"}:
            key = LBC if LBC[1] in what else EXTERNAL_DNS
            self._scale(key, int(last == "up"))
            if last == "0":
                self._stop("lbc" if key == LBC else "external-dns")
            elif key == LBC:
                self._start_lbc()
            else:
                self._start_external_dns()
        elif "webhook configuration" in what and first in {"delete", "apply"}:
            self._hooks(first == "apply")
        elif what == "see that nothing is left to do":
            flags = (f"--{flag}={value}" for flag, value in self.given[LBC].items())
            told, code = self._asked("plan", "--detailed-exitcode", *flags, *self.said)
            return code == 0 and not told["problems"]
        else:
            # Nothing here is of a class of Albedo's own.
            return what.startswith("move Ingresses of classes under alb.ingress.k8s.aws")
        return True

    def _changed(self, who: str, path: str, host: str) -> Iterator[str]:
        """What becomes of what a person changes and adds."""
        said, hosts = SERVED["alone"]
        annotations = {SAYS + key: value for key, value in said.items()}
        self._ask("alone", annotations, [(hosts[0], path), *((host, "/") for host in hosts)])
        self._ask(f"web-{who.lower()}", annotations, [(host, "/")])
        yield from self._served(who)
        elb = self.account.client("elbv2")
        found = [
            value
            for balancer in elb.describe_load_balancers()["LoadBalancers"]
            for listener in elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])[
                "Listeners"
            ]
            for rule in elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
            for condition in rule["Conditions"]
            for value in condition.get("Values") or []
        ]
        if path not in found:
            yield f"{who} makes no rule for {path}"

    def _served(self, who: str) -> Iterator[str]:
        """Wait until every Ingress is served and every name leads there; what is lacking then."""

        def lacking() -> list[str]:
            leads, lacks = self.account.records(), []
            for one in self._ingresses():
                address = address_of(one)
                names = [name for name in hosts_of(one) if name.endswith("example.com")]
                lost = [name for name in names if leads.get(name, "").rstrip(".") != address]
                if not address or lost:
                    lacks.append(f"{one['metadata']['name']} {' '.join(lost)}".strip())
            return lacks

        try:
            until(lambda: not lacking(), "all is served")
        except TimeoutError:
            yield from (f"{who} does not serve {one}" for one in lacking())
        self._rest()

    def _rest(self) -> None:
        """Wait until nobody has written anything for a while."""
        count, since = len(writes_of(self.account.log())), time.monotonic()
        deadline = since + 10 * QUIET_SECONDS
        while time.monotonic() - since < QUIET_SECONDS and time.monotonic() < deadline:
            time.sleep(0.5)
            if (found := len(writes_of(self.account.log()))) != count:
                count, since = found, time.monotonic()


if __name__ == "__main__":
    sys.exit(main())
