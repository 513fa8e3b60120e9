"""The conditions of rules, as AWS's guide describes them ("Condition types for listener rules").

A condition is compiled once and then asked for every request. What the guide leaves open is
decided here and said in the README: regular expressions need not match the whole value, host
regexes see the header as it came while host patterns see the name without the port, and query
strings are compared as they were sent, without decoding.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from dataplane.head import Request

Json = dict[str, Any]
Test = Callable[[str], bool]

# A backslash makes a wildcard an ordinary character.
_PART = re.compile(r"\\([*?\\])|([*?])|([^*?\\]+|\\)", re.DOTALL)


class Subject:
    """What conditions look at: a request and where it comes from."""

    def __init__(self, request: Request, source: str) -> None:
        self.request = request
        self.source = source

    @cached_property
    def host(self) -> str:
        """The host's name without its port, in lower case."""
        host = self.request.host.lower()
        if host.startswith("["):
            return host.partition("]")[0] + "]"
        return host.partition(":")[0]

    @cached_property
    def pairs(self) -> list[tuple[str, str]]:
        """The query string's keys and values, as they were sent."""
        parts = [part for part in self.request.query.split("&") if part]
        return [(key, value) for key, _, value in (part.partition("=") for part in parts)]

    def seen(self, field: str, name: str) -> list[str]:
        """What a condition of this kind compares: for the trace."""
        if field == "http-header":
            return self.request.all(name.lower())
        if field == "query-string":
            return [f"{key}={value}" for key, value in self.pairs]
        simple = {
            "host-header": self.request.host,
            "path-pattern": self.request.path,
            "http-request-method": self.request.method,
            "source-ip": self.source,
        }
        return [simple[field]]


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: satisfied if one of its values is."""

    field: str
    name: str  # of the header, if it is about one
    wanted: list[Any]
    holds: Callable[[Subject], bool]

    def trace(self, subject: Subject) -> Json:
        """What was wanted, what was there, and whether it was enough."""
        named = {"name": self.name} if self.name else {}
        seen = subject.seen(self.field, self.name)
        holds = self.holds(subject)
        return {"field": self.field, **named, "wanted": self.wanted, "seen": seen, "holds": holds}


def compiled(condition: Json) -> Condition:
    """A condition as AWS echoes it, ready to be asked."""
    field = condition["Field"]
    config: Json = next((v for k, v in condition.items() if k.endswith("Config")), {})
    values = config.get("Values") or condition.get("Values") or []
    regexes = config.get("RegexValues") or condition.get("RegexValues") or []
    name = config.get("HttpHeaderName", "")
    return Condition(field, name, values or regexes, _KINDS[field](values, regexes, name))


def pattern(value: str, *, folds_case: bool) -> Test:
    """A value with wildcards: `*` is any number of characters, `?` is exactly one."""
    parts = []
    for escaped, wildcard, plain in _PART.findall(value):
        parts.append({"*": ".*", "?": "."}[wildcard] if wildcard else re.escape(escaped or plain))
    flags = re.DOTALL | (re.IGNORECASE if folds_case else 0)
    whole = re.compile("".join(parts), flags)
    return lambda text: whole.fullmatch(text) is not None


def regex(value: str, *, folds_case: bool = False) -> Test:
    """A regular expression; one that cannot be read matches nothing."""
    try:
        found = re.compile(value, re.IGNORECASE if folds_case else 0)
    except re.error:
        return lambda _text: False
    return lambda text: found.search(text) is not None


def _any(tests: Iterable[Test], text: str) -> bool:
    return any(test(text) for test in tests)


def _host(values: list[str], regexes: list[str], _name: str) -> Callable[[Subject], bool]:
    tests = [pattern(value, folds_case=True) for value in values]
    expressions = [regex(value, folds_case=True) for value in regexes]
    return lambda s: _any(tests, s.host) or _any(expressions, s.request.host)


def _path(values: list[str], regexes: list[str], _name: str) -> Callable[[Subject], bool]:
    tests = [pattern(value, folds_case=False) for value in values]
    tests += [regex(value) for value in regexes]
    return lambda s: _any(tests, s.request.path)


def _header(values: list[str], regexes: list[str], name: str) -> Callable[[Subject], bool]:
    tests = [pattern(value, folds_case=True) for value in values]
    tests += [regex(value) for value in regexes]
    key = name.lower()
    return lambda s: any(_any(tests, text) for text in s.request.all(key))


def _method(values: list[str], _regexes: list[str], _name: str) -> Callable[[Subject], bool]:
    return lambda s: s.request.method in values


def _query(values: list[Json], _regexes: list[str], _name: str) -> Callable[[Subject], bool]:
    tests = [
        (
            pattern(pair["Key"], folds_case=True) if pair.get("Key") else None,
            pattern(pair["Value"], folds_case=True),
        )
        for pair in values
    ]
    return lambda s: any(
        (key is None or key(k)) and value(v) for k, v in s.pairs for key, value in tests
    )


def _source(values: list[str], _regexes: list[str], _name: str) -> Callable[[Subject], bool]:
    blocks: list[IPv4Network | IPv6Network] = [ip_network(value, strict=False) for value in values]
    return lambda s: any(ip_address(s.source) in block for block in blocks)


_KINDS: dict[str, Callable[[list[Any], list[str], str], Callable[[Subject], bool]]] = {
    "host-header": _host,
    "path-pattern": _path,
    "http-header": _header,
    "http-request-method": _method,
    "query-string": _query,
    "source-ip": _source,
}
