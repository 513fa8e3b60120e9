"""The demo's pods and its way of asking: curl through DNS, TLS and the load balancer."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aws import Account, certificate_for, forward, path
from cryptography import x509
from dataplane_ground import PATIENCE, Alb, alb, fixed, issued

__all__ = ["alb"]

LOCALSTACK = Path(__file__).resolve().parents[1]
DEMO = LOCALSTACK.parent / "tests" / "demo"
HOST = "public.example.com"
PORT = 18080

pytestmark = [
    pytest.mark.skipif(shutil.which("curl") is None, reason="asks with curl"),
    pytest.mark.skipif("ALBEDO_DOH_URL" not in os.environ, reason="run by localstack/test"),
]


@contextmanager
def running(*pods: str, **more: str) -> Iterator["subprocess.Popen[str]"]:
    """Pods for a while."""
    command = [str(DEMO / "pods.py"), *(f"--with={pid}" for pid in more.values()), *pods]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.terminate()


def ask(aws: Account, url: str, *arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
    """What `ask` prints for a URL."""
    settings = {**os.environ, "AWS_ENDPOINT_URL": aws.endpoint, "AWS_ACCESS_KEY_ID": aws.id, **env}
    command = [str(DEMO / "ask"), url, *arguments]
    return subprocess.run(command, env=settings, capture_output=True, text=True, timeout=60)


def address_record(alb: Alb, zone: str) -> dict[str, Any]:
    """The alias that an Ingress's host gets."""
    alias = {
        "HostedZoneId": alb.described["CanonicalHostedZoneId"],
        "DNSName": alb.dns_name,
        "EvaluateTargetHealth": True,
    }
    record = {"Name": HOST, "Type": "A", "AliasTarget": alias}
    batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
    route53 = alb.aws.client("route53")
    return dict(route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch))


def test_a_pod_answers_through_names_encryption_and_rules(alb: Alb) -> None:
    aws = alb.aws
    certificate, zone = issued(aws, HOST)
    address_record(alb, zone)
    group = alb.group()
    targets = [{"Id": f"172.31.222.{last}", "Port": PORT} for last in (10, 11)]
    aws.elbv2.register_targets(TargetGroupArn=group, Targets=targets)
    listener = aws.https_listener(alb.arn, Certificates=[{"CertificateArn": certificate}])
    alpha = {"Conditions": [path("/alpha")], "Actions": [forward(group)]}
    aws.rule(listener["ListenerArn"], 1, **alpha)
    to_https = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    alb.default({"Type": "redirect", "RedirectConfig": to_https})
    pods = [f"alpha/alpha-{n}=172.31.222.1{n}:{PORT}" for n in (0, 1)]
    with running(*pods):
        told = [ask(aws, f"https://{HOST}/alpha") for _ in range(2)]
        for one in told:
            assert one.returncode == 0, one
            assert one.stdout.startswith("status 200\ncertificate ")
            for part in ('"path": "/alpha"', '"X-Forwarded-Proto": "https"', '"X-Forwarded-For"'):
                assert part in one.stdout
        for name in ("alpha-0", "alpha-1"):
            assert any(f'"pod": "{name}"' in one.stdout for one in told)
        serial = aws.client("acm").describe_certificate(CertificateArn=certificate)
        shown = told[0].stdout.splitlines()[1].removeprefix("certificate ")
        assert shown == serial["Certificate"]["Serial"]
        missing = ask(aws, f"https://{HOST}/nothing")
        assert (missing.returncode, missing.stdout.splitlines()[0]) == (0, "status 404")
        plain = ask(aws, f"http://{HOST}/alpha")
        assert plain.stdout.startswith(f"status 301\nleads to https://{HOST}:443/alpha\n")
    gone = ask(aws, f"https://{HOST}/alpha")
    assert gone.stdout.splitlines()[0] == "status 502"
    unknown = ask(aws, "https://other.example.com/")
    assert unknown.returncode == 6  # curl: could not resolve host


def test_a_certificate_of_ones_own_is_trusted_if_named(alb: Alb, tmp_path: Path) -> None:
    aws = alb.aws
    route53 = aws.client("route53")
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="x")["HostedZone"]["Id"]
    address_record(alb, zone)
    arn = aws.certificate(HOST)
    aws.https_listener(
        alb.arn, Certificates=[{"CertificateArn": arn}], DefaultActions=[fixed("own")]
    )
    alb.settle()
    assert ask(aws, f"https://{HOST}/").returncode == 60  # curl: not a CA that is trusted
    text, _ = certificate_for(HOST)
    (tmp_path / "ca.pem").write_bytes(text)
    told = ask(aws, f"https://{HOST}/", ALBEDO_CA=str(tmp_path / "ca.pem")).stdout.splitlines()
    serial = x509.load_pem_x509_certificate(text).serial_number
    assert told[0] == "status 200" and told[2] == "own"
    assert int(told[1].removeprefix("certificate ").replace(":", ""), 16) == serial


def test_pods_end_with_the_process_they_are_for() -> None:
    pod = f"a/a-0=172.31.222.20:{PORT}"
    with (
        subprocess.Popen(["sleep", "60"]) as guardian,
        running(pod, guardian=str(guardian.pid)) as pods,
    ):
        guardian.send_signal(signal.SIGKILL)
        assert pods.wait(PATIENCE) == 0


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("alpha", "'alpha' is not APP/POD=ADDRESS:PORT"),
        ("a/b=300.1.1.1:80", "has no IPv4 address"),
        ("a/b=172.31.222.1:99999", "cannot listen on 127.31.222.1:99999"),
    ],
)
def test_pods_say_what_is_wrong(argument: str, said: str) -> None:
    command = [str(DEMO / "pods.py"), argument]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode and said in done.stderr and "Traceback" not in done.stderr


def test_ask_says_what_it_needs() -> None:
    settings = {key: value for key, value in os.environ.items() if not key.startswith("ALBEDO_")}
    done = subprocess.run([str(DEMO / "ask")], env=settings, capture_output=True, text=True)
    assert done.returncode == 64 and done.stderr.startswith("usage: ask URL")


@pytest.mark.skipif(shutil.which("setpriv") is None or os.getuid() != 0, reason="drops a right")
def test_low_ports_that_are_not_for_everybody(tmp_path: Path) -> None:
    """They are found 20,000 higher, by `ask` as well."""
    up = [str(LOCALSTACK / "up"), str(tmp_path), "--with", str(os.getpid())]
    subprocess.run(["setpriv", "--bounding-set=-net_bind_service", *up], check=True)
    try:
        lines = (tmp_path / "env").read_text().splitlines()
        env = dict(line.split("=", 1) for line in lines)
        aws = Account(env["AWS_ENDPOINT_URL"], account=env["AWS_ACCESS_KEY_ID"])
        alb = Alb(aws)
        certificate, zone = issued(aws, HOST)
        address_record(alb, zone)
        chosen = {"Certificates": [{"CertificateArn": certificate}]}
        aws.https_listener(alb.arn, **chosen, DefaultActions=[fixed("secure")])
        alb.default(fixed("plain"))
        (told,) = aws.control("GET", "/balancers")
        ports = {one["port"]: one["bound"] for one in told["listeners"]}
        assert ports == {80: 20080, 443: 20443}
        assert ask(aws, f"http://{HOST}/", **env).stdout == "status 200\nplain"
        assert ask(aws, f"https://{HOST}/", **env).stdout.endswith("\nsecure")
    finally:
        subprocess.run([LOCALSTACK / "down", tmp_path], check=True)
