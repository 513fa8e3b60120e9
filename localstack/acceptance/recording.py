"""Reads what was recorded of a scenario: flags, the objects of each step, what came of them."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Json = dict[str, Any]

CALLS, LEFT, END = "-- mutating calls, in order\n", "-- left in the cluster\n", "== all Ingresses"
CALL = re.compile(r"^  (\w+\.\w+) \{", re.MULTILINE)
FLAGS = re.compile(r"^== flags (.*)$", re.MULTILINE)
DELETED = re.compile(r"^delete ingresses/(\S+)\n", re.MULTILINE)
INGRESS = re.compile(r"^  Ingress (\S+) finalizers=.*? status=(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Step:
    """One step: what is applied and deleted, the calls it took, who had an address after it."""

    objects: list[Json]
    deleted: list[str]
    calls: Counter[str]
    addressed: set[str]


@dataclass(frozen=True)
class Recording:
    """A recorded scenario."""

    name: str
    steps: list[Step]
    last_calls: Counter[str]
    # What LBC was started with beside what it always gets.
    flags: dict[str, str]

    @property
    def namespace(self) -> str:
        """The namespace of its objects: `v01-ns` for V01."""
        return self.name.split("-")[0].lower() + "-ns"


def read(path: Path, real: Callable[[str], str]) -> Recording:
    """A recording, with its symbols (`SUBNET(us-east-1a)`) made real."""
    text, _, last = path.read_text().partition(END)
    before, *bodies = text.split("== step ")
    given = (flag for line in FLAGS.findall(before) for flag in real(line).split())
    flags = dict(flag.split("=", 1) for flag in given)
    return Recording(path.stem, [*_steps(bodies, real)], Counter(CALL.findall(last)), flags)


def _steps(bodies: list[str], real: Callable[[str], str]) -> Iterator[Step]:
    for body in bodies:
        head, _, rest = body.partition(CALLS)
        calls, _, left = rest.partition(LEFT)
        objects = DELETED.sub("", head.partition("\n")[2])
        yield Step(
            objects=[each for each in yaml.safe_load_all(real(objects)) if each],
            deleted=DELETED.findall(head),
            calls=Counter(CALL.findall(calls)),
            addressed={
                name for name, status in INGRESS.findall(left) if json.loads(status).get("ingress")
            },
        )
