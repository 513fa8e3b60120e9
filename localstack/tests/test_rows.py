"""Every row of `rows` has a case that exists, runs, and is as sure as the row says."""

import ast
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from conftest import EVIDENCE
from row import Row, case_of, seen
from rows import ROWS

HERE = Path(__file__).parent
ALL = [
    pytest.param(row, id=f"{service}: {row.name}") for service, rows in ROWS.items() for row in rows
]


@cache
def _marks(file: str) -> dict[str, set[str]]:
    """The marks of each test of a file, by its name."""
    tree = ast.parse((HERE / f"test_{file}.py").read_text())
    return {
        one.name: {
            part.attr
            for decorator in one.decorator_list
            for part in ast.walk(decorator)
            if isinstance(part, ast.Attribute)
        }
        for one in tree.body
        if isinstance(one, ast.FunctionDef) and one.name.startswith("test_")
    }


def test_seen() -> None:
    """What was seen on a real account is a case that still exists, and a day."""
    for case, day in seen().items():
        file, name = case.partition("[")[0].split("::")
        assert f"test_{name}" in _marks(file), f"test_{file}.py has no test_{name}"
        assert date.fromisoformat(day)
    assert case_of("tests/test_elbv2_tag.py::test_limits[20]") == "elbv2_tag::limits[20]"


@pytest.mark.parametrize("row", ALL)
def test_row(row: Row) -> None:
    assert set(row.marks) <= EVIDENCE.keys()
    cases = [case.split("::") for case in row.cases.split()]
    assert bool(cases) != bool(row.gap), "a row has cases, or a reason why it has none"
    found: set[str] = set()
    for file, name in cases:
        tests = _marks(file)
        assert f"test_{name}" in tests, f"test_{file}.py has no test_{name}"
        marks = tests[f"test_{name}"]
        assert not marks & {"skip", "xfail"}, f"test_{name} does not run"
        found |= marks
    assert not cases or found & set(row.marks), f"no case is marked with one of {row.marks}"
