"""What the tests of both `up` scripts look at from outside: exit codes, processes and sockets."""

import os
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

# The state of a listening socket in /proc/net/tcp, from linux/net/tcp_states.h.
LISTEN = "0A"


def run(
    script: Path, *arguments: object, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a script as a person would, with the caller's environment overlaid by `env`."""
    command = [str(script), *map(str, arguments)]
    merged = {**os.environ, **(env or {})}
    return subprocess.run(command, capture_output=True, text=True, env=merged, timeout=120)


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The one line with which a script failed; anything else is no way to fail."""
    assert done.returncode == 1, done
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("up: ") and " : " in line
    return line


def environment(place: Path) -> dict[str, str]:
    """`DIR/env`, read as any user of it would."""
    lines = (place / "env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def processes(place: Path) -> dict[str, int]:
    """What runs for DIR: name to PID."""
    lines = (place / "processes").read_text().splitlines()
    return {name: int(pid) for name, pid, _ in map(str.split, lines)}


def running(pid: int) -> bool:
    """Whether there is such a process that is not merely waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def soon(condition: Callable[[], bool]) -> bool:
    """Whether it comes true within five seconds, far longer than a kill takes."""
    deadline = time.monotonic() + 5
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def on_loopback_only(pid: int) -> bool:
    """Whether a process listens, and nowhere but in 127.0.0.0/8."""
    sockets = set()
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        try:
            sockets.add(os.readlink(handle))
        except FileNotFoundError:  # Closed since it was listed.
            continue
    addresses = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTEN and f"socket:[{fields[9]}]" in sockets:
                addresses.add(fields[1].partition(":")[0])
    # An IPv4 address is eight hexadecimal digits here, its first byte the last two.
    return bool(addresses) and all(len(a) == 8 and a.endswith("7F") for a in addresses)
