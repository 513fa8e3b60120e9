"""Health checks, really made, for the accounts that ask for them.

AWS's guide, "Health checks for your target groups": a new target must pass one check; after that
so many in a row turn it, as the group's thresholds say. Reasons are those of botocore's
TargetHealth. Time is the machine's, and what the account's clock is put forward counts too.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import Any

from dataplane import upstream
from dataplane.control_plane import ControlPlane
from dataplane.framing import Malformed
from dataplane.group import Group, Target
from dataplane.head import Refusal
from dataplane.leg import Question, answer

Json = dict[str, Any]

# AWS's guide: what targets find in their logs.
USER_AGENT = "ELB-HealthChecker/2.0"
PLAIN_FIELDS = {
    "HTTP1": [("Accept-Encoding", "gzip, compressed"), ("Connection", "close")],
    "HTTP2": [("Accept-Encoding", "gzip, compressed")],
}
GRPC_FIELDS = [("Content-Type", "application/grpc")]
# gRPC's protocol, "Length-Prefixed-Message": one that is not compressed and has no bytes.
GRPC_NOTHING = b"\0\0\0\0\0"
# Several targets tell at once when a group begins; their reports go up together.
GATHER_SECONDS = 0.002
# botocore: HealthCheckTimeoutSeconds is at most 120; the probe's own timeout is what ends a wait.
LONGEST_TIMEOUT = 120.0

# botocore: thresholds are at most 10, so that more checks in a row say nothing new.
MOST_OWED = 10

Failure = tuple[str, str]  # AWS's reason and description


class Checks:
    """A check for each target of each group whose account wants them."""

    def __init__(self, control_plane: ControlPlane) -> None:
        self._control_plane = control_plane
        self._running: dict[str, dict[Target, asyncio.Task[None]]] = {}
        self._news: dict[str, asyncio.Event] = {}
        self._reports: list[Json] = []
        self._reporting: asyncio.Task[None] | None = None

    def follow(self, group: Group) -> None:
        """Begin and end checks after a group has changed."""
        running = self._running.setdefault(group.arn, {})
        wanted: dict[Target, Json] = {}
        if group.doc["checks"] is not None:
            for (name, port, zone, registered), target in group.targets.items():
                if target.state != "draining" and target.address:
                    told = {"id": name, "port": port, "zone": zone, "registered": registered}
                    wanted[target] = told
        for target in set(running) - set(wanted):
            running.pop(target).cancel()
        for target in set(wanted) - set(running):
            running[target] = asyncio.create_task(self._watch(group, target, wanted[target]))
        self._news.setdefault(group.arn, asyncio.Event()).set()
        if not running:
            del self._running[group.arn], self._news[group.arn]

    async def _watch(self, group: Group, target: Target, told: Json) -> None:
        """Check a target for as long as it is there."""
        owner = {key: group.doc[key] for key in ("account", "region", "arn")}
        verdict = Verdict()
        first = ("Elb.InitialHealthChecking", "Initial health checks in progress")
        self._report(owner | told | _told("initial", first))
        moved, owed = float(group.doc["checks"]["moved"]), 0
        while True:
            settings, speed = group.settings, float(group.doc["checks"]["speed"])
            failure = await probe(group, target, settings["HealthCheckTimeoutSeconds"] / speed)
            if verdict.turns(settings, passed=failure is None):
                self._report(owner | told | _told(verdict.state, failure))
            if owed:
                owed -= 1
                continue
            interval = settings["HealthCheckIntervalSeconds"]
            before = moved
            moved = await self._pause(group, interval / speed, before)
            # Where the account's clock was put forward, the checks of that time are made up for.
            owed = min(MOST_OWED, max(int((moved - before) / interval), 1) - 1)

    async def _pause(self, group: Group, seconds: float, moved: float) -> float:
        """Wait, but no longer than the clock is left alone; how far that was moved in all."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while float(group.doc["checks"]["moved"]) == moved:
                    news = self._news[group.arn]
                    news.clear()
                    await news.wait()
        return float(group.doc["checks"]["moved"])

    def _report(self, report: Json) -> None:
        self._reports.append(report)
        if self._reporting is None or self._reporting.done():
            self._reporting = asyncio.create_task(self._send())

    async def _send(self) -> None:
        while self._reports:
            await asyncio.sleep(GATHER_SECONDS)
            reports, self._reports = self._reports, []
            try:
                await self._control_plane.report(reports)
            except (OSError, ValueError) as error:
                print(f"health was not reported: {error}", file=sys.stderr, flush=True)


class Verdict:
    """What a row of checks makes of a target."""

    def __init__(self) -> None:
        self.state = "initial"
        self._against = 0  # checks in a row that spoke against the present state

    def turns(self, settings: Json, *, passed: bool) -> bool:
        """Count a check; whether the state has changed with it."""
        wanted = "healthy" if passed else "unhealthy"
        if wanted == self.state:
            self._against = 0
            return False
        self._against += 1
        needed = settings["HealthyThresholdCount" if passed else "UnhealthyThresholdCount"]
        if self._against < needed and not (passed and self.state == "initial"):
            return False
        self.state, self._against = wanted, 0
        return True


async def probe(group: Group, target: Target, patience: float) -> Failure | None:
    """One check; None if the target passed."""
    settings = group.settings
    wanted_port = settings.get("HealthCheckPort", "traffic-port")
    by_connecting = settings.get("HealthCheckProtocol") == "TCP"
    port = target.port if wanted_port == "traffic-port" else int(wanted_port)
    try:
        async with asyncio.timeout(patience):
            if not target.answers_checks:
                await asyncio.get_running_loop().create_future()
            if by_connecting:
                # The group's own protocol may be one of TLS, which a check does not speak.
                (await upstream.fresh(target.address, port, "HTTP1", secure=False)).abort()
                return None
            code = await _ask(group, target, port)
    except TimeoutError:
        return "Target.Timeout", "Request timed out"
    except Refusal as refusal:
        if refusal.status == 504:
            return "Target.Timeout", "Request timed out"
        return "Target.FailedHealthChecks", "Health checks failed"
    except Malformed:
        return "Target.FailedHealthChecks", "Health checks failed"
    matcher = settings["Matcher"]
    if matches(code, matcher.get("GrpcCode") or matcher["HttpCode"]):
        return None
    return "Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{code}]"


def matches(status: int, codes: str) -> bool:
    """Whether a status is among codes as a target group has them: `200,301-302`."""
    for part in codes.split(","):
        first, _, last = part.partition("-")
        if int(first) <= status <= int(last or first):
            return True
    return False


async def _ask(group: Group, target: Target, port: int | None) -> int:
    """Ask as the group says and read the answer to its end; its status, or gRPC's."""
    settings, version = group.settings, upstream.version_of(group)
    secure = settings.get("HealthCheckProtocol") == "HTTPS"
    leg = await upstream.fresh(target.address, port, version, secure=secure)
    try:
        fields = [("Host", f"{target.id}:{port}"), ("User-Agent", USER_AGENT)]
        fields += GRPC_FIELDS if version == "GRPC" else PLAIN_FIELDS[version]
        leg.ask(
            Question(
                method="POST" if version == "GRPC" else "GET",
                target=settings["HealthCheckPath"],
                fields=fields,
                framing=0,
                secure=secure,
                trailers=version == "GRPC",
            )
        )
        leg.piece(GRPC_NOTHING if version == "GRPC" else b"")
        leg.finish([])
        leg.send()
        response, _ = await answer(leg, LONGEST_TIMEOUT, 0)
        if version != "GRPC":
            return response.status
        told = dict([*response.fields, *leg.trailers]).get("grpc-status", "")
        # gRPC's protocol, "HTTP to gRPC Status Code Mapping": without one it is unknown (2).
        return int(told) if told.isdecimal() else 2
    finally:
        leg.abort()


def _told(state: str, failure: Failure | None) -> Json:
    reason, description = failure or (None, None)
    return {"state": state, "reason": reason, "description": description}
