"""Starts the server under test, and gives each test an account of its own."""

import json
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from aws import JANITOR, REAL, Account
from row import SEEN, case_of, seen

LOCALSTACK = SEEN.parent.parent

# How sure it is that real AWS behaves as a test says; see README.md.
EVIDENCE = {
    "B": "botocore's service model or its documentation",
    "D": "a page of AWS's documentation",
    "P": "seen from AWS in public",
    "E": "as another emulator has it",
    "L": "what AWS Load Balancer Controller's source expects",
    "M": "from memory",
}


# Files about this ground itself, or about requests that only it can be sent.
ONLY_HERE = ("test_control_", "test_dataplane", "test_elbv2_malformed", "test_fuzzed", "test_up")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On a real account, run what says of AWS how it is, and nothing else."""
    if not REAL:
        return
    chosen = [
        item
        for item in items
        if not item.path.name.startswith(ONLY_HERE)
        and any(mark.name in EVIDENCE for mark in item.iter_markers())
        and item.get_closest_marker("alone") is None
    ]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


# By case, whether it passed on a real account in this run.
_outcomes: dict[str, bool] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember what was true of AWS."""
    if REAL and report.when == "call" and not report.skipped:
        _outcomes[case_of(report.nodeid)] = report.passed


def pytest_sessionfinish() -> None:
    """Write down the day on which each case was last seen true, and take it from the others."""
    if not _outcomes:
        return
    today = datetime.now(UTC).date().isoformat()
    known = {case: day for case, day in seen().items() if case not in _outcomes}
    known |= {case: today for case, passed in _outcomes.items() if passed}
    SEEN.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marks known."""
    for mark, meaning in EVIDENCE.items():
        config.addinivalue_line("markers", f"{mark}: {meaning}")
    config.addinivalue_line("markers", "alone: needs an account, or two, with nothing else in it")


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server: the one that AWS_ENDPOINT_URL names, or one that lives as long as this run."""
    given = os.environ.get("AWS_ENDPOINT_URL")
    if given or REAL:
        yield given or ""
        return
    place = tmp_path_factory.mktemp("localstack")
    subprocess.run([LOCALSTACK / "up", place, "--with", str(os.getpid())], check=True)
    lines = (place / "env").read_text().splitlines()
    yield dict(line.split("=", 1) for line in lines)["AWS_ENDPOINT_URL"]
    subprocess.run([LOCALSTACK / "down", place], check=True)


@pytest.fixture
def aws(endpoint: str) -> Iterator[Account]:
    """An account that no other test uses, or on a real one, that is left as it was found."""
    yield Account(endpoint)
    assert JANITOR.clean() == [], "this is left in the account"


@pytest.fixture(scope="module")
def shared(endpoint: str) -> Iterator[Account]:
    """An account for tests whose every call is refused, so that none sees another."""
    yield Account(endpoint)
    assert JANITOR.clean() == [], "this is left in the account"
