"""Rule conditions: checked, counted, and brought into the form in which AWS gives them back.

What may be in each comes from botocore's documentation of RuleCondition and its configs.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from ipaddress import ip_network
from typing import Any

from ingress_aws.elbv2 import errors, limits, regex
from ingress_aws.elbv2.store import Store

Json = dict[str, Any]

# botocore: 128 characters for a value or a regular expression, 40 for a header or method name.
LONGEST_VALUE = 128
LONGEST_NAME = 40

# At most one condition of each of these in a rule; header and query string may come more often.
ONCE = ("http-request-method", "host-header", "path-pattern", "source-ip")

# The guide, "Source IP address conditions", leaves out this one block [M].
NOBODYS = "255.255.255.255/32"

_HOST = re.compile(r"[A-Za-z0-9.*?-]+")
_PATH = re.compile(r"[A-Za-z0-9_\-.$/~\"'@:+&*?]+")
_METHOD = re.compile(r"[A-Z_-]+")
# RFC 7230: a header's name is a token.
_HEADER = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
# A wildcard counts unless a backslash makes it an ordinary character.
_WILDCARD = re.compile(r"(?<!\\)[*?]")


def canonical(store: Store, conditions: list[Json]) -> list[Json]:
    """The conditions of a rule as AWS echoes them, or the error that AWS answers with."""
    if not conditions:
        raise errors.validation("A condition must be specified")
    fields = [condition.get("Field") for condition in conditions]
    for field in fields:
        if field not in _KINDS:
            known = ", ".join(_KINDS)
            raise errors.validation(f"Condition field '{field or ''}' must be one of '[{known}]'")
    twice = [field for field, count in Counter(fields).items() if count > 1 and field in ONCE]
    if twice:
        raise errors.validation(f"A rule can only have one '{twice[0]}' condition")
    made = [_KINDS[condition["Field"]](condition) for condition in conditions]
    _check_counts(store, made)
    return made


def _check_counts(store: Store, conditions: list[Json]) -> None:
    """The quotas are on the rule as a whole, over all its conditions."""
    values = [value for condition in conditions for value in _values(condition, "Values")]
    regexes = [value for condition in conditions for value in _values(condition, "RegexValues")]
    wildcards = sum(len(_WILDCARD.findall(value)) for value in values)
    for count, quota, what in (
        (len(values) + len(regexes), limits.CONDITION_VALUES, "condition values"),  # [P]
        (wildcards, limits.CONDITION_WILDCARDS, "condition wildcards"),
        (len(regexes), limits.MATCH_EVALUATIONS, "match evaluations"),
    ):
        most = quota.number(store.account)
        if count > most:
            raise errors.validation(f"A rule can only have '{most}' {what}")


def _values(condition: Json, name: str) -> list[str]:
    """The values of a canonical condition; of a query string's pair, the value."""
    config = next(part for key, part in condition.items() if key.endswith("Config"))
    return [v if isinstance(v, str) else v["Value"] for v in config.get(name, [])]


def _host(condition: Json) -> Json:
    return _either_form(condition, "HostHeaderConfig", _check_host)


def _path(condition: Json) -> Json:
    return _either_form(condition, "PathPatternConfig", _check_path)


def _either_form(condition: Json, config_name: str, check: Callable[[str], None]) -> Json:
    """Hosts and paths may be given bare or in a config; AWS gives both back [M]."""
    config = _only_config(condition, config_name) or {}
    values = _same(condition.get("Values"), config.get("Values"))
    regexes = _same(condition.get("RegexValues"), config.get("RegexValues"))
    _check_one_kind(values, regexes, condition["Field"])
    for value in values:
        _check_length(value, condition["Field"])
        check(value)
    field = {"Field": condition["Field"]}
    if regexes:
        return field | {config_name: {"RegexValues": regexes}}
    return field | {"Values": values, config_name: {"Values": values}}


def _header(condition: Json) -> Json:
    config = _required_config(condition, "HttpHeaderConfig")
    name = config.get("HttpHeaderName", "")
    if len(name) > LONGEST_NAME or not _HEADER.fullmatch(name) or name.lower() == "host":
        raise errors.validation(f"The HTTP header name '{name}' is not valid")
    values = config.get("Values") or []
    regexes = _same(condition.get("RegexValues"), config.get("RegexValues"))
    _check_one_kind(values, regexes, condition["Field"])
    for value in values:
        _check_length(value, condition["Field"])
    kept = {"RegexValues": regexes} if regexes else {"Values": values}
    return {
        "Field": condition["Field"],
        "HttpHeaderConfig": {"HttpHeaderName": name, **kept},
    }


def _method(condition: Json) -> Json:
    config = _required_config(condition, "HttpRequestMethodConfig")
    values = _nonempty(config.get("Values"), condition["Field"])
    for value in values:
        if len(value) > LONGEST_NAME or not _METHOD.fullmatch(value):
            raise errors.validation(f"The HTTP request method '{value}' is not valid")
    return {"Field": condition["Field"], "HttpRequestMethodConfig": {"Values": values}}


def _query(condition: Json) -> Json:
    config = _required_config(condition, "QueryStringConfig")
    pairs = _nonempty(config.get("Values"), condition["Field"])
    for pair in pairs:
        for part in pair.values():
            _check_length(part, condition["Field"])
        if not pair.get("Value"):
            raise errors.validation("A query string condition needs a value for each key")
    return {"Field": condition["Field"], "QueryStringConfig": {"Values": pairs}}


def _source_ip(condition: Json) -> Json:
    config = _required_config(condition, "SourceIpConfig")
    values = _nonempty(config.get("Values"), condition["Field"])
    for value in values:
        try:
            ip_network(value)
            valid = "/" in value and value != NOBODYS
        except ValueError:
            valid = False
        if not valid:
            raise errors.validation(f"The source IP '{value}' is not a valid CIDR block")
    return {"Field": condition["Field"], "SourceIpConfig": {"Values": values}}


_KINDS: dict[str, Callable[[Json], Json]] = {
    "http-header": _header,
    "http-request-method": _method,
    "host-header": _host,
    "path-pattern": _path,
    "query-string": _query,
    "source-ip": _source_ip,
}


def _only_config(condition: Json, name: str) -> Json | None:
    """The config of this kind; one of another kind is a mistake."""
    for key in condition:
        if key.endswith("Config") and key != name:
            raise errors.validation(f"{key} does not go with field '{condition['Field']}'")
    return condition.get(name)


def _required_config(condition: Json, name: str) -> Json:
    config = _only_config(condition, name)
    if config is None or condition.get("Values"):
        raise errors.validation(f"A '{condition['Field']}' condition is given by {name} only")
    return config


def _same(bare: list[str] | None, configured: list[str] | None) -> list[str]:
    """The values from whichever form has them; both forms only if they say the same."""
    if bare and configured and bare != configured:
        raise errors.validation("Condition values can be given in one way only")
    return bare or configured or []


def _check_one_kind(values: Iterable[str], regexes: list[str], field: str) -> None:
    if bool(values) == bool(regexes):
        raise errors.validation(f"A '{field}' condition needs either values or regular expressions")
    for one in regexes:
        _check_length(one, field)
        regex.check(one)


def _nonempty(values: list[Any] | None, field: str) -> list[Any]:
    if not values:
        raise errors.validation(f"A '{field}' condition needs at least one value")
    return values


def _check_length(value: str, field: str) -> None:
    if not 1 <= len(value) <= LONGEST_VALUE:
        raise errors.validation(
            f"The values of a '{field}' condition must have 1 to {LONGEST_VALUE} characters: "
            f"'{value}'"
        )


def _check_host(value: str) -> None:
    """A name needs a dot, and after the last one there are only letters."""
    _check_characters(_HOST, value)
    if not re.fullmatch(r".*\.[A-Za-z]+", value):
        raise errors.validation(f"The host name '{value}' must end in a dot and letters")


def _check_path(value: str) -> None:
    _check_characters(_PATH, value)


def _check_characters(allowed: re.Pattern[str], value: str) -> None:
    if not allowed.fullmatch(value):
        raise errors.validation(f"Condition value '{value}' contains a character that is not valid")
