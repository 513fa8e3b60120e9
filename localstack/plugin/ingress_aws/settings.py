"""Knobs: delays and quotas that a test may change for its own account.

A module declares a knob where the number is used, with its default and where that comes from;
`/_albedo/settings` lists and sets them.
"""

import threading
from dataclasses import dataclass

from ingress_aws import accounts
from ingress_aws.pace import EVERYBODYS, named

Value = float | int | None

_knobs: dict[str, "Knob"] = {}
_products: list["Product"] = []
_values: dict[tuple[str, str], Value] = {}
# The pace of each account that has chosen one.
_paces: dict[str, dict[str, float]] = {}
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Knob:
    """A number with a name, a default and a reason."""

    name: str
    default: Value
    about: str

    def of(self, account: str) -> Value:
        """The value in force for an account: its own, its pace's, or the default."""
        pace = _paces.get(account, EVERYBODYS)
        return _values.get((account, self.name), pace.get(self.name, self.default))

    def number(self, account: str) -> int:
        """The value in force of a knob that is a count."""
        return int(self.of(account) or 0)


@dataclass(frozen=True, slots=True)
class Product:
    """Knobs that AWS lets nobody raise further than that their product is `most`."""

    knobs: tuple[Knob, ...]
    most: int

    def check(self, account: str, wanted: dict[str, Value]) -> None:
        """Refuse what an account wants, given what it has."""
        product = 1.0
        for knob in self.knobs:
            value = wanted.get(knob.name, knob.of(account))
            product *= (knob.default if value is None else value) or 0
        if product > self.most:
            names = " times ".join(f"'{knob.name}'" for knob in self.knobs)
            raise ValueError(f"{names} is at most {self.most} on AWS, not {product:g}")


def knob(name: str, default: Value, about: str) -> Knob:
    """Declare a knob."""
    made = Knob(name, default, about)
    _knobs[name] = made
    return made


def at_most(most: int, *knobs: Knob) -> None:
    """Declare that knobs depend on each other: their product is at most so much."""
    _products.append(Product(knobs, most))


def check(account: str, wanted: dict[str, Value]) -> None:
    """Refuse what an account cannot set."""
    for name, value in wanted.items():
        if name not in _knobs:
            raise ValueError(
                f"no setting is called '{name}'; there are: {', '.join(sorted(_knobs))}"
            )
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if value is not None and not (number and value >= 0):
            raise ValueError(f"setting '{name}' takes a number from 0 or null, not {value!r}")
    for product in _products:
        if any(knob.name in wanted for knob in product.knobs):
            product.check(account, wanted)


def change(account: str, wanted: dict[str, Value]) -> None:
    """Set several knobs of one account, all or none; None sets one back to its default."""
    check(account, wanted)
    with _lock:
        for name, value in wanted.items():
            if value is None:
                _values.pop((account, name), None)
            else:
                _values[account, name] = value


def keep_pace(account: str, name: str) -> None:
    """Let an account's delays be those of a pace, where it has not set them itself."""
    chosen = named(name)
    with _lock:
        _paces[account] = chosen


def describe(account: str) -> dict[str, dict[str, object]]:
    """Every knob with its value for an account, its default and what it is."""
    return {
        knob.name: {"value": knob.of(account), "default": knob.default, "about": knob.about}
        for _, knob in sorted(_knobs.items())
    }


def changed(account: str) -> dict[str, Value]:
    """The knobs of an account that are not at their defaults."""
    return {name: value for (owner, name), value in _values.items() if owner == account}


@accounts.on_reset
def forget(account: str) -> None:
    """Set every knob of an account back to its default."""
    with _lock:
        _paces.pop(account, None)
        for key in [key for key in _values if key[0] == account]:
            del _values[key]
