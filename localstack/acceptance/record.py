"""Records what AWS Load Balancer Controller does with the first step of recordings.

It is started with a recording's own flags. Into a file of the same name go these, the objects, the
calls that change something, with symbols in place of identifiers, and how often it read what; then
the Ingresses are deleted. A recording needs no calls for that. Where it has some, what only chance
decides is as it was, so that whatever still differs is done differently, or in another order.
"""

import argparse
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path

import recording
from acceptance import chosen, lbc, passes, set_up
from account import Account
from recording import CALLS, Json
from scenario import Scenario
from side import READS

# The kind of a thing, the type of its load balancer if it has one, and the name of either.
ARN = re.compile(
    r"arn:aws:elasticloadbalancing:[^:]*:\d+:(targetgroup|[a-z-]+/(?:app|net))/([^/]+)[\w/]*"
)
KINDS = {"targetgroup": "TG", "loadbalancer": "LB", "listener": "LISTENER", "listener-rule": "RULE"}
GROUP = re.compile(r"sg-[0-9a-f]{8,}")
# The name of a target group, and what it is for.
TARGET_GROUP = re.compile(
    r'CreateTargetGroup .*"Name": "([^"]+)".*"ingress.k8s.aws/resource", "Value": "([^"]+)"'
)
ADDRESS = re.compile(r'"Id": "([\d.]+)"')


def main() -> int:
    """Record; the exit code says whether all Ingresses had an address, and nothing is left."""
    options = arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    account, cluster = set_up()
    account.allow_condition_values(100)
    failed = 0
    for path in chosen(options):
        recorded = recording.read(path, account.real)
        with lbc(options, account, recorded.flags):
            earlier, out = path.read_text(), options.out / path.name
            failed += not passes(Recorder(account, cluster, recorded, earlier=earlier, out=out))
    return 1 if failed else 0


def arguments() -> argparse.Namespace:
    """What is asked for on the command line."""
    parser = argparse.ArgumentParser(prog="run record", description=__doc__)
    parser.add_argument("recordings", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--lbc", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--logs", type=Path, default=Path(tempfile.gettempdir()))
    return parser.parse_intermixed_args()


@dataclass(kw_only=True)
class Recorder(Scenario):
    """The first step of a recording, as text, and the file that it is recorded in anew."""

    earlier: str
    out: Path

    def run(self) -> Iterator[str]:
        """Record; yields what has no address, and what goes wrong with the deletion."""
        asked, _, earlier = self.earlier.partition(CALLS)
        step = self.recorded.steps[0]
        ingresses = {one["metadata"]["name"] for one in step.objects if one["kind"] == "Ingress"}
        step = replace(step, addressed=ingresses)
        calls = written(self._play(step, waking=True), Symbols(self.account, asked))
        self.out.write_text(f"{asked.rstrip()}\n{CALLS}{with_the_same_chance(calls, earlier)}")
        yield from self._missing(step)
        yield from self._delete()


@dataclass
class Symbols:
    """What stands for an account's identifiers in one recording."""

    account: Account
    # The flags and objects: of two symbols for one thing, theirs is meant.
    asked: str
    numbers: dict[str, int] = field(default_factory=dict)

    def of(self, text: str) -> str:
        """A text with symbols in place of identifiers."""
        text = ARN.sub(self._of_arn, text)
        symbols = self.account.symbols.items()
        for symbol, real in sorted(symbols, key=lambda one: one[0] not in self.asked):
            text = text.replace(real, symbol)
        text = text.replace(self.account.vpc, "VPC").replace(self.account.id, "0" * 12)
        return GROUP.sub(lambda group: f"SG#{self._number(group[0])}", text)

    def _of_arn(self, arn: re.Match[str]) -> str:
        kind, name = arn[1].partition("/")[0], arn[2]
        # A load balancer has several of these, which do not differ by its name.
        number = f" #{self._number(arn[0])}" if kind.startswith("listener") else ""
        return f"{KINDS[kind]}({name}{number})"

    def _number(self, identifier: str) -> int:
        return self.numbers.setdefault(identifier, len(self.numbers) + 1)


def written(calls: list[Json], symbols: Symbols) -> str:
    """The calls as a recording has them: those that change something, and a line of the others."""
    lines, reads = [], Counter[str]()
    for call in calls:
        operation = call["operation"]
        if operation.startswith(READS):
            reads[operation] += 1
            continue
        # Nobody names the rules of a security group, which are made without a call of their own.
        made = f"  -> {call['made'][0]}" if call["made"] and operation.startswith("Create") else ""
        error = f"   !! {call['error']}" if call["error"] else ""
        asked = json.dumps(call["params"], sort_keys=True)
        lines.append(symbols.of(f"  {call['service']}.{operation} {asked}{made}{error}\n"))
    counts = ", ".join(f"{read} {count}" for read, count in sorted(reads.items()))
    return f"{''.join(lines)}  reads: {counts}\n"


def with_the_same_chance(calls: str, earlier: str) -> str:
    """Written calls, with names and addresses that are by chance as earlier ones had them.

    A target group's name hashes the UID of its Service, and pods have the addresses that are free.
    """
    names = {resource: name for name, resource in TARGET_GROUP.findall(earlier)}
    same = {name: names.get(resource, name) for name, resource in TARGET_GROUP.findall(calls)}
    lists = (sorted(set(ADDRESS.findall(text)), key=ip_address) for text in (calls, earlier))
    same |= dict(zip(*lists, strict=False))
    return re.sub(r"[\w.-]+", lambda word: same.get(word[0], word[0]), calls)


if __name__ == "__main__":
    sys.exit(main())
