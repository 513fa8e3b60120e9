"""Servers that never outlive their purpose.

`up DIR` forks a supervisor that holds the servers and leaves the caller's session. It ends them
when `down DIR` asks, when one of them ends, or when the process named by `--with` is gone; and if
the supervisor itself is killed, the kernel kills them. In DIR are `env` while everything is up, a
log for each server, `supervisor.log` with the reason of the end, and `processes`, the list that
`down` reads.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ground import Trouble, dies_with, exclusive, last_line, put, spell, tell

# The servers answer within 8 s on two busy cores; a minute and a half is a hang, not a slow start.
PATIENCE = 90.0

# A supervisor ends its servers in milliseconds; this is for a machine that is swapping.
GRACE = 10.0


# --- processes --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Process:
    """A process for good: PIDs are used again, a PID with its start time is not."""

    name: str
    pid: int
    since: str

    @classmethod
    def of(cls, name: str, pid: int) -> Process:
        """What runs under this PID now."""
        return cls(name, pid, _began(pid) or "gone")

    def alive(self) -> bool:
        """Whether this very process still runs."""
        return _began(self.pid) == self.since


def _began(pid: int) -> str | None:
    """When the process began, in ticks since boot; None if there is none, or only its corpse."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # proc(5): the name in brackets may hold anything; the state is field 3, the start field 22.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields[19]


# --- the supervisor ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Server:
    """A program to be kept running; it logs to `<name>.log`."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]


@dataclass(frozen=True)
class Ground:
    """What a script wants to have running, and what its users need to know of it."""

    servers: Sequence[Server]
    env: Mapping[str, str]


def _record(place: Path, processes: Sequence[Process]) -> None:
    put(place / "processes", "".join(f"{p.name} {p.pid} {p.since}\n" for p in processes))


def _recorded(place: Path) -> list[Process]:
    """What was started here and still runs, the supervisor first."""
    with contextlib.suppress(FileNotFoundError):
        lines = (place / "processes").read_text().splitlines()
        found = (Process(name, int(pid), since) for name, pid, since in map(str.split, lines))
        return [process for process in found if process.alive()]
    return []


def _spawn_supervisor(place: Path, ground: Ground, guardian: Process | None) -> Process:
    """Fork the process that holds the servers; it leaves our session, files and streams."""
    starter = Process.of("up", os.getpid())
    pid = os.fork()
    if pid:
        return Process.of("supervisor", pid)
    status = 1
    try:
        os.setsid()
        os.chdir(place)
        log = os.open("supervisor.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for stream, source in ((0, nothing), (1, log), (2, log)):
            os.dup2(source, stream)
        # Whoever reads our caller's pipes must see them close when `up` ends.
        for handle in map(int, os.listdir("/proc/self/fd")):
            if handle > 2:
                with contextlib.suppress(OSError):
                    os.close(handle)
        reason = _supervise(place, ground.servers, starter, guardian)
        print(f"stopped: {reason}", flush=True)
        status = 0
    except Exception as error:
        print(f"stopped: {error}", flush=True)
    finally:
        os._exit(status)


def _supervise(
    place: Path, servers: Sequence[Server], starter: Process, guardian: Process | None
) -> str:
    """Hold the servers until there is a reason to end them; say which."""
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGTERM, lambda *_: None)
    known = [Process.of("supervisor", os.getpid())]
    _record(place, known)
    children: dict[int, tuple[Server, subprocess.Popen[bytes]]] = {}
    try:
        start = _watch(starter)
        others = {start: "`up` was ended before all was ready", wake: "asked to"}
        if guardian is not None:
            others[_watch(guardian)] = f"process {guardian.pid} has ended"
        for server in servers:
            child = _start(place, server)
            children[os.pidfd_open(child.pid)] = server, child
            known.append(Process.of(server.name, child.pid))
            _record(place, known)
        while start in (ended := select.select([*children, *others], [], [])[0]):
            if not (place / "env").exists():
                break
            del others[start]
        if ended[0] in others:
            return others[ended[0]]
        server, child = children[ended[0]]
        said = last_line(place / f"{server.name}.log")
        return f"{server.name} ended with status {child.wait()}, last saying: {said}"
    finally:
        (place / "env").unlink(missing_ok=True)
        # All that the servers hold is thrown away, so none of them is owed a gentle end.
        for _, child in children.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
        for _, child in children.values():
            child.wait()


def _watch(process: Process) -> int:
    """A handle that can be read from when the process has ended."""
    with contextlib.suppress(ProcessLookupError):
        handle = os.pidfd_open(process.pid)
        # Asked after the handle is open, so the PID cannot have changed hands in between.
        if process.alive():
            return handle
    raise RuntimeError(f"process {process.pid} has ended")


def _start(place: Path, server: Server) -> subprocess.Popen[bytes]:
    with (place / f"{server.name}.log").open("wb") as log:
        return subprocess.Popen(
            server.argv,
            cwd=place,
            env=server.env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=dies_with(os.getpid()),
        )


# --- up and down ------------------------------------------------------------------------------


class PortTaken(Trouble):
    """Somebody was quicker to listen on a port that was free."""


def arguments(description: str) -> argparse.ArgumentParser:
    """The part of the command line that `up` and `down` have in common."""
    shape = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=description, formatter_class=shape)
    parser.add_argument("dir", metavar="DIR", type=Path, help="where its files and logs are")
    return parser


def up_arguments(description: str) -> argparse.ArgumentParser:
    """The command line of `up`."""
    parser = arguments(description)
    parser.add_argument(
        "--with",
        dest="guardian",
        metavar="PID",
        type=int,
        help="stop everything as soon as this process is gone (default: run until `down DIR`)",
    )
    parser.add_argument(
        "--port", type=int, help="the port of 127.0.0.1 to listen on (default: any free one)"
    )
    return parser


def read_env(place: Path) -> dict[str, str]:
    """The KEY=value lines of `DIR/env`; empty if nothing is up."""
    with contextlib.suppress(FileNotFoundError):
        lines = (place / "env").read_text().splitlines()
        return {key: value for key, _, value in (line.partition("=") for line in lines)}
    return {}


def up(
    kind: str,
    options: argparse.Namespace,
    prepare: Callable[[Path], Ground],
    answers: Callable[[Mapping[str, str]], bool],
) -> None:
    """Have everything running in DIR and `DIR/env` written; nothing to do if it is already so.

    `prepare` writes what the servers read and chooses their ports, from the start in a second
    try; `answers` tells from the environment whether the servers are ready.
    """
    began = time.monotonic()
    place: Path = options.dir.absolute()
    guardian = None
    if options.guardian is not None:
        guardian = Process.of("guardian", options.guardian)
        if not guardian.alive():
            raise Trouble(f"no process {options.guardian} is running", "give --with a live one")
    _claim(place, kind)
    with exclusive(place, f"another up or down is at work in {place}, waiting for it"):
        if _recorded(place):
            standing = read_env(place)
            if not standing or not answers(standing):
                raise Trouble(f"{place} is up but does not answer", f"run: down {place}")
            tell(f"already up, see {place / 'env'}")
            return
        env = _start_all(place, guardian, prepare, answers)
        put(place / "env", "".join(f"{key}={value}\n" for key, value in env.items()))
        tell(f"ready in {time.monotonic() - began:.1f} s, see {place / 'env'}")


def _claim(place: Path, kind: str) -> None:
    """Make DIR ours, and leave alone a directory that holds somebody's other things."""
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    mark = place / f".{kind}"
    if not mark.exists() and any(place.iterdir()):
        raise Trouble(f"{place} holds other things", "give a new or an empty directory")
    # A full disk shows here already, where it can still be said.
    mark.write_text("`up` made this directory, `down` stops what runs for it\n")


def _start_all(
    place: Path,
    guardian: Process | None,
    prepare: Callable[[Path], Ground],
    answers: Callable[[Mapping[str, str]], bool],
) -> Mapping[str, str]:
    """Start the servers and wait for them, anew if somebody was quicker to take a port."""
    for last in (False, False, True):
        ground = prepare(place)
        # What an earlier start logged must not be taken for what this one says.
        for log in place.glob("*.log"):
            log.unlink()
        supervisor = _spawn_supervisor(place, ground, guardian)
        try:
            _await(place, ground, supervisor, answers)
            return ground.env
        except PortTaken as taken:
            _stop(place)
            if last:
                raise
            tell(f"{taken.what}, trying others")
        except BaseException:
            _stop(place)
            raise
    raise AssertionError("the last try returns or raises")


def _await(
    place: Path,
    ground: Ground,
    supervisor: Process,
    answers: Callable[[Mapping[str, str]], bool],
) -> None:
    """Wait until the servers are ready, with a sign of life every five seconds."""
    began = told = time.monotonic()
    while not answers(ground.env):
        now = time.monotonic()
        ended = not supervisor.alive()
        # Read from the logs, because LocalStack lives on without its port.
        if any(_lacks_port(place / f"{server.name}.log") for server in ground.servers):
            raise PortTaken("a port was taken in between", "run it again")
        if ended:
            said = last_line(place / "supervisor.log").removeprefix("stopped: ")
            raise Trouble(said, f"the logs are in {place}")
        if now - began > PATIENCE:
            raise Trouble(f"no answer after {PATIENCE:.0f} s", f"the logs are in {place}")
        if now - told > 5:
            told = now
            tell(f"waiting until it answers ... {spell(now - began)}")
        time.sleep(0.05)


def _lacks_port(log: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return "address already in use" in log.read_text(errors="replace").lower()
    return False


def down(options: argparse.Namespace) -> None:
    """Stop what runs in DIR and return when all of it is gone."""
    place: Path = options.dir.absolute()
    if not place.is_dir():
        tell(f"nothing is up in {place}")
        return
    with exclusive(place, f"another up or down is at work in {place}, waiting for it"):
        tell(f"stopped {place}" if _stop(place) else f"nothing is up in {place}")


def _stop(place: Path) -> bool:
    """End what was started here; whether there was anything."""
    running = _recorded(place)
    for sign, targets in ((signal.SIGTERM, running[:1]), (signal.SIGKILL, running)):
        for process in targets:
            if process.alive():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, sign)
        deadline = time.monotonic() + GRACE
        while any(process.alive() for process in running):
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)
    for name in ("env", "processes"):
        (place / name).unlink(missing_ok=True)
    return bool(running)
