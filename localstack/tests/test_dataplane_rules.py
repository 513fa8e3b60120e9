"""Rules as requests meet them: conditions, priorities, and what the load balancer answers."""

import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from aws import Account, host, path
from dataplane_ground import Alb, Pod, alb, fixed, pods

__all__ = ["alb", "pods"]

HIT = fixed("hit")


def header(name: str, *values: str, kind: str = "Values") -> dict[str, Any]:
    config = {"HttpHeaderName": name, kind: list(values)}
    return {"Field": "http-header", "HttpHeaderConfig": config}


def method(*values: str) -> dict[str, Any]:
    return {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": list(values)}}


def query(value: str, key: str | None = None) -> dict[str, Any]:
    pair = {"Value": value} | ({"Key": key} if key else {})
    return {"Field": "query-string", "QueryStringConfig": {"Values": [pair]}}


def source(*blocks: str) -> dict[str, Any]:
    return {"Field": "source-ip", "SourceIpConfig": {"Values": list(blocks)}}


def regexes(field: str, config: str, *values: str) -> dict[str, Any]:
    return {"Field": field, config: {"RegexValues": list(values)}}


def host_regex(*values: str) -> dict[str, Any]:
    return regexes("host-header", "HostHeaderConfig", *values)


def path_regex(*values: str) -> dict[str, Any]:
    return regexes("path-pattern", "PathPatternConfig", *values)


CONDITIONS = [
    # AWS's guide, "Host conditions": not case-sensitive, * and ?.
    (host("www.example.com"), {"host": "WWW.example.COM"}, {"host": "www.example.org"}),
    (host("*.example.com"), {"host": "a.b.example.com"}, {"host": "example.com"}),
    (host("?.example.com"), {"host": "a.example.com"}, {"host": "ab.example.com"}),
    (host("www.example.com"), {"host": "www.example.com:80"}, {"host": "www.example.com.au"}),
    (host_regex(r"^(a|b)\.example\.com$"), {"host": "b.example.com"}, {"host": "c.example.com"}),
    # "Path conditions": case-sensitive, without the query string, * takes slashes as well.
    (path("/img/*"), {"path": "/img/a/b.png?x=1"}, {"path": "/IMG/a"}),
    (path("/img/*/pics"), {"path": "/img/a/b/pics"}, {"path": "/img/pics"}),
    (path("/a?c"), {"path": "/abc"}, {"path": "/ac"}),
    (path("/a.c"), {"path": "/a.c"}, {"path": "/abc"}),
    (path("/x"), {"path": "/x?/y"}, {"path": "/x/"}),
    (path_regex(r"^/v[0-9]+/"), {"path": "/v12/x"}, {"path": "/vx/12"}),
    # "HTTP header conditions": names and values are not case-sensitive, any line counts.
    (header("X-Mode", "*Test*"), {"X-Mode": "a tEST of"}, {"X-Mode": "prod"}),
    (header("x-mode", "a", "b"), {"X-MODE": "b"}, {}),
    (header("X-Mode", "^v[0-9]$", kind="RegexValues"), {"X-Mode": "v1"}, {"X-Mode": "v12"}),
    # "HTTP request method conditions": exactly as given.
    (method("PUT", "CUSTOM"), {"method": "CUSTOM"}, {"method": "GET"}),
    # "Query string conditions": not case-sensitive, \ before a wildcard takes it as it is.
    (query("v1", "version"), {"path": "/?a=b&VERSION=V1"}, {"path": "/?version=v12"}),
    (query("*example*"), {"path": "/?any=an-example-of"}, {"path": "/?example"}),
    (query(r"a\*b", "k"), {"path": "/?k=a*b"}, {"path": "/?k=axb"}),
    (query("*", "k"), {"path": "/?k="}, {"path": "/?j="}),
    # "Source IP address conditions": the connection's, whatever X-Forwarded-For says.
    (source("127.0.0.0/8"), {}, None),
    (source("10.0.0.0/8"), None, {"X-Forwarded-For": "10.1.2.3"}),
]


def ask(alb: Alb, wish: dict[str, str]) -> bytes:
    wish = dict(wish)
    given = wish.pop("path", "/")
    return alb.ask(given, wish.pop("method", "GET"), **wish).body


def test_each_kind_of_condition(aws: Account) -> None:
    balancer = Alb(aws)
    listeners = {}
    for number, (condition, _, _) in enumerate(CONDITIONS):
        port = 8100 + number
        arn = aws.listener(balancer.arn, port)["ListenerArn"]
        aws.rule(arn, 1, Conditions=[condition], Actions=[HIT])
        listeners[number] = port
    balancer.settle()
    for number, (condition, fits, misses) in enumerate(CONDITIONS):
        for wish, wanted in ((fits, b"hit"), (misses, b"")):
            if wish is None:
                continue
            connection = balancer.connect(listeners[number])
            headers = {"Host": wish.get("host", "x.test")}
            headers |= {k: v for k, v in wish.items() if k not in ("host", "path", "method")}
            connection.request(wish.get("method", "GET"), wish.get("path", "/"), headers=headers)
            assert connection.getresponse().read() == wanted, (condition, wish)
            connection.close()


def test_priority_decides_and_all_conditions_must_hold(alb: Alb) -> None:
    alb.aws.rule(alb.listener, 20, Conditions=[path("/a*")], Actions=[fixed("later")])
    both = [path("/a*"), method("POST")]
    alb.aws.rule(alb.listener, 10, Conditions=both, Actions=[fixed("first")])
    alb.settle()
    assert alb.ask("/ab").body == b"later"
    assert alb.ask("/ab", "POST").body == b"first"
    assert alb.ask("/b").status == 404
    rules = alb.aws.elbv2.describe_rules(ListenerArn=alb.listener)["Rules"]
    by_priority = {rule["Priority"]: rule["RuleArn"] for rule in rules}
    alb.aws.elbv2.set_rule_priorities(
        RulePriorities=[{"RuleArn": by_priority["20"], "Priority": 5}]
    )
    alb.settle()
    assert alb.ask("/ab", "POST").body == b"later"


def test_fixed_response(alb: Alb) -> None:
    config = {"StatusCode": "503", "ContentType": "application/json", "MessageBody": '{"a": 1}'}
    alb.default({"Type": "fixed-response", "FixedResponseConfig": config})
    reply = alb.ask("/")
    assert (reply.status, reply.json) == (503, {"a": 1})
    assert reply.header("Server") == "awselb/2.0"
    assert (reply.header("Content-Type") or "").startswith("application/json")
    head = alb.ask("/", "HEAD")
    assert (head.status, head.body, head.header("Content-Length")) == (503, b"", "8")


REDIRECTS = [
    # AWS's guide, "Redirect actions".
    ({"Protocol": "HTTPS", "Port": "443"}, "/a/b?c=d", "https://www.example.com:443/a/b?c=d"),
    ({"Host": "#{host}.au", "Path": "/new/#{path}"}, "/a?b", "http://www.example.com.au:80/new/a?b"),
    ({"Path": "/fixed", "Query": "from=#{path}&#{query}"}, "/a?b=c", "http://www.example.com:80/fixed?from=a&b=c"),
    ({"Path": "/p", "Query": ""}, "/a?b=c", "http://www.example.com:80/p"),
    ({"Port": "8443", "Query": "#{protocol}:#{port}"}, "/", "http://www.example.com:8443/?http:80"),
]  # fmt: skip


@pytest.mark.D
def test_redirects(alb: Alb) -> None:
    for config, asked, wanted in REDIRECTS:
        alb.default({"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301", **config}})
        reply = alb.ask(asked, Host="www.example.com")
        assert (reply.status, reply.header("Location")) == (301, wanted)
    assert b"301 Moved Permanently" in reply.body


TRANSFORMS = [
    # AWS's guide, "Transforms for listener rules": groups, and no match leaves it as it is.
    ("url", r"^/api/v1/(.*)$", "/$1", "/api/v1/users?x=1", "/users?x=1"),
    ("url", r"/dp/([A-Z0-9]+)\?.*", "/product.php?id=$1", "/dp/B09?ref=1", "/product.php?id=B09"),
    ("url", "^/none", "/some", "/other", "/other"),
    ("host", r"^mysite-(.+)\.com$", "in.$1.myweb.com", "mysite-a.com", "in.a.myweb.com"),
]  # fmt: skip


@pytest.mark.D
def test_transforms(alb: Alb, pods: Callable[..., Pod]) -> None:
    group = alb.group(pods())
    forward = {"Type": "forward", "TargetGroupArn": group}
    rule = alb.rule([path("/*")], forward)
    for kind, regex, replace, asked, wanted in TRANSFORMS:
        names = {"url": "UrlRewriteConfig", "host": "HostHeaderRewriteConfig"}
        types = {"url": "url-rewrite", "host": "host-header-rewrite"}
        rewrites = {"Rewrites": [{"Regex": regex, "Replace": replace}]}
        transforms = [{"Type": types[kind], names[kind]: rewrites}]
        alb.aws.elbv2.modify_rule(RuleArn=rule, Transforms=transforms)
        alb.settle()
        if kind == "url":
            assert alb.ask(asked).json["path"] == wanted
        else:
            assert alb.ask("/", Host=asked).sent("Host") == wanted


def test_a_transform_that_fails_is_500(alb: Alb, pods: Callable[..., Pod]) -> None:
    rewrites = {"Rewrites": [{"Regex": "^/(a)", "Replace": "no-slash$7"}]}
    transforms = [{"Type": "url-rewrite", "UrlRewriteConfig": rewrites}]
    forward = {"Type": "forward", "TargetGroupArn": alb.group(pods())}
    alb.rule([path("/*")], forward, Transforms=transforms)
    assert alb.ask("/a").status == 500
    assert alb.ask("/b").status == 200


def test_curl(alb: Alb) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("no curl")
    alb.rule([host("www.example.com")], fixed("hello"))
    resolve = f"www.example.com:80:{alb.address}"
    done = subprocess.run(
        [curl, "-s", "--resolve", resolve, "http://www.example.com/"],
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    assert done.stdout == "hello"
