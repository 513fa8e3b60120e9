"""Python objects as JSON and back, with what they share and refer to.

Providers keep plain objects that know each other. Each object, list or dict is written once, as a
node with a number, and referred to by that number. Reading makes objects without calling any of
their code, and only of classes of the plugin, LocalStack and moto: a dump is data, not a program.
"""

import base64
import collections
import importlib
import inspect
import ipaddress
import json
import re
import threading
from collections.abc import Callable
from datetime import date, datetime, timedelta
from enum import Enum
from types import FunctionType, GeneratorType, MethodType
from typing import Any

from joserfc.jwk import RSAKey

Json = Any

OURS = ("ingress_aws.", "localstack.", "moto.")
LOCKS = (type(threading.Lock()), type(threading.RLock()))
# Values that are written as one text, and what reads that text.
TEXTS: dict[type, tuple[Callable[[Any], str], Callable[[str], Any]]] = {
    bytes: (lambda value: base64.b64encode(value).decode(), base64.b64decode),
    datetime: (datetime.isoformat, datetime.fromisoformat),
    date: (date.isoformat, date.fromisoformat),
    re.Pattern: (lambda value: f"{value.flags} {value.pattern}", lambda text: _pattern(text)),
    # What a user pool of Cognito signs its tokens with.
    RSAKey: (lambda key: json.dumps(key.as_dict(private=True)), lambda text: _key(text)),
    timedelta: (lambda value: repr(value.total_seconds()), lambda s: timedelta(seconds=float(s))),
    **{
        kind: (str, kind)
        for kind in (
            ipaddress.IPv4Address,
            ipaddress.IPv6Address,
            ipaddress.IPv4Network,
            ipaddress.IPv6Network,
        )
    },
}
TEXT_KINDS = {kind.__name__: kind for kind in TEXTS}
SEQUENCES: dict[str, Callable[[list[Any]], Any]] = {
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "deque": collections.deque,
}
MAPPINGS: dict[str, Callable[[], dict[Any, Any]]] = {
    "dict": dict,
    "Counter": collections.Counter,
    "OrderedDict": collections.OrderedDict,
    "defaultdict": collections.defaultdict,
}


def write(root: Any) -> Json:
    """An object, with all that it refers to, as JSON."""
    writer = _Writer()
    return {"root": writer.value(root), "nodes": writer.nodes}


def read(dumped: Json) -> Any:
    """The object that was written; ValueError if that is no dump."""
    try:
        return _Reader(dumped["nodes"]).value(dumped["root"])
    # A dump that somebody wrote may go round in circles where only immutable things are.
    except (
        KeyError,
        IndexError,
        TypeError,
        AttributeError,
        ImportError,
        RecursionError,
    ) as broken:
        raise ValueError(f"not a dump of this version: {broken!r}") from broken


class Hosts:
    """The addresses of a network that are still to come: moto's subnets keep `network.hosts()`."""

    def __init__(self, network: ipaddress.IPv4Network, last: int) -> None:
        self.network = network
        self.last = last

    @classmethod
    def of(cls, generator: "GeneratorType[Any, Any, Any]") -> "Hosts":
        """The same as an object that says where it stands; of no other generator can that be."""
        frame = generator.gi_frame
        held = frame.f_locals if frame is not None else {}
        if generator.__name__ != "hosts" or not isinstance(held.get("self"), ipaddress.IPv4Network):
            raise ValueError(f"the generator {generator.__qualname__} cannot be written to JSON")
        network = held["self"]
        return cls(network, held.get("x", int(network.network_address)))

    def __iter__(self) -> "Hosts":
        return self

    def __next__(self) -> ipaddress.IPv4Address:
        self.last += 1
        if self.last >= int(self.network.broadcast_address):
            raise StopIteration
        return ipaddress.IPv4Address(self.last)


class _Writer:
    def __init__(self) -> None:
        self.nodes: list[Json] = []
        self._numbers: dict[int, int] = {}
        # Ids are only good while their objects live, and bound methods live no longer than a look.
        self._kept: list[Any] = []

    def value(self, value: Any) -> Json:
        """A value in place: itself if JSON has it, else the number of its node."""
        plain = isinstance(value, bool | int | float) and not isinstance(value, Enum)
        if value is None or plain or type(value) is str:
            return value
        known = self._numbers.get(id(value))
        if known is None:
            known = self._numbers[id(value)] = len(self.nodes)
            self._kept.append(value)
            self.nodes.append(None)
            self.nodes[known] = self._node(value)
        return {"ref": known}

    def _node(self, value: Any) -> Json:
        kind = type(value)
        if kind in TEXTS:
            return {kind.__name__: TEXTS[kind][0](value)}
        if isinstance(value, Enum):
            return {"enum": _name_of(kind), "value": value.name}
        if isinstance(value, LOCKS):
            return {"lock": kind.__name__}
        if isinstance(value, MethodType):
            return {"method": value.__name__, "of": self.value(value.__self__)}
        if isinstance(value, GeneratorType):
            return self._node(Hosts.of(value))
        if isinstance(value, FunctionType | type):
            return {"named": _name_of(value)}
        if kind is list:
            return {"list": [self.value(item) for item in value]}
        if kind.__name__ in SEQUENCES and kind.__module__ in ("builtins", "collections"):
            # A set that is read has an order of its own again, and two dumps shall be compared.
            ordered = sorted(value, key=str) if isinstance(value, set | frozenset) else value
            return {kind.__name__: [self.value(item) for item in ordered]}
        return self._object(value)

    def _object(self, value: Any) -> Json:
        kind = type(value)
        node: dict[str, Json] = {}
        if isinstance(value, dict):
            node["items"] = [[self.value(key), self.value(item)] for key, item in value.items()]
            if isinstance(value, collections.defaultdict):
                node["default"] = self.value(value.default_factory)
        elif isinstance(value, str | list):
            node["base"] = str(value) if isinstance(value, str) else [*map(self.value, value)]
        if kind.__name__ in MAPPINGS and kind.__module__ in ("builtins", "collections"):
            return {"mapping": kind.__name__, **node}
        node["attributes"] = {name: self.value(held) for name, held in _attributes(value).items()}
        return {"object": _name_of(kind), **node}


class _Reader:
    def __init__(self, nodes: list[Json]) -> None:
        self._nodes = nodes
        self._made: dict[int, Any] = {}

    def value(self, value: Json) -> Any:
        """A value from its place."""
        if not isinstance(value, dict):
            return value
        number = value["ref"]
        if number not in self._made:
            self._make(number, self._nodes[number])
        return self._made[number]

    def _make(self, number: int, node: Json) -> None:
        if "object" in node:
            self._make_object(number, node)
        elif "mapping" in node:
            self._made[number] = self._fill(MAPPINGS[node["mapping"]](), node)
        elif "list" in node:
            made: list[Any] = []
            self._made[number] = made
            made.extend(self.value(item) for item in node["list"])
        else:
            self._made[number] = self._immutable(node)

    def _immutable(self, node: Json) -> Any:
        [(kind, told), *_] = node.items()
        if kind in TEXT_KINDS:
            return TEXTS[TEXT_KINDS[kind]][1](told)
        if kind in SEQUENCES:
            return SEQUENCES[kind]([self.value(item) for item in told])
        if kind == "enum":
            return _named(told)[node["value"]]
        if kind == "lock":
            return threading.RLock() if told == "RLock" else threading.Lock()
        if kind == "method":
            return getattr(self.value(node["of"]), told)
        if kind == "named":
            return _named(told)
        raise ValueError(f"not a dump: {kind!r}")

    def _make_object(self, number: int, node: Json) -> None:
        kind = _named(node["object"])
        if not isinstance(kind, type) or not _is_ours(kind):
            raise ValueError(f"'{node['object']}' is no class of the providers")
        if issubclass(kind, str):
            made: Any = str.__new__(kind, node["base"])
        else:
            made = kind.__new__(kind)
        self._made[number] = made
        if isinstance(made, list):
            made.extend(self.value(item) for item in node["base"])
        if isinstance(made, dict):
            self._fill(made, node)
        for name, held in node["attributes"].items():
            # Frozen dataclasses refuse to be set, and nobody has seen this one yet.
            object.__setattr__(made, name, self.value(held))

    def _fill(self, made: dict[Any, Any], node: Json) -> dict[Any, Any]:
        if isinstance(made, collections.defaultdict):
            made.default_factory = self.value(node["default"])
        # Not by the class's own way, which may be anybody's code.
        ordered = isinstance(made, collections.OrderedDict)
        put: Any = collections.OrderedDict.__setitem__ if ordered else dict.__setitem__
        for key, item in node["items"]:
            put(made, self.value(key), self.value(item))
        return made


def _key(text: str) -> RSAKey:
    return RSAKey.import_key(json.loads(text))


def _pattern(text: str) -> re.Pattern[str]:
    flags, _, pattern = text.partition(" ")
    return re.compile(pattern, int(flags))


def _attributes(value: Any) -> dict[str, Any]:
    """What an object holds, in its dict or in its slots, but for what it says is `DERIVED`.

    A derived attribute has a default in its class, and is made again from the others.
    """
    derived = getattr(type(value), "DERIVED", ())
    held = {name: of for name, of in getattr(value, "__dict__", {}).items() if name not in derived}
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in [slots] if isinstance(slots, str) else slots:
            if name != "__weakref__" and hasattr(value, name):
                held[name] = getattr(value, name)
    return held


def _is_ours(named: Any) -> bool:
    return str(named.__module__).startswith(OURS)


def _name_of(named: Any) -> str:
    """Where a class or function is found, if it is one that a dump may name."""
    name = f"{named.__module__}:{named.__qualname__}"
    allowed = _is_ours(named) or named in (list, dict, set, int, str)
    if not allowed or "<" in name:
        raise ValueError(f"{name} cannot be written to JSON")
    return name


def _named(name: str) -> Any:
    """A class or function by its name; the module must be one that the server has or could have."""
    module, _, path = name.partition(":")
    if not module.startswith(OURS) and name not in BUILTINS:
        raise ValueError(f"'{name}' is no part of the providers")
    found: Any = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    if not (inspect.isclass(found) or inspect.isfunction(found)):
        raise ValueError(f"'{name}' is neither a class nor a function")
    return found


BUILTINS = frozenset(f"builtins:{kind.__name__}" for kind in (list, dict, set, int, str))
