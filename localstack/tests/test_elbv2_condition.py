"""Conditions of rules."""

from typing import Any

import pytest
from aws import Account, host, path, refused


def _header(name: str = "X-T", **values: list[str]) -> dict[str, Any]:
    return {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": name, **values}}


def _method(*values: str) -> dict[str, Any]:
    config = {"Values": list(values)}
    return {"Field": "http-request-method", "HttpRequestMethodConfig": config}


def _query(*pairs: dict[str, str]) -> dict[str, Any]:
    return {"Field": "query-string", "QueryStringConfig": {"Values": list(pairs)}}


def _source(*values: str) -> dict[str, Any]:
    return {"Field": "source-ip", "SourceIpConfig": {"Values": list(values)}}


def _echo(aws: Account, *conditions: dict[str, Any]) -> list[dict[str, Any]]:
    made = aws.rule(aws.http_listener(), 1, Conditions=list(conditions))
    found = aws.elbv2.describe_rules(RuleArns=[made["RuleArn"]])["Rules"][0]
    assert found == made
    return found["Conditions"]


@pytest.mark.M
def test_echo_of_host_and_path_has_both_forms(aws: Account) -> None:
    assert _echo(aws, host("*.example.com"), path("/a", "/b/*")) == [
        {
            "Field": "host-header",
            "Values": ["*.example.com"],
            "HostHeaderConfig": {"Values": ["*.example.com"]},
        },
        {
            "Field": "path-pattern",
            "Values": ["/a", "/b/*"],
            "PathPatternConfig": {"Values": ["/a", "/b/*"]},
        },
    ]


@pytest.mark.B
def test_bare_values(aws: Account) -> None:
    listener = aws.http_listener()
    made = aws.rule(listener, 1, Conditions=[{"Field": "path-pattern", "Values": ["/a"]}])
    assert made["Conditions"][0]["PathPatternConfig"] == {"Values": ["/a"]}
    again = aws.rule(listener, 2, Conditions=made["Conditions"])
    assert again["Conditions"] == made["Conditions"], "an echo can be sent back"


@pytest.mark.B
@pytest.mark.parametrize(
    "condition",
    [
        _header(Values=["a*", "b"]),
        _method("GET", "X-MY_OWN"),
        _query({"Key": "k", "Value": "v*"}, {"Value": "w"}),
        _source("10.0.0.0/8", "2001:db8::/32"),
    ],
    ids=lambda condition: condition["Field"],
)
def test_echo_of_the_others(aws: Account, condition: dict[str, Any]) -> None:
    assert _echo(aws, condition) == [condition]


@pytest.mark.B
def test_regex_values(aws: Account) -> None:
    conditions = [
        {"Field": "host-header", "HostHeaderConfig": {"RegexValues": ["^a[0-9]+$"]}},
        {"Field": "path-pattern", "PathPatternConfig": {"RegexValues": ["^/v[12]/(.*)$"]}},
        _header(RegexValues=["^x+$"]),
    ]
    assert _echo(aws, *conditions) == conditions


@pytest.mark.M
@pytest.mark.parametrize("regex", ["(", "[a", "a(?=b)", "a(?!b)", "(?<=a)b", r"(a)\1", "*a"])
def test_no_regex(aws: Account, regex: str) -> None:
    rule = path("/a") | {"PathPatternConfig": {"RegexValues": [regex]}}
    with refused("ValidationError"):
        aws.rule(aws.http_listener(), 1, Conditions=[rule])
    rewrite = {"Rewrites": [{"Regex": regex, "Replace": "/x"}]}
    with refused("ValidationError"):
        aws.rule(
            aws.http_listener("other"), 1,
            Transforms=[{"Type": "url-rewrite", "UrlRewriteConfig": rewrite}],
        )  # fmt: skip


@pytest.mark.M
@pytest.mark.parametrize("regex", [r"^/a\\1$", r"^/(?:a|b)$", r"^/(a)/(b)$", r"^\(\?=$"])
def test_regexes_that_look_odd(aws: Account, regex: str) -> None:
    condition = {"Field": "path-pattern", "PathPatternConfig": {"RegexValues": [regex]}}
    assert _echo(aws, condition) == [condition]


@pytest.mark.B
def test_regex_values_of_the_condition(aws: Account) -> None:
    [condition] = _echo(aws, {"Field": "path-pattern", "RegexValues": ["^/a$"]})
    assert condition["PathPatternConfig"] == {"RegexValues": ["^/a$"]}


@pytest.mark.M
def test_nobodys_address(shared: Account) -> None:
    """The guide, "Source IP address conditions", leaves out this one block."""
    with refused("ValidationError"):
        shared.rule(shared.http_listener(), 1, Conditions=[_source("255.255.255.255/32")])


@pytest.mark.B
@pytest.mark.parametrize(
    "wrong",
    [
        [],
        [{"Field": "colour", "Values": ["red"]}],
        [{"Values": ["/a"]}],
        [{"Field": "path-pattern"}],
        [{"Field": "path-pattern", "Values": []}],
        [path("/a"), path("/b")],
        [host("a.example.com"), host("b.example.com")],
        [_method("GET"), _method("PUT")],
        [_source("10.0.0.0/8"), _source("10.0.0.0/9")],
        [path("/" + "x" * 128)],
        [path("/a b")],
        [path("/(.*)")],
        [path("")],
        [host("localhost")],
        [host("a.example.c0m")],
        [host("a_b.example.com")],
        [host("x" * 125 + ".com")],
        [_header("Host", Values=["a"])],
        [_header("a b", Values=["a"])],
        [_header("X" * 41, Values=["a"])],
        [_header("X")],
        [_header("X", Values=["a"], RegexValues=["a"])],
        [_header("X", RegexValues=["x" * 129])],
        [_method("get")],
        [_method("G" * 41)],
        [_method()],
        [_query({"Key": "k"})],
        [_query()],
        [_source("10.0.0.1")],
        [_source("10.0.0.1/8")],
        [_source("anywhere")],
        [{"Field": "source-ip", "Values": ["10.0.0.0/8"]}],
        [{"Field": "host-header", "PathPatternConfig": {"Values": ["/a"]}}],
        [{"Field": "path-pattern", "Values": ["/a"], "PathPatternConfig": {"Values": ["/b"]}}],
        [{"Field": "http-request-method", "RegexValues": ["GET"]}],
    ],
    ids=str,
)
def test_validation(shared: Account, wrong: list[dict[str, Any]]) -> None:
    with refused("ValidationError"):
        shared.rule(shared.http_listener(), 1, Conditions=wrong)


@pytest.mark.B
def test_several_header_and_query_conditions(aws: Account) -> None:
    conditions = [
        _header(Values=["a"]),
        _header(Values=["b"]),
        _query({"Value": "c"}),
        _query({"Value": "d"}),
    ]
    assert _echo(aws, *conditions) == conditions


@pytest.mark.P
def test_five_condition_values(aws: Account) -> None:
    listener = aws.http_listener()
    five = [host("a.example.com", "b.example.com"), path("/a", "/b"), _method("GET")]
    aws.rule(listener, 1, Conditions=five)
    with refused("ValidationError"):
        aws.rule(listener, 2, Conditions=[*five, _header(Values=["x"])])
    with refused("ValidationError"):
        aws.rule(listener, 2, Conditions=[path("/1", "/2", "/3", "/4", "/5", "/6")])
    aws.settings(quota_condition_values_per_alb_rule=6)
    aws.rule(listener, 2, Conditions=[path("/1", "/2", "/3", "/4", "/5", "/6")])


@pytest.mark.D
def test_five_wildcards(aws: Account) -> None:
    listener = aws.http_listener()
    aws.rule(listener, 1, Conditions=[path("/*/*", "/*/?/*")])
    aws.rule(listener, 2, Conditions=[_query({"Value": r"\*\*\*\*\*\*"})])
    with refused("ValidationError"):
        aws.rule(listener, 3, Conditions=[path("/*/*", "/*/?/*/*")])


@pytest.mark.D
def test_five_match_evaluations(aws: Account) -> None:
    """Regular expressions are evaluations; they are condition values as well, so those are more."""
    aws.settings(quota_condition_values_per_alb_rule=9)
    listener = aws.http_listener()
    five = [path("/x"), _header(RegexValues=[f"^{n}$" for n in range(5)])]
    aws.rule(listener, 1, Conditions=five)
    six = {"Field": "host-header", "HostHeaderConfig": {"RegexValues": ["^a$"]}}
    with refused("ValidationError"):
        aws.rule(listener, 2, Conditions=[*five, six])
