"""A row of the table of claims, and when it was last seen true on a real account."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# By case, with its parameters, the day on which it was last seen true on a real account; runs there
# write it (see README.md).
SEEN = Path(__file__).parent / "seen.json"


@dataclass(frozen=True, slots=True)
class Row:
    """One claim. `cases` are tests as `file::function`, without `test_` and `.py`."""

    name: str
    marks: str
    cases: str = ""
    # Why there is no case, where there cannot be one.
    gap: str = ""

    @property
    def last_seen(self) -> str | None:
        """The day on which all of its cases were last seen true on a real account; None for never.

        Of a case with parameters the oldest day counts, and the parameters that ran.
        """
        days = [_day_of(case) for case in self.cases.split()]
        return min(str(day) for day in days) if days and all(days) else None


@cache
def seen() -> dict[str, str]:
    """What `seen.json` holds."""
    return dict(json.loads(SEEN.read_text()))


def case_of(node: str) -> str:
    """A test as rows and `seen.json` name it: `elbv2_tag::limits[20]`."""
    file, _, name = node.rpartition("/")[2].partition("::")
    return f"{file.removeprefix('test_').removesuffix('.py')}::{name.removeprefix('test_')}"


def _day_of(case: str) -> str | None:
    days = (day for name, day in seen().items() if name.partition("[")[0] == case)
    return min(days, default=None)
