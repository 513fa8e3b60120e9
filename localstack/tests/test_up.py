"""`localstack/up` and `down`, and the cache and supervisor under them, as their users meet them."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from grounds import complaint, environment, on_loopback_only, processes, run, running, soon

LOCALSTACK = Path(__file__).resolve().parents[1]
UP, DOWN = LOCALSTACK / "up", LOCALSTACK / "down"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A DIR in which nothing is left running."""
    yield tmp_path / "aws"
    run(DOWN, tmp_path / "aws")


def start(place: Path, *arguments: object) -> dict[str, int]:
    """Have a LocalStack in DIR; its processes."""
    done = run(UP, place, *arguments)
    assert done.returncode == 0, done.stderr
    return processes(place)


def account(place: Path) -> str:
    """Ask the LocalStack of DIR in whose name we speak."""
    env = environment(place)
    client = boto3.client(
        "sts",
        endpoint_url=env["AWS_ENDPOINT_URL"],
        region_name=env["AWS_REGION"],
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
    )
    return str(client.get_caller_identity()["Account"])


def test_up_serves_until_down(place: Path) -> None:
    pids = start(place)
    assert set(pids) == {"supervisor", "localstack", "dataplane"}
    assert account(place) == environment(place)["AWS_ACCESS_KEY_ID"]
    assert Path(environment(place)["ALBEDO_LOCALSTACK_PYTHON"]).exists()
    assert on_loopback_only(pids["localstack"])
    assert on_loopback_only(pids["dataplane"])

    again = run(UP, place)
    assert again.returncode == 0 and "already up" in again.stderr
    assert processes(place) == pids

    assert run(DOWN, place).returncode == 0
    assert not any(map(running, pids.values()))
    assert not (place / "env").exists()
    assert "nothing is up" in run(DOWN, place).stderr
    assert run(DOWN, place / "nowhere").returncode == 0

    start(place)
    assert account(place)


def test_everything_ends_with_the_guardian(place: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as guardian:
        pids = start(place, "--with", guardian.pid)
        guardian.kill()
    assert soon(lambda: not any(map(running, pids.values())))
    assert not (place / "env").exists()
    assert f"process {guardian.pid} has ended" in (place / "supervisor.log").read_text()


def test_nothing_outlives_a_killed_supervisor(place: Path) -> None:
    pids = start(place)
    os.kill(pids["supervisor"], signal.SIGKILL)
    assert soon(lambda: not any(map(running, pids.values())))
    start(place)


def test_a_dead_server_is_not_kept_for_up(place: Path) -> None:
    pids = start(place)
    os.kill(pids["localstack"], signal.SIGKILL)
    assert soon(lambda: not any(map(running, pids.values())))
    assert "localstack ended with status -9" in (place / "supervisor.log").read_text()
    assert not (place / "env").exists()


def test_down_spares_a_stranger_with_a_recorded_pid(place: Path) -> None:
    start(place)
    run(DOWN, place)
    with subprocess.Popen(["sleep", "60"]) as stranger:
        (place / "processes").write_text(f"supervisor {stranger.pid} 1\n")
        assert "nothing is up" in run(DOWN, place).stderr
        assert stranger.poll() is None
        stranger.kill()


def test_two_directories_at_the_same_time(tmp_path: Path) -> None:
    places = [tmp_path / "one", tmp_path / "two"]
    starts = [subprocess.Popen([UP, place], stderr=subprocess.PIPE) for place in places]
    try:
        said = [start.communicate(timeout=120)[1] for start in starts]
        assert [start.returncode for start in starts] == [0, 0], said
        assert len({environment(place)["AWS_ENDPOINT_URL"] for place in places}) == 2
    finally:
        for place in places:
            run(DOWN, place)


def test_a_changed_plugin_is_found_at_once(tmp_path: Path, place: Path) -> None:
    clone = tmp_path / "clone"
    shutil.copytree(LOCALSTACK, clone, ignore=shutil.ignore_patterns("tests", "__pycache__"))
    plugin = clone / "plugin"
    (plugin / "witness.py").write_text(
        textwrap.dedent("""
            from localstack.runtime import hooks

            @hooks.on_infra_start()
            def first() -> None:
                print("first plugin")

            @hooks.on_infra_start()
            def second() -> None:
                print("second plugin")
        """)
    )
    distribution = plugin / "witness-0.1.dist-info"
    distribution.mkdir()
    (distribution / "METADATA").write_text("Metadata-Version: 2.1\nName: witness\nVersion: 0.1\n")
    for name in ("first", "second"):
        hooks = f"[localstack.hooks.on_infra_start]\n{name} = witness:{name}\n"
        (distribution / "entry_points.txt").write_text(hooks)
        assert run(clone / "up", place).returncode == 0
        run(DOWN, place)
        assert f"{name} plugin" in (place / "localstack.log").read_text()


def test_a_port_in_use(place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port} is in use" in complaint(run(UP, place, "--port", port))
    assert "70000 is no port" in complaint(run(UP, place, "--port", 70000))


def test_a_port_taken_in_between(place: Path) -> None:
    program = """
import runpy, sys, ground
up, place, taken = sys.argv[1:]
sys.argv[:] = [up, place]
ports = iter([int(taken), ground.free_port()])
ground.claim_port = lambda wished: next(ports)
runpy.run_path(up, run_name="__main__")
"""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        env = {**os.environ, "PYTHONPATH": str(LOCALSTACK)}
        arguments = command(program, str(UP), str(place), port)
        done = subprocess.run(arguments, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "a port was taken in between, trying others" in done.stderr
    assert account(place)


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "Not a directory" in complaint(run(UP, tmp_path / "file" / "aws"))


def test_a_directory_with_other_things(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    assert "holds other things" in complaint(run(UP, tmp_path))


def test_a_guardian_that_is_gone(place: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    assert "no process" in complaint(run(UP, place, "--with", gone.pid))


def test_an_unreachable_registry(tmp_path: Path, place: Path) -> None:
    nowhere = {
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": "http://127.0.0.1:9/",  # The discard port; nobody listens there.
        "PIP_RETRIES": "0",
    }
    done = run(UP, place, env=nowhere)
    said = done.stderr.splitlines()
    # On a busy machine lines of progress come between.
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    assert said[0].startswith("up: building ") and "can be reached" in said[-1]
    assert not list((tmp_path / "cache" / "albedo" / "localstack").glob("*~build-*"))


def test_no_python_that_fits(tmp_path: Path) -> None:
    program = "import sys; sys.version_info = (3, 14, 0); sys.argv[0] = 'up'\n"
    program += "import ground; ground.script(ground.use_fitting_python)"
    done = build(program, tmp_path, PATH=str(tmp_path))
    assert "no Python 3.11 to 3.13" in complaint(done)


# --- the cache, filled by a build that takes no time ------------------------------------------

BUILD = """
import os, sys, ground
from pathlib import Path

def steps(making):
    shell = ["/bin/sh", "-c", sys.argv[1]]
    return [ground.Step(shell, making, os.environ)]

sys.argv[0] = "up"
recipe = ground.Recipe("a toy", "no time at all", steps)
ground.script(lambda: print(ground.cached("toys/one", recipe)))
"""


def command(program: str, *arguments: str) -> list[str]:
    """A Python that finds `ground` and leaves no bytecode in the clone."""
    return [sys.executable, "-B", "-c", program, *arguments]


def surroundings(cache: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(LOCALSTACK), "XDG_CACHE_HOME": str(cache), **more}


def build(
    program: str, cache: Path, *arguments: str, **more: str
) -> subprocess.CompletedProcess[str]:
    env = surroundings(cache, **more)
    return subprocess.run(command(program, *arguments), env=env, capture_output=True, text=True)


def test_a_build_is_kept(tmp_path: Path) -> None:
    first = build(BUILD, tmp_path, "touch made")
    second = build(BUILD, tmp_path, "exit 1")
    assert first.stdout == second.stdout and second.stderr == ""
    assert (Path(first.stdout.strip()) / "made").exists()


def test_a_killed_build_is_not_taken_for_whole(tmp_path: Path) -> None:
    toys = tmp_path / "albedo" / "toys"
    slow = subprocess.Popen(
        command(BUILD, "touch half; echo $$; exec sleep 60"),
        env=surroundings(tmp_path),
        stderr=subprocess.DEVNULL,
    )
    assert soon(lambda: (toys / "one.log").exists() and bool((toys / "one.log").read_text()))
    worker = int((toys / "one.log").read_text())
    slow.kill()
    slow.wait()
    assert soon(lambda: not running(worker))
    assert not (toys / "one").exists()

    done = build(BUILD, tmp_path, "touch whole")
    assert [file.name for file in Path(done.stdout.strip()).iterdir()] == ["whole"]
    assert len([left for left in toys.iterdir() if "~build-" in left.name]) == 1


def test_a_second_build_waits_for_the_first(tmp_path: Path) -> None:
    program = command(BUILD, "echo x >> ../../built; sleep 1")
    both = [
        subprocess.Popen(program, env=surroundings(tmp_path), stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = "".join(one.communicate()[1] for one in both)
    assert [one.returncode for one in both] == [0, 0]
    assert said.count("another process is building a toy") == 1
    assert (tmp_path / "albedo" / "built").read_text() == "x\n"


def test_no_space_left(tmp_path: Path) -> None:
    done = build(BUILD, tmp_path, "echo 'write: No space left on device'; exit 1")
    assert done.returncode == 1
    assert "free some space" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "albedo" / "toys" / "one").exists()
