"""Starts the server under test, and gives each test an account of its own."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from aws import Account

LOCALSTACK = Path(__file__).parent.parent

# How sure it is that real AWS behaves as a test says; see README.md.
EVIDENCE = {
    "B": "botocore's service model or its documentation",
    "D": "a page of AWS's documentation",
    "P": "seen from AWS in public",
    "E": "as another emulator has it",
    "L": "what AWS Load Balancer Controller's source expects",
    "M": "from memory",
}


def pytest_configure(config: pytest.Config) -> None:
    """Make the marks known."""
    for mark, meaning in EVIDENCE.items():
        config.addinivalue_line("markers", f"{mark}: {meaning}")


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server: the one that AWS_ENDPOINT_URL names, or one that lives as long as this run."""
    given = os.environ.get("AWS_ENDPOINT_URL")
    if given:
        yield given
        return
    place = tmp_path_factory.mktemp("localstack")
    subprocess.run([LOCALSTACK / "up", place, "--with", str(os.getpid())], check=True)
    lines = (place / "env").read_text().splitlines()
    yield dict(line.split("=", 1) for line in lines)["AWS_ENDPOINT_URL"]
    subprocess.run([LOCALSTACK / "down", place], check=True)


@pytest.fixture
def aws(endpoint: str) -> Account:
    """An account that no other test uses."""
    return Account(endpoint)


@pytest.fixture(scope="module")
def shared(endpoint: str) -> Account:
    """An account for tests whose every call is refused, so that none sees another."""
    return Account(endpoint)
