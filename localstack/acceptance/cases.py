"""Each case with AWS Load Balancer Controller and with Albedo, and what the two make of it.

Both have a cluster and an account of their own. A case passes if

* after each of its steps, of which one is an edit, the same stands on both sides, or what differs
  is of a kind that docs/differences.md has (see `kinds`);
* Albedo started anew writes nothing;
* Albedo started on what LBC made writes nothing, and LBC on what Albedo made writes nothing but
  what it writes at every start: a log-in's client secret, which AWS does not tell. Where the two
  differ, Albedo leaves things as LBC has them or makes them what it would have made itself;
* nothing of what LBC made is left once Albedo has deleted it.

Where neither of them ever serves anything, and they differ only in how they leave what cannot be
served, both refuse.

What becomes of each is printed, and written down in full in a file of its own.
"""

import argparse
import os
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import kinds
import manifests
import standing
from kinds import Outcome
from manifests import Case, Step
from side import Side
from standing import Standing

T = TypeVar("T")

# There is one of these wherever something is served.
SERVED = ("load balancer", "target group", "target")

# So much of what is wrong is printed.
FEW, WORDS = 5, 200

CASES = Path(__file__).parents[2] / "tests" / "cases"
ACCOUNTS = {"one": "111122223333", "other": "444455556666"}


def main() -> int:
    """Compare the cases; the exit code says whether all passed."""
    options = arguments()
    # Whoever ends this ends the controllers, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if unknown := kinds.unknown():
        raise SystemExit(f"no row of {kinds.PAGE.name}: {'; '.join(unknown)}")
    lbc, albedo = (Side(options, name, account) for name, account in ACCOUNTS.items())
    comparison = Comparison(options.logs, lbc, albedo)
    tally: Counter[str] = Counter()
    try:
        comparison.both(Side.set_up)
        for number, path in enumerate(manifests.find(options.cases)):
            tally[comparison.verdict(path, number)] += 1
    finally:
        comparison.both(Side.stop)
    print(", ".join(f"{verdict} {count}" for verdict, count in sorted(tally.items())), flush=True)
    return 1 if tally["FAILED"] else 0


class Comparison:
    """Two sides. Which of them is whose changes with each case."""

    def __init__(self, logs: Path, lbc: Side, albedo: Side) -> None:
        self.logs, self.lbc, self.albedo = logs, lbc, albedo
        self.pool = ThreadPoolExecutor(2)
        # Of the case at hand: what was seen, and the kinds of its differences.
        self.notes: list[str] = []
        self.kinds: set[str] = set()
        self.is_taken, self.is_served = True, False

    def both(self, work: Callable[[Side], T]) -> tuple[T, T]:
        """Do something on LBC's side and on Albedo's, at the same time."""
        lbc, albedo = (self.pool.submit(work, side) for side in (self.lbc, self.albedo))
        return lbc.result(), albedo.result()

    def verdict(self, path: Path, number: int) -> str:
        """Do a case, and say what became of it."""
        self.notes, self.kinds = [], set()
        self.is_taken, self.is_served = True, False
        try:
            troubles = list(self._troubles(manifests.read(path, number)))
        except Exception as error:  # The next case is done whatever becomes of this one.
            troubles = [f"could not be done: {error!r}"]
        differing = "of a kind" if self.is_served else "both refuse"
        good = differing if self.kinds else "same" if self.is_taken else "not taken"
        verdict = "FAILED" if troubles else good
        report = self.logs / f"acceptance-case-{path.stem}.txt"
        report.write_text("\n".join([verdict, *troubles, "", *self.notes, ""]))
        told = "; ".join(trouble.splitlines()[0][:WORDS] for trouble in troubles[:FEW])
        print(f"{path.stem}: {verdict} {told or ', '.join(sorted(self.kinds))}", flush=True)
        return verdict

    def _troubles(self, case: Case) -> Iterator[str]:
        """What goes wrong with a case."""
        try:
            for side, controller in ((self.lbc, "lbc"), (self.albedo, "albedo")):
                if side.running != controller:
                    side.start(controller, False)
            outcome = Outcome(Standing(), Standing(), Standing())
            for number, step in enumerate(case.steps, start=1):
                self.notes.append(f"step {number}")
                outcome, troubles = self._step(case, step, outcome.lbc)
                yield from (f"step {number}: {trouble}" for trouble in troubles)
            if any(side.has("target group") or side.has("binding") for side in outcome.sides()):
                yield from self._restart(outcome)
                yield from self._change_over(case, outcome)
            yield from self._deletion(case)
        finally:
            self._clean(case)

    def _step(self, case: Case, step: Step, earlier: Standing) -> tuple[Outcome, list[str]]:
        def take(side: Side) -> tuple[list[str], bool, Standing]:
            refused = side.apply(case, step)
            rests = side.settle()
            return refused, rests, standing.read(side, case)

        (_, _, lbc), (refused, rests, albedo) = self.both(take)
        self.notes += [f"the API server refuses {one}" for one in refused]
        self.is_taken &= not any(one.startswith("Ingress ") for one in refused)
        self.notes += [f"LBC warns: {' '.join(one)}" for one in lbc.warnings]
        self.notes += [f"Albedo warns: {' '.join(one)}" for one in albedo.warnings]
        outcome = Outcome(lbc, albedo, earlier)
        self.is_served |= any(side.has(kind) for side in outcome.sides() for kind in SERVED)
        troubles = [] if rests else ["Albedo does not come to rest"]
        for one in standing.differences(lbc, albedo):
            kind = kinds.explained(one, outcome)
            self.notes.append(f"{kind.asked if kind else 'of no kind'}: {one}")
            if kind:
                self.kinds.add(kind.asked)
            else:
                troubles.append(f"differs: {one}")
        return outcome, troubles

    def _restart(self, outcome: Outcome) -> Iterator[str]:
        self.albedo.start("albedo", True)
        writes = self.albedo.writes()
        if any(why == "FailedDeployModel" for _, why, _ in outcome.albedo.warnings):
            # What AWS has refused is tried again, and told.
            writes = [write for write in writes if not write.error]
        yield from (f"Albedo started anew: {write}" for write in writes)

    def _change_over(self, case: Case, outcome: Outcome) -> Iterator[str]:
        """Each controller on what the other one made."""
        self.both(Side.stop)
        self.lbc, self.albedo = self.albedo, self.lbc

        def start(side: Side) -> None:
            side.start("lbc" if side is self.lbc else "albedo", True)

        self.both(start)
        gone_over = [f"LBC -> Albedo: {write}" for write in self.albedo.writes()]
        gone_back = [f"Albedo -> LBC: {write}" for write in self.lbc.writes()]
        if gone_back:
            # What LBC writes whenever it is started, also on what it has just written, is its own.
            self.lbc.start("lbc", True)
            always = {f"Albedo -> LBC: {write}" for write in self.lbc.writes()}
            self.notes += sorted(always)
            gone_back = [write for write in gone_back if write not in always]
        differing = {one.thing: one for one in standing.differences(outcome.lbc, outcome.albedo)}
        if not differing:
            yield from gone_over + gone_back
            return
        self.notes += gone_over + gone_back
        for one in standing.differences(outcome.albedo, standing.read(self.albedo, case)):
            if one.thing not in differing or one.albedo != differing[one.thing].lbc:
                yield f"LBC -> Albedo: {one.thing} is neither one's: {one.albedo}"

    def _deletion(self, case: Case) -> Iterator[str]:
        self.both(lambda side: side.delete_all(case))
        if left := self.albedo.account.left():
            yield f"deleted by Albedo, and left behind: {', '.join(left)}"
        if left := self.lbc.account.left():
            self.notes.append(f"deleted by LBC, and left behind: {', '.join(left)}")

    def _clean(self, case: Case) -> None:
        def clean(side: Side) -> None:
            side.remove(case)
            side.forget()
            if side.account.left():
                side.renew()

        self.both(clean)


def arguments() -> argparse.Namespace:
    """What is asked for on the command line."""
    parser = argparse.ArgumentParser(prog="run cases", description=__doc__)
    parser.add_argument("cases", nargs="*", type=Path, default=[CASES])
    parser.add_argument("--lbc", type=Path, required=True)
    parser.add_argument("--albedo", type=Path, required=True)
    parser.add_argument("--flag", metavar="KEY=VALUE", action="append", default=[])
    parser.add_argument("--logs", type=Path, default=Path(tempfile.gettempdir()))
    options = parser.parse_intermixed_args()
    # Where the two control planes are: see `run`.
    options.clusters = Path(os.environ["ALBEDO_CLUSTERS"])
    return options


if __name__ == "__main__":
    sys.exit(main())
