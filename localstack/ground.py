"""The ground under both `up` scripts: one clear line for whatever is wrong, a cache that is filled
once, and free ports.

`localstack/up` and `tests/control-plane/up` say what they need built and which servers they want;
this module builds, `supervisor.py` beside it runs. Both use the standard library only, because they
come before anything is installed, and Linux only, because they lean on /proc, pidfds and the
parent-death signal. Their syntax is that of Python 3.8, so that an old `python3` gets as far as
`use_fitting_python`.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import hashlib
import importlib.util
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# The Pythons that the pinned LocalStack was seen to start on.
OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 13)

# Below 32768, where Linux begins to hand out ports to outgoing connections: so no client socket
# takes a port between our choosing it and the server's binding it.
PORTS = range(20000, 32768)

# From linux/prctl.h.
PR_SET_PDEATHSIG = 1


# --- trouble ----------------------------------------------------------------------------------


class Trouble(Exception):
    """What is wrong and what to do about it, in words for the person who ran the command."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what} : {remedy}")
        self.what = what


def tell(line: str) -> None:
    """Say on stderr what is going on; stdout stays free for answers."""
    print(f"{Path(sys.argv[0]).name}: {line}", file=sys.stderr, flush=True)


def script(body: Callable[[], None]) -> None:
    """Run the body of a script; whatever a person can mend ends it as one line and exit code 1."""
    try:
        if sys.platform != "linux":
            raise Trouble(f"this does not run on {sys.platform}", "use a Linux machine")
        body()
    except Trouble as trouble:
        tell(str(trouble))
    except KeyboardInterrupt:
        tell("interrupted : run it again to go on")
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        remedy = "free some space" if full else "see that it exists and may be written"
        where = f"{error.filename}: " if error.filename else ""
        tell(f"{where}{error.strerror or error} : {remedy}")
    else:
        return
    sys.exit(1)


def use_fitting_python() -> None:
    """Go on under a Python that fits, if the `python3` that runs this does not."""
    current = OLDEST_PYTHON <= sys.version_info[:2] <= NEWEST_PYTHON
    if current and importlib.util.find_spec("ensurepip"):
        return
    probe = (
        "import sys, venv, ensurepip;"
        f"sys.exit(not {OLDEST_PYTHON} <= sys.version_info[:2] <= {NEWEST_PYTHON})"
    )
    for minor in range(NEWEST_PYTHON[1], OLDEST_PYTHON[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        # A shim of a version manager can be on PATH without a Python behind it: so ask it.
        if found and subprocess.run([found, "-c", probe], capture_output=True).returncode == 0:
            os.execv(found, [found, *sys.argv])
    here = ".".join(map(str, sys.version_info[:3]))
    raise Trouble(
        f"no Python 3.11 to 3.13 with venv on PATH ({sys.executable} is {here})",
        "install one, on Debian with: apt-get install python3 python3-venv",
    )


# --- the cache --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """One command of a build."""

    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str]


@dataclass(frozen=True)
class Recipe:
    """How to make a directory that is worth keeping, and what to tell whoever waits for it."""

    what: str
    duration: str
    steps: Callable[[Path], Sequence[Step]]


def cache_home() -> Path:
    """Where everything lives that a second clone should find ready."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG base directory specification says that a relative path is to be ignored.
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "albedo"


def digest(*inputs: str | Path) -> str:
    """A name for these texts and these files' contents: 64 bits, so no two ever meet by chance."""
    total = hashlib.sha256()
    for item in inputs:
        content = item.read_bytes() if isinstance(item, Path) else item.encode()
        total.update(hashlib.sha256(content).digest())
    return total.hexdigest()[:16]


def cached(name: str, recipe: Recipe) -> Path:
    """The directory `name` of the cache, made first if it is not there.

    The name is a symbolic link that is put in place last. A build that was killed or ran out of
    space leaves a directory to which nothing points; the next one sweeps it away. A directory is
    never moved after its build, since a venv's scripts hold its path.
    """
    whole = cache_home() / name
    if whole.exists():
        return whole
    whole.parent.mkdir(parents=True, exist_ok=True)
    waiting = f"another process is building {recipe.what}, waiting for it"
    with exclusive(whole.with_name(f"{whole.name}~lock"), waiting):
        if whole.exists():
            return whole
        for remains in whole.parent.glob(f"{whole.name}~build-*"):
            shutil.rmtree(remains, ignore_errors=True)
        tell(f"building {recipe.what}, {recipe.duration}")
        making = Path(tempfile.mkdtemp(prefix=f"{whole.name}~build-", dir=whole.parent))
        log = whole.with_name(f"{whole.name}.log")
        try:
            _run(recipe, making, log)
            link = whole.with_name(f"{whole.name}~link")
            link.unlink(missing_ok=True)
            link.symlink_to(making.name)
            link.replace(whole)
        except BaseException:
            shutil.rmtree(making, ignore_errors=True)
            raise
    return whole


def _run(recipe: Recipe, making: Path, log: Path) -> None:
    """Run the steps into a log, with a sign of life every half minute."""
    began = time.monotonic()
    with log.open("wb") as output:
        for step in recipe.steps(making):
            child = subprocess.Popen(
                step.argv,
                cwd=step.cwd,
                env=step.env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=dies_with(os.getpid()),
            )
            try:
                while (status := _wait(child, 30)) is None:
                    tell(f"building {recipe.what} ... {spell(time.monotonic() - began)}")
            finally:
                child.kill()
                child.wait()
            if status != 0:
                raise Trouble(f"building {recipe.what} failed: {last_line(log)}", _remedy(log))
    tell(f"built {recipe.what} in {spell(time.monotonic() - began)}")


def _wait(child: subprocess.Popen[bytes], seconds: float) -> int | None:
    """The exit status, or None if the child is still at work after so many seconds."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        return child.wait(seconds)
    return None


def spell(seconds: float) -> str:
    """A duration as a person says it."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest:02}s" if minutes else f"{rest}s"


def _remedy(log: Path) -> str:
    """What a person can do about a failed build, going by what its log says."""
    text = log.read_text(errors="replace").lower()
    network = (
        "no such host",
        "name resolution",
        "network is unreachable",
        "connection refused",
        "i/o timeout",
        "timed out",
        "no matching distribution",
    )
    if "no space left" in text or "disk quota" in text:
        return "free some space, or set XDG_CACHE_HOME to a larger disk"
    if any(sign in text for sign in network):
        return f"see that the package registry can be reached (network, proxy), log in {log}"
    return f"the whole log is {log}"


@contextlib.contextmanager
def exclusive(path: Path, waiting: str) -> Iterator[None]:
    """Hold a lock on a file or directory; the kernel drops it if this process dies."""
    flags = os.O_RDONLY if path.is_dir() else os.O_RDWR | os.O_CREAT
    handle = os.open(path, flags, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell(waiting)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def dies_with(parent: int) -> Callable[[], None]:
    """For a child between fork and exec: have the kernel kill it when its parent dies.

    Safe as a `preexec_fn` only because nothing here has a second thread.
    """
    libc = ctypes.CDLL(None, use_errno=True)

    def tie() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return tie


# --- ports and files --------------------------------------------------------------------------


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of loopback now."""
    with socket.socket() as trial:
        # As the servers do it, so that a connection that lingers after its end does not count.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            trial.bind(("127.0.0.1", port))
            return True
    return False


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    for port in random.sample(PORTS, 100):
        if is_free(port):
            return port
    raise Trouble(f"no free port among {PORTS.start} to {PORTS.stop - 1}", "stop some servers")


def claim_port(wished: int | None) -> int:
    """The port a person asked for, or a free one."""
    if wished is None:
        return free_port()
    if not 0 < wished < 65536:
        raise Trouble(f"{wished} is no port", "choose one from 1 to 65535, or leave --port out")
    if not is_free(wished):
        raise Trouble(f"port {wished} is in use", "choose another, or leave --port out")
    return wished


def put(path: Path, text: str) -> None:
    """Write a file that may hold secrets: whole or not at all, and for its owner only."""
    draft = path.with_name(f"{path.name}~")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def last_line(log: Path) -> str:
    """The last thing a program said."""
    with contextlib.suppress(OSError):
        lines = log.read_text(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "nothing")
    return "nothing"
