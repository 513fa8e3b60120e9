"""No request is lost while everything behind and in front of it changes."""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aws import certificate_for, forward, path
from dataplane_ground import PATIENCE, Alb, Pod, alb, fixed, pods, unchecked
from dataplane_http2 import Client

__all__ = ["alb", "pods"]


class Traffic:
    """Clients that ask all the time, each in its own way; `seen` counts what they got."""

    def __init__(self, alb: Alb) -> None:
        self.alb = alb
        self.seen: Counter[str] = Counter()
        self._over = threading.Event()
        ways = [self._plain, self._plain, self._secure, self._http2, self._anew]
        self._threads = [threading.Thread(target=self._run, args=(way,)) for way in ways]

    @contextmanager
    def flowing(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in self._threads:
                thread.join(PATIENCE)

    def asked(self, count: int) -> None:
        """Wait until so many more requests were answered."""
        wanted = self.seen.total() + count
        deadline = time.monotonic() + PATIENCE
        while self.seen.total() < wanted and time.monotonic() < deadline:
            time.sleep(0.01)

    def _run(self, way: Callable[[], None]) -> None:
        try:
            way()
        except Exception as error:
            self.seen[repr(error)] += 1

    def _plain(self) -> None:
        self._keep_asking(http.client.HTTPConnection(self.alb.address, timeout=PATIENCE))

    def _secure(self) -> None:
        self._keep_asking(
            http.client.HTTPSConnection(self.alb.address, context=unchecked(), timeout=PATIENCE)
        )

    def _keep_asking(self, connection: http.client.HTTPConnection) -> None:
        while not self._over.is_set():
            connection.request("POST", "/app", b"x" * 100)
            answer = connection.getresponse()
            answer.read()
            self.seen[f"{answer.status}"] += 1
            time.sleep(0.005)
        connection.close()

    def _anew(self) -> None:
        while not self._over.is_set():
            self.seen[f"{self.alb.ask('/app').status}"] += 1
            time.sleep(0.005)

    def _http2(self) -> None:
        client = Client(self.alb.address)
        while not self._over.is_set():
            self.seen[f"{client.ask('/app').status}"] += 1
            time.sleep(0.005)
        client.close()


def replace(alb: Alb, group: str, old: list[Pod], new: list[Pod], traffic: Traffic) -> None:
    """A rollout, one pod after the other, each stopped when it has drained."""
    elbv2 = alb.aws.elbv2
    for gone, come in zip(old, new, strict=True):
        elbv2.register_targets(TargetGroupArn=group, Targets=[come.target])
        alb.settle()
        elbv2.deregister_targets(TargetGroupArn=group, Targets=[gone.target])
        alb.settle()
        deadline = time.monotonic() + PATIENCE
        while "draining" in alb.aws.states(group) and time.monotonic() < deadline:
            time.sleep(0.05)
        gone.stop()
        traffic.asked(20)


def test_a_rollout(alb: Alb, pods: Callable[..., Pod]) -> None:
    first, second = [pods("one"), pods("two")], [pods("three"), pods("four")]
    group = alb.group(*first, deregistration_delay__timeout_seconds="1")
    certificate = alb.aws.certificate("a.test")
    alb.aws.https_listener(
        alb.arn, Certificates=[{"CertificateArn": certificate}], DefaultActions=[forward(group)]
    )
    alb.default(forward(group))
    traffic = Traffic(alb)
    with traffic.flowing():
        traffic.asked(20)
        replace(alb, group, first, second, traffic)
    assert set(traffic.seen) == {"200"}, traffic.seen
    assert traffic.seen.total() > 60


def test_changes_in_front(alb: Alb, pods: Callable[..., Pod]) -> None:
    """Rules, groups, attributes, the certificate: none of it costs a request."""
    aws, elbv2 = alb.aws, alb.aws.elbv2
    blue, green = alb.group(pods(), name="blue"), alb.group(pods(), name="green")
    certificate = aws.certificate("a.test")
    aws.https_listener(
        alb.arn, Certificates=[{"CertificateArn": certificate}], DefaultActions=[forward(blue)]
    )
    alb.default(forward(blue))
    secure = elbv2.describe_listeners(LoadBalancerArn=alb.arn)["Listeners"]
    listeners = [one["ListenerArn"] for one in secure]
    traffic = Traffic(alb)
    with traffic.flowing():
        for number in range(3):
            for listener in listeners:
                rule = aws.rule(
                    listener, 10, Conditions=[path("/app")], Actions=[forward(blue, green)]
                )
                alb.settle()
                traffic.asked(10)
                elbv2.modify_rule(RuleArn=rule["RuleArn"], Actions=[forward(green)])
                alb.settle()
                traffic.asked(10)
                elbv2.set_rule_priorities(
                    RulePriorities=[{"RuleArn": rule["RuleArn"], "Priority": 20}]
                )
                elbv2.delete_rule(RuleArn=rule["RuleArn"])
                alb.settle()
            alb.attributes(idle_timeout__timeout_seconds=str(50 + number))
            certificate_for.cache_clear()
            text, key = certificate_for("a.test")
            aws.client("acm").import_certificate(
                CertificateArn=certificate, Certificate=text, PrivateKey=key
            )
            alb.settle()
            traffic.asked(10)
        alb.rule([path("/other")], fixed("other"))
        traffic.asked(10)
    assert set(traffic.seen) == {"200"}, traffic.seen
    assert traffic.seen.total() > 100
