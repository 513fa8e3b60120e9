"""Conditions of a policy statement: operators, and the keys whose values are known here."""

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

# What a condition compares: keys in lower case, each with its values; a missing key has no entry.
Facts = Mapping[str, list[str]]
Compare = Callable[[str, tuple[str, ...]], bool]

# What stands for the value of a key in what a condition compares with: `${aws:PrincipalTag/team}`.
VARIABLE = re.compile(r"\$\{([^{}]*)\}")
# The operators whose values may have variables: those on texts and ARNs ("IAM policy elements:
# Variables and tags", IAM User Guide).
WITH_VARIABLES = ("String", "Arn")

# The keys that every call here comes with where AWS says so ("AWS global condition context keys",
# and the tables of the Service Authorization Reference for each service). A key that is not here
# would look absent in every call, which many operators take for a yes.
KEYS = {
    "acm:certificateauthority", "acm:certificatetransparencylogging", "acm:domainnames",
    "acm:export", "acm:keyalgorithm", "acm:validationmethod",
    "aws:currenttime", "aws:epochtime", "aws:principalaccount", "aws:principalarn",
    "aws:principaltype", "aws:requestedregion", "aws:resourceaccount", "aws:securetransport",
    "aws:sourceaccount", "aws:sourceip", "aws:tagkeys", "aws:useragent", "aws:userid",
    "ec2:availabilityzone", "ec2:createaction", "ec2:networkinterfaceid", "ec2:region",
    "ec2:securitygroupid", "ec2:subnet", "ec2:subnetid", "ec2:vpc", "ec2:vpcid",
    "elasticloadbalancing:createaction", "elasticloadbalancing:listenerprotocol",
    "elasticloadbalancing:scheme", "elasticloadbalancing:securitygroup",
    "elasticloadbalancing:securitypolicy", "elasticloadbalancing:subnet",
    "iam:awsservicename",
    "route53:changeresourcerecordsetsactions",
    "route53:changeresourcerecordsetsnormalizedrecordnames",
    "route53:changeresourcerecordsetsrecordtypes", "route53:vpcs",
    "sts:externalid", "sts:rolesessionname", "sts:sourceidentity", "sts:transitivetagkeys",
}  # fmt: skip
# Those that go on with the key of a tag.
TAG_KEYS = (
    "aws:principaltag/", "aws:requesttag/", "aws:resourcetag/",
    "ec2:resourcetag/", "elasticloadbalancing:resourcetag/", "iam:resourcetag/",
)  # fmt: skip
# What a trust policy says of a token after the name of its issuer.
CLAIMS = (":aud", ":sub")
QUANTIFIERS = ("", "ForAllValues", "ForAnyValue")


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator on one key: all of them must hold."""

    operator: str
    key: str
    values: tuple[str, ...]

    def holds(self, facts: Facts) -> bool:
        """Whether a request's facts meet it."""
        quantifier, _, operator = self.operator.rpartition(":")
        optional = operator.endswith("IfExists")
        compare = OPERATORS[operator.removesuffix("IfExists")]
        found = facts.get(self.key.lower())
        if operator == "Null":
            return (found is None) == (self.values[0] == "true")
        if found is None and optional:
            return True
        wanted = tuple(filled for value in self.values for filled in _filled(value, facts))
        if not wanted:
            # A variable without a value fits nothing, and a statement with one says nothing.
            return False
        if quantifier == "ForAllValues":
            return all(compare(value, wanted) for value in found or [])
        if quantifier == "ForAnyValue":
            return any(compare(value, wanted) for value in found or [])
        if found is None:
            # A negated operator holds where there is nothing to compare.
            return "Not" in operator
        return all(compare(value, wanted) for value in found)


def _filled(value: str, facts: Facts) -> Iterator[str]:
    """A value with those of its variables; nothing where a variable has none, or several."""
    given = {key: facts.get(key.lower(), []) for key in VARIABLE.findall(value)}
    if all(len(texts) == 1 for texts in given.values()):
        yield VARIABLE.sub(lambda variable: given[variable.group(1)][0], value)


def is_known(key: str) -> bool:
    """Whether calls come with this key where AWS says so."""
    return key.lower() in KEYS or key.lower().startswith(TAG_KEYS)


def read(operator: str, key: str, values: tuple[str, ...]) -> Condition:
    """A condition; ValueError says what is not understood."""
    quantifier, _, plain = operator.rpartition(":")
    if quantifier not in QUANTIFIERS or plain.removesuffix("IfExists") not in OPERATORS:
        raise ValueError(f"the condition operator '{operator}' is not understood")
    for variable in (each for value in values for each in VARIABLE.findall(value)):
        # `${key, 'default'}` is IAM's too, and not filled in here.
        is_plain = is_known(variable) and "," not in variable
        if not plain.startswith(WITH_VARIABLES) or not is_plain:
            raise ValueError(f"the variable '{variable}' of '{operator}' is not understood")
    if plain == "Null" and values not in (("true",), ("false",)):
        raise ValueError("Null is 'true' or 'false'")
    condition = Condition(operator, key, values)
    try:
        OPERATORS[plain.removesuffix("IfExists")](SAMPLES.get(plain[:4], ""), values)
    except ValueError as wrong:
        raise ValueError(f"'{operator}' of '{key}': {wrong}") from wrong
    return condition


@cache
def glob(pattern: str) -> re.Pattern[str]:
    """IAM's wildcards: `*` and `?`, nothing else."""
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(sign, re.escape(sign)) for sign in pattern), re.DOTALL)


def _like(value: str, patterns: Iterable[str]) -> bool:
    return any(glob(pattern).fullmatch(value) for pattern in patterns)


def _arn_like(value: str, patterns: Iterable[str]) -> bool:
    """Each of the six parts of an ARN is compared by itself: a wildcard crosses no colon."""
    return any(_parts_fit(value.split(":", 5), pattern.split(":", 5)) for pattern in patterns)


def _parts_fit(value: list[str], pattern: list[str]) -> bool:
    return len(value) == len(pattern) and all(
        glob(wanted).fullmatch(part) for part, wanted in zip(value, pattern, strict=True)
    )


def _within(value: str, blocks: Iterable[str]) -> bool:
    networks = [ipaddress.ip_network(block, strict=False) for block in blocks]
    return any(ipaddress.ip_address(value) in network for network in networks)


def moment(text: str) -> float:
    """A date as policies have it: ISO 8601, or seconds since 1970."""
    if text.isdecimal():
        return float(text)
    read_as = datetime.fromisoformat(text)
    return (read_as if read_as.tzinfo else read_as.replace(tzinfo=UTC)).timestamp()


def _numbers(test: Callable[[float, float], bool], read_as: Callable[[str], float]) -> Compare:
    # Every value is read, so that one which is none is found when the policy is.
    return lambda value, wanted: any([test(read_as(value), read_as(each)) for each in wanted])


def _not(compare: Compare) -> Compare:
    return lambda value, wanted: not compare(value, wanted)


TESTS: dict[str, Callable[[float, float], bool]] = {
    "Equals": lambda value, wanted: value == wanted,
    "LessThan": lambda value, wanted: value < wanted,
    "LessThanEquals": lambda value, wanted: value <= wanted,
    "GreaterThan": lambda value, wanted: value > wanted,
    "GreaterThanEquals": lambda value, wanted: value >= wanted,
}
NUMERIC = {f"Numeric{name}": _numbers(test, float) for name, test in TESTS.items()}
DATES = {f"Date{name}": _numbers(test, moment) for name, test in TESTS.items()}
# A value of each kind of operator, to see whether it can read its own; by the first letters.
SAMPLES = {"Nume": "0", "Date": "0", "IpAd": "0.0.0.0", "NotI": "0.0.0.0"}

OPERATORS: dict[str, Compare] = {
    "StringEquals": lambda value, wanted: value in wanted,
    "StringNotEquals": lambda value, wanted: value not in wanted,
    "StringEqualsIgnoreCase": lambda value, wanted: value.lower() in map(str.lower, wanted),
    "StringNotEqualsIgnoreCase": lambda value, wanted: value.lower() not in map(str.lower, wanted),
    "StringLike": _like,
    "StringNotLike": _not(_like),
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "ArnNotEquals": _not(_arn_like),
    "ArnNotLike": _not(_arn_like),
    "Bool": lambda value, wanted: value.lower() in wanted,
    "IpAddress": _within,
    "NotIpAddress": _not(_within),
    "Null": lambda value, wanted: True,
    **NUMERIC,
    **DATES,
    "NumericNotEquals": _not(NUMERIC["NumericEquals"]),
    "DateNotEquals": _not(DATES["DateEquals"]),
}
