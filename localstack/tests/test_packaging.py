"""The plugin as a package: what it announces is there, and `up` announces nothing else."""

import ast
import tomllib
from pathlib import Path

import pytest

PLUGIN = Path(__file__).parent.parent / "plugin"
PROJECT = tomllib.loads((PLUGIN / "pyproject.toml").read_text())["project"]
POINTS = {
    name: where for points in PROJECT["entry-points"].values() for name, where in points.items()
}


@pytest.mark.parametrize("name", POINTS)
def test_entry_point(name: str) -> None:
    module, _, function = POINTS[name].partition(":")
    tree = ast.parse((PLUGIN / f"{module.replace('.', '/')}.py").read_text())
    assert function in [one.name for one in tree.body if isinstance(one, ast.FunctionDef)]


def test_every_folder_is_a_package() -> None:
    folders = {path.parent for path in (PLUGIN / "ingress_aws").rglob("*.py")}
    assert [one for one in folders if not (one / "__init__.py").exists()] == []


def _imports(package: Path) -> dict[str, set[str]]:
    """By module of a package, the modules of it that it imports when it is loaded."""
    found: dict[str, set[str]] = {}
    for path in package.rglob("*.py"):
        name = ".".join(path.relative_to(package.parent).with_suffix("").parts)
        wanted = [
            part
            for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(package.name)
            for part in (node.module, *(f"{node.module}.{one.name}" for one in node.names))
        ]
        found[name] = {str(one) for one in wanted}
    return {name: wanted & found.keys() for name, wanted in found.items()}


@pytest.mark.parametrize("package", [PLUGIN / "ingress_aws", PLUGIN.parent / "dataplane"])
def test_no_import_leads_in_a_circle(package: Path) -> None:
    left = _imports(package)
    while free := [name for name, wanted in left.items() if not wanted & left.keys()]:
        for name in free:
            del left[name]
    assert left == {}, "each of these leads back to itself, or to one that does"


def test_the_versions_are_those_that_up_installs() -> None:
    pinned = (PLUGIN.parent / "requirements.in").read_text().splitlines()
    exact = [one for one in PROJECT["dependencies"] if "==" in one]
    assert exact and set(exact) <= set(pinned)
