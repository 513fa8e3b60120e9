"""What the demo shows, after `run` has started the servers: each change, what it took, what AWS holds, and what a
client gets.

AWS is read by boto3 and the apps are asked by curl, which know nothing of Albedo.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import secret

ALBEDO, DEPLOY, PLACE = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
KUBECTL = os.environ["KUBECTL"]
CLUSTER = "demo"
# LocalStack takes an access key of 12 digits for the account.
ACCOUNT = os.environ["AWS_ACCESS_KEY_ID"]
# How long anything may take; warm, everything takes a few seconds.
PATIENCE_SECONDS = 60.0
HERE = Path(__file__).resolve().parent
# The pods of the examples, and the one that alpha is scaled to.
PODS = [
    *(f"{app}/{app}-{i}=172.31.1.{10 + 2 * place + i}:8080"
      for place, app in enumerate(("alpha", "beta", "gamma")) for i in (0, 1)),
    "alpha/alpha-2=172.31.1.20:8080",
]
HTTPS, HTTP = "https://public.example.com", "http://gamma.public.example.com"


def say(text: str) -> None:
    print(f"\n== {text}", flush=True)


def table(title: str, heads: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Prints rows in columns as wide as their longest cell."""
    cells = [list(heads), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    print(f"-- {title}")
    for row in cells:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("   " + line.rstrip())
    sys.stdout.flush()


def kubectl(*arguments: str, quiet: bool = False) -> str:
    done = subprocess.run([KUBECTL, *arguments], check=True, capture_output=True, text=True)
    if not quiet:
        print(done.stdout.rstrip(), flush=True)
    return done.stdout


def apply(name: str, *, change: Callable[[str], str] = lambda text: text) -> None:
    text = change((DEPLOY / "examples" / f"{name}.yaml").read_text())
    subprocess.run([KUBECTL, "apply", "-f", "-"], input=text, check=True, text=True, capture_output=True)


def log(method: str, query: str = "") -> bytes:
    connection = http.client.HTTPConnection(urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc)
    connection.request(method, f"/_albedo/log?account={ACCOUNT}{query}")
    return connection.getresponse().read()


def plan() -> int:
    """Prints `albedo plan` and says its exit code."""
    command = [ALBEDO, "plan", "--cluster-name", CLUSTER]
    print("$ albedo plan --cluster-name demo", flush=True)
    return subprocess.run(command, check=False).returncode


def settle() -> None:
    """Waits until nothing is left to do."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    command = [ALBEDO, "plan", "--cluster-name", CLUSTER]
    while subprocess.run(command, check=False, capture_output=True).returncode != 0:
        if time.monotonic() > deadline:
            sys.exit(f"demo: not at rest after {PATIENCE_SECONDS:.0f} s; see {PLACE}/albedo.log")
        time.sleep(0.2)


def calls_of(title: str, act: Callable[[], None]) -> None:
    """Does something and shows the AWS calls that it took."""
    say(title)
    log("DELETE")
    begun = time.monotonic()
    act()
    settle_calls()
    entries = [entry for entry in json.loads(log("GET")) if is_write(entry)]
    seconds = time.monotonic() - begun
    rows = [(e["service"], e["operation"], shown(e["params"])) for e in entries]
    calls = "1 AWS call" if len(rows) == 1 else f"{len(rows)} AWS calls"
    table(f"{calls} in {seconds:.1f} s", ("service", "operation", "parameters"), rows)


def settle_calls() -> None:
    """Waits until the log of writes has not grown for a while, then until nothing is left to do."""
    count, since = -1, time.monotonic()
    while time.monotonic() - since < 0.7:
        now = sum(1 for entry in json.loads(log("GET")) if is_write(entry))
        if now != count:
            count, since = now, time.monotonic()
        time.sleep(0.1)
    settle()


def is_write(entry: dict[str, str]) -> bool:
    return not entry["operation"].startswith(("Describe", "List", "Get"))


def shown(parameters: object) -> str:
    """The start of a call's parameters: enough to see what it is about."""
    text = json.dumps(parameters, sort_keys=True)
    return text if len(text) <= 100 else text[:99] + "…"


def ask(*urls: str) -> None:
    """Asks as any client would: through DNS, TLS and the load balancer to the pod."""
    for url in urls:
        print(f"$ tests/demo/ask {url}", flush=True)
        environment = {**os.environ, "ALBEDO_CA": str(PLACE / "ca.pem")}
        done = subprocess.run(
            [HERE / "ask", url], check=False, capture_output=True, text=True, env=environment
        )
        for line in (done.stdout + done.stderr).strip().splitlines():
            print(f"   {line}", flush=True)


def make_secret(name: str) -> None:
    """Makes or renews the TLS Secret that alpha and beta name, as cert-manager would."""
    secret.make(PLACE, name)
    create = [KUBECTL, "create", "secret", "tls", "public-tls", "-n", "demo", "--dry-run=client", "-o", "yaml"]
    create += [f"--cert={PLACE}/{name}.pem", f"--key={PLACE}/{name}.key"]
    manifest = subprocess.run(create, check=True, capture_output=True, text=True).stdout
    subprocess.run([KUBECTL, "apply", "-f", "-"], input=manifest, check=True, text=True, capture_output=True)


def make_pods() -> None:
    """Makes the pods of the cluster with their addresses, as kubelets would show them."""
    for pod in PODS:
        name, _, address = pod.partition("/")[2].partition(":")[0].partition("=")
        spec = {"nodeName": "node-1", "containers": [{"name": "app", "image": "app"}]}
        head = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "demo"}}
        manifest = json.dumps({**head, "spec": spec})
        create = [KUBECTL, "apply", "-f", "-"]
        subprocess.run(create, input=manifest, check=True, text=True, capture_output=True)
        conditions = [{"type": "ContainersReady", "status": "True"}]
        status = {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}], "conditions": conditions}
        kubectl("patch", "pod", name, "-n", "demo", "--subresource=status", "--type=merge",
                "-p", json.dumps({"status": status}), quiet=True)


def prepare() -> None:
    """What a cluster on EKS has: tagged subnets, a node with its network interface, a zone, CRDs, a class."""
    ec2 = boto3.client("ec2")
    subnets = sorted(ec2.describe_subnets()["Subnets"], key=lambda s: s["AvailabilityZone"])[:2]
    for subnet in subnets:
        tags = [{"Key": "kubernetes.io/role/elb", "Value": "1"}]
        ec2.create_tags(Resources=[subnet["SubnetId"]], Tags=tags)
    owned = [{"Key": f"kubernetes.io/cluster/{CLUSTER}", "Value": "owned"}]
    group = ec2.create_security_group(
        GroupName="nodes",
        Description="nodes",
        VpcId=subnets[0]["VpcId"],
        TagSpecifications=[{"ResourceType": "security-group", "Tags": owned}],
    )["GroupId"]
    interface = ec2.create_network_interface(SubnetId=subnets[0]["SubnetId"], Groups=[group])
    interface_id = interface["NetworkInterface"]["NetworkInterfaceId"]
    addresses = [f"172.31.1.{last}" for last in range(10, 30)]
    ec2.assign_private_ip_addresses(NetworkInterfaceId=interface_id, PrivateIpAddresses=addresses)
    kubectl("apply", "-f", str(DEPLOY / "crds"), quiet=True)
    kubectl("wait", "--for=condition=Established", "crd", "--all", quiet=True)
    kubectl("apply", "-f", str(DEPLOY / "rbac.yaml"), quiet=True)
    kubectl("create", "namespace", "demo", quiet=True)
    make_pods()
    apply("class")
    apply("secrets")
    boto3.client("route53").create_hosted_zone(Name="example.com", CallerReference="demo")
    make_secret("first")


def show_aws() -> None:
    """What AWS holds, as boto3 reads it."""
    elb, ec2 = boto3.client("elbv2"), boto3.client("ec2")
    balancers = elb.describe_load_balancers()["LoadBalancers"]
    table(
        "load balancers",
        ("name", "scheme", "state", "DNS name"),
        [(b["LoadBalancerName"], b["Scheme"], b["State"]["Code"], b["DNSName"]) for b in balancers],
    )
    groups = {g["TargetGroupArn"]: g["TargetGroupName"] for g in elb.describe_target_groups()["TargetGroups"]}
    rules = []
    for balancer in balancers:
        for listener in elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]:
            for rule in elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]:
                conditions = " ".join("|".join(c["Values"]) for c in rule["Conditions"])
                action = rule["Actions"][-1]
                leads = groups.get(action.get("TargetGroupArn", ""), action["Type"])
                port = f"{listener['Protocol']}:{listener['Port']}"
                rules.append((port, rule["Priority"], conditions, leads))
    table("listeners and rules", ("listener", "priority", "conditions", "leads to"), rules)
    targets = []
    for arn, name in groups.items():
        for health in elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]:
            target = f"{health['Target']['Id']}:{health['Target']['Port']}"
            targets.append((name, target, health["TargetHealth"]["State"]))
    table("targets", ("target group", "target", "health"), targets)
    show_names()
    ours = ec2.describe_security_groups(
        Filters=[{"Name": "tag:elbv2.k8s.aws/cluster", "Values": [CLUSTER]}]
    )["SecurityGroups"]
    table("security groups", ("id", "name"), [(g["GroupId"], g["GroupName"]) for g in ours])


def show_names() -> None:
    acm, route53 = boto3.client("acm"), boto3.client("route53")
    rows = []
    # Unless asked for all kinds of keys, AWS shows certificates with RSA keys up to 2048 bits only.
    kinds = {"keyTypes": ["RSA_2048", "EC_prime256v1"]}
    for summary in acm.list_certificates(Includes=kinds)["CertificateSummaryList"]:
        found = acm.describe_certificate(CertificateArn=summary["CertificateArn"])["Certificate"]
        names = ", ".join(found["SubjectAlternativeNames"])
        rows.append((found["CertificateArn"], names, found["Serial"], len(found.get("InUseBy", []))))
    table("certificates", ("ARN", "names", "serial number", "in use by"), rows)
    rows = []
    for zone in route53.list_hosted_zones()["HostedZones"]:
        for record in route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]:
            if record["Type"] not in ("NS", "SOA"):
                alias = record.get("AliasTarget", {}).get("DNSName")
                value = alias or record["ResourceRecords"][0]["Value"]
                rows.append((record["Name"], record["Type"], value))
    table("records", ("name", "type", "value"), rows)


def start_pods() -> subprocess.Popen[str]:
    command = [sys.executable, "-B", HERE / "pods.py", "--with", str(os.getpid()), *PODS]
    pods = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    if pods.stdout is None or pods.stdout.readline() != "ready\n":
        sys.exit("demo: the pods do not listen; see above")
    return pods


def start() -> subprocess.Popen[bytes]:
    command = [ALBEDO, "run", "--cluster-name", CLUSTER, "--health-probe-bind-addr", "127.0.0.1:0"]
    output = (PLACE / "albedo.log").open("wb")
    command += ["--metrics-bind-addr", "127.0.0.1:0", "--log-format", "text"]
    return subprocess.Popen(command, stdout=output, stderr=output)


def change_and_delete() -> None:
    calls_of("Three apps are applied", lambda: [apply(name) for name in ("alpha", "beta", "gamma")] and None)
    say("What the cluster shows")
    kubectl("get", "ingress", "-n", "demo")
    say("What AWS holds, as boto3 reads it")
    show_aws()
    say("What a client gets: DNS, TLS, load balancer, pod")
    ask(f"{HTTPS}/alpha", f"{HTTPS}/beta", f"{HTTP}/", f"{HTTPS}/nothing-here")
    third = "endpoints:\n  - addresses: [172.31.1.20]\n    conditions: {ready: true}\n    nodeName: node-1\n"
    third += "    targetRef: {kind: Pod, name: alpha-2, namespace: demo}\n"
    calls_of(
        "alpha is scaled from two pods to three",
        lambda: apply("alpha", change=lambda text: text.replace("endpoints:\n", third)),
    )
    calls_of(
        "beta moves from /beta to /two",
        lambda: apply("beta", change=lambda text: text.replace("path: /beta", "path: /two")),
    )
    ask(f"{HTTPS}/two", f"{HTTPS}/beta")
    calls_of("The TLS Secret is renewed", lambda: make_secret("second"))
    ask(f"{HTTPS}/alpha")
    calls_of(
        "gamma loses its pods",
        lambda: apply("gamma", change=lambda text: text.replace("ready: true", "ready: false")),
    )
    ask(f"{HTTP}/")
    calls_of(
        "gamma is deleted",
        lambda: kubectl("delete", "ingress", "gamma", "-n", "demo", quiet=True) and None,
    )
    ask(f"{HTTP}/")
    say("What would change now")
    plan()
    calls_of(
        "Everything is deleted",
        lambda: kubectl("delete", "ingress", "--all", "-n", "demo", quiet=True) and None,
    )
    say("What AWS holds, as boto3 reads it")
    show_aws()


def main() -> None:
    say("What an EKS cluster has: subnets, a node's network interface, a hosted zone, a TLS Secret, a class")
    prepare()
    say("What would change for one app, before anything runs")
    subprocess.run(
        [ALBEDO, "plan", "--cluster-name", CLUSTER]
        + ["-f", str(DEPLOY / "examples/class.yaml"), "-f", str(DEPLOY / "examples/alpha.yaml")],
        check=False,
    )
    say("The controller starts")
    controller = start()
    try:
        if os.environ.get("KEEP"):
            for name in ("alpha", "beta", "gamma"):
                apply(name)
            settle_calls()
            kubectl("get", "ingress", "-n", "demo")
            print(f"\nRunning (controller {controller.pid}). Talk to it:")
            print(f"  set -a; . {PLACE}/cluster/env; . {PLACE}/aws/env; set +a")
            print(f"  {KUBECTL} get ingress -A;  {ALBEDO} plan --cluster-name {CLUSTER}")
            print("  http://localhost:61780/ shows where each host leads")
            print(f"  {HERE}/pods.py {' '.join(PODS)} &")
            print(f"  ALBEDO_CA={PLACE}/ca.pem {HERE}/ask {HTTPS}/alpha")
            print("Stop it:")
            down = DEPLOY.parent
            print(f"  kill {controller.pid}; {down}/localstack/down {PLACE}/aws; "
                  f"{down}/tests/control-plane/down {PLACE}/cluster")
            return
        pods = start_pods()
        try:
            change_and_delete()
        finally:
            pods.terminate()
    finally:
        if not os.environ.get("KEEP"):
            controller.terminate()
            controller.wait(timeout=PATIENCE_SECONDS)
    print("\nDone: nothing is left.")


if __name__ == "__main__":
    main()
