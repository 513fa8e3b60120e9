"""`tests/control-plane/up` and `down`, as their users meet them."""

import json
import os
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "localstack" / "tests"))

from grounds import complaint, environment, on_loopback_only, processes, run, running, soon

UP, DOWN = HERE / "up", HERE / "down"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A DIR in which nothing is left running."""
    yield tmp_path / "cluster"
    run(DOWN, tmp_path / "cluster")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A DIR with a control plane, for tests that leave it as it is."""
    place = tmp_path_factory.mktemp("cluster")
    start(place, "--with", os.getpid())
    yield place
    run(DOWN, place)


def start(place: Path, *arguments: object) -> dict[str, int]:
    """Have a control plane in DIR; its processes."""
    done = run(UP, place, *arguments)
    assert done.returncode == 0, done.stderr
    return processes(place)


def kubectl(place: Path, *arguments: str) -> str:
    """What kubectl says as the admin of DIR."""
    env = environment(place)
    command = [env["KUBECTL"], f"--cache-dir={place}/discovery", *arguments]
    return subprocess.check_output(command, env={**os.environ, **env}, text=True)


def binaries() -> Path:
    """The directory that `up` would take its binaries from."""
    found = runpy.run_path(str(UP))["binaries"]()
    assert isinstance(found, Path)
    return found


def test_an_admin_can_work(cluster: Path) -> None:
    versions = json.loads(kubectl(cluster, "version", "-o", "json"))
    assert versions["serverVersion"]["gitVersion"] == versions["clientVersion"]["gitVersion"]
    kubectl(cluster, "get", "namespace", "default")


def test_it_listens_on_loopback_only(cluster: Path) -> None:
    pids = processes(cluster)
    assert list(pids) == ["supervisor", "etcd", "kube-apiserver"]
    assert on_loopback_only(pids["etcd"])
    assert on_loopback_only(pids["kube-apiserver"])


def test_up_on_what_is_up(cluster: Path) -> None:
    pids = processes(cluster)
    done = run(UP, cluster)
    assert done.returncode == 0
    assert "already up" in done.stderr
    assert processes(cluster) == pids


def test_a_service_account_has_the_rights_it_was_given(cluster: Path) -> None:
    ingresses = "ingresses.networking.k8s.io"
    kubectl(cluster, "create", "serviceaccount", "albedo")
    kubectl(cluster, "create", "role", "reader", "--verb=get", f"--resource={ingresses}")
    subject = "--serviceaccount=default:albedo"
    kubectl(cluster, "create", "rolebinding", "reader", "--role=reader", subject)
    # The admin's kubeconfig must not speak for it: kubectl prefers a user's token to --token.
    bare = json.loads((cluster / "kubeconfig").read_text())
    bare["users"][0]["user"] = {"token": kubectl(cluster, "create", "token", "albedo").strip()}
    (cluster / "albedo.json").write_text(json.dumps(bare))
    rights = kubectl(cluster, f"--kubeconfig={cluster}/albedo.json", "auth", "can-i", "--list")
    assert ingresses in rights
    assert "*.*" not in rights


def test_controllers_are_of_the_same_version() -> None:
    def version(module: str) -> str:
        lines = (line.split() for line in (HERE / module).read_text().splitlines())
        return next(words[1] for words in lines if words[:1] == ["k8s.io/kubernetes"])

    assert version("controllers.mod") == version("go.mod")


def test_controllers_make_pods_and_their_slices(place: Path) -> None:
    pids = start(place, "--controllers")
    assert list(pids) == ["supervisor", "etcd", "kube-apiserver", "kube-controller-manager"]
    kubectl(place, "create", "deployment", "web", "--image=web", "--replicas=2")
    kubectl(place, "create", "service", "clusterip", "web", "--tcp=80")
    # They begin when the API server is ready, which is when `up` returns.
    wait = ("wait", "--timeout=60s")
    kubectl(place, *wait, "--for=jsonpath={.status.replicas}=2", "deployment/web")
    kubectl(place, *wait, "--for=create", "endpointslices", "--selector=app=web")
    kubectl(place, "delete", "deployment", "web", "--wait=false")
    kubectl(place, *wait, "--for=delete", "pods", "--selector=app=web")
    assert run(DOWN, place).returncode == 0
    assert not any(map(running, pids.values()))


def test_everything_ends_with_the_guardian_and_begins_empty(place: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as guardian:
        pids = start(place, "--with", guardian.pid)
        kubectl(place, "create", "namespace", "mine")
        guardian.kill()
    assert soon(lambda: not any(map(running, pids.values())))
    assert not (place / "env").exists()

    pids = start(place)
    assert "namespace/mine" not in kubectl(place, "get", "namespaces", "-o", "name").split()
    assert run(DOWN, place).returncode == 0
    assert not any(map(running, pids.values()))
    assert not (place / "env").exists()
    assert "nothing is up" in run(DOWN, place).stderr


def test_nothing_outlives_a_killed_supervisor(place: Path) -> None:
    pids = start(place)
    os.kill(pids["supervisor"], signal.SIGKILL)
    assert soon(lambda: not any(map(running, pids.values())))


def test_a_killed_up_leaves_nothing(place: Path) -> None:
    starting = subprocess.Popen([UP, place], stderr=subprocess.DEVNULL)
    record = place / "processes"
    assert soon(lambda: record.exists() and len(processes(place)) == 3)
    pids = processes(place)
    starting.kill()
    starting.wait()
    assert soon(lambda: not any(map(running, pids.values())))
    assert not (place / "env").exists()


def test_one_dead_server_ends_the_other(place: Path) -> None:
    pids = start(place)
    os.kill(pids["etcd"], signal.SIGKILL)
    assert soon(lambda: not any(map(running, pids.values())))
    assert "etcd ended with status -9" in (place / "supervisor.log").read_text()


def test_two_directories_at_the_same_time(tmp_path: Path) -> None:
    places = [tmp_path / "one", tmp_path / "two"]
    starts = [subprocess.Popen([UP, place], stderr=subprocess.PIPE) for place in places]
    try:
        assert [start.communicate(timeout=120) and start.returncode for start in starts] == [0, 0]
        for place in places:
            kubectl(place, "get", "namespace", "default")
    finally:
        for place in places:
            run(DOWN, place)


def test_binaries_that_somebody_named(
    tmp_path: Path, cluster: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "assets").symlink_to(Path(environment(cluster)["KUBECTL"]).parent)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path / "assets"))
    assert binaries() == tmp_path / "assets"


def test_named_binaries_that_are_missing(tmp_path: Path, place: Path) -> None:
    line = complaint(run(UP, place, env={"KUBEBUILDER_ASSETS": str(tmp_path)}))
    assert "has no etcd, kube-apiserver, kubectl" in line


def without_go(tmp_path: Path) -> dict[str, str]:
    """An environment whose PATH holds a Python and nothing else."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "python3").symlink_to(sys.executable)
    return {"PATH": f"{tools}", "KUBEBUILDER_ASSETS": ""}


def test_neither_go_nor_binaries(tmp_path: Path, place: Path) -> None:
    env = {**without_go(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    line = complaint(run(UP, place, env=env))
    assert "no Go" in line and "KUBEBUILDER_ASSETS" in line


@pytest.mark.skipif("KUBEBUILDER_ASSETS" in os.environ, reason="the cache is not asked")
def test_the_cache_needs_no_go(
    tmp_path: Path, cluster: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in without_go(tmp_path).items():
        monkeypatch.setenv(name, value)
    # Any Go that built the same inputs will do, so it need not be the very same directory.
    assert binaries().parent == Path(environment(cluster)["KUBECTL"]).parent.parent


def test_a_build_that_fails(tmp_path: Path, place: Path) -> None:
    cache, modules = tmp_path / "cache", tmp_path / "modules"
    unreachable = {
        "XDG_CACHE_HOME": str(cache),
        "GOMODCACHE": str(modules),
        "GOPROXY": "http://127.0.0.1:9/",  # The discard port; nobody listens there.
    }
    done = run(UP, place, env=unreachable)
    said = done.stderr.splitlines()
    assert done.returncode == 1 and len(said) == 2, done.stderr
    assert said[0].startswith("up: building ") and "can be reached" in said[1]
    assert not list((cache / "albedo" / "control-plane").glob("*~build-*"))


def test_a_port_in_use(place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port} is in use" in complaint(run(UP, place, "--port", port))


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "Not a directory" in complaint(run(UP, tmp_path / "file" / "cluster"))
