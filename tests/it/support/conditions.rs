//! Rules over every kind of condition, and requests of which many meet some of them.

use std::net::IpAddr;

use albedo::model::rule::{Condition, QueryValue, Request, Rule};
use proptest::prelude::*;
use smol_str::SmolStr;

const HOSTS: [&str; 12] = [
    "a.example.com",
    "A.Example.com",
    "*.example.com",
    "*.com",
    "?.example.com",
    "a.*.com",
    "*a*",
    "example.com",
    "b.*",
    "*",
    "a.b.c?m",
    r"\*.example.com",
];
const HOST_REGEXES: [&str; 6] =
    [r"^a\.", r"example\.COM$", r":8080$", "^[a-b]", r"^(a|b)\.b\.com$", r"^\w+\.org$"];
const PATHS: [&str; 14] = [
    "/", "/*", "/a", "/a/*", "/a*", "/?", "/a/?", "*/b", "/*/b", "/a/b", "/A", "/a?b", r"/\*",
    "/*?",
];
const PATH_REGEXES: [&str; 8] =
    ["^/a", "b$", "^/a/[^/]+$", "^/(a|b)(/|$)", r"^/\w{2}$", "(?i)^/a$", "/{2}", r"\d"];
const HEADERS: [&str; 2] = ["X-Tier", "x-tier"];
const HEADER_VALUES: [&str; 5] = ["gold", "GOLD", "g*", "?old", "*"];
const HEADER_REGEXES: [&str; 4] = ["^gold$", "^G", "l", "^(gold|silver)$"];
const METHODS: [&str; 4] = ["GET", "PUT", "DELETE", "OPTIONS"];
const QUERIES: [(Option<&str>, &str); 8] = [
    (Some("v"), "1"),
    (Some("V"), "*"),
    (None, "1"),
    (None, "*"),
    (Some("*"), "x?"),
    (Some("v"), ""),
    (Some("?"), "1*"),
    (Some("w"), r"\*"),
];
const SOURCES: [&str; 6] =
    ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3/32", "0.0.0.0/0", "2001:db8::/32", "::/0"];

const REQUEST_HOSTS: [&str; 10] = [
    "a.example.com",
    "A.EXAMPLE.COM",
    "b.example.com:8080",
    "ab.example.com",
    "example.com",
    "a.b.com",
    "b.b.com",
    "b.org",
    "a.a.example.com",
    "[2001:db8::1]:8080",
];
const REQUEST_PATHS: [&str; 13] =
    ["/", "/a", "/a/", "/a/b", "/ab", "/a/b/c", "/b", "/A", "/a//b", "/x/b", "/*", "/b/a", "/1"];
const REQUEST_VALUES: [&str; 5] = ["gold", "Gold", "silver", "cold", "old"];
const REQUEST_QUERIES: [&str; 11] =
    ["", "v=1", "V=1", "v=12", "w=1&v=2", "x=xy", "v", "v=", "&w=*", "v=%31", "v=1=2"];
const REQUEST_SOURCES: [&str; 5] =
    ["127.0.0.1", "10.1.2.3", "10.2.0.1", "2001:db8::9", "2001:db9::9"];

fn some(all: &'static [&'static str]) -> impl Strategy<Value = Vec<SmolStr>> {
    let some = prop::sample::subsequence(all, 1..=3);
    some.prop_map(|some| some.into_iter().map(SmolStr::new).collect())
}

fn header() -> impl Strategy<Value = Condition> {
    let name = || prop::sample::select(&HEADERS[..]).prop_map(SmolStr::new);
    prop_oneof![
        3 => (name(), some(&HEADER_VALUES))
            .prop_map(|(name, values)| Condition::Header { name, values }),
        1 => (name(), some(&HEADER_REGEXES))
            .prop_map(|(name, regexes)| Condition::HeaderRegex { name, regexes }),
    ]
}

fn query() -> impl Strategy<Value = Condition> {
    let some = prop::sample::subsequence(&QUERIES[..], 1..=2);
    some.prop_map(|some| {
        let value = |(key, value): (Option<&str>, &str)| QueryValue {
            key: key.map(SmolStr::new),
            value: value.into(),
        };
        Condition::Query(some.into_iter().map(value).collect())
    })
}

/// A rule with conditions of some kinds, and with one at least, as AWS has it.
pub fn rule() -> impl Strategy<Value = Rule> {
    let host = prop_oneof![
        3 => some(&HOSTS).prop_map(Condition::Host),
        1 => some(&HOST_REGEXES).prop_map(Condition::HostRegex),
    ];
    let path = prop_oneof![
        3 => some(&PATHS).prop_map(Condition::Path),
        1 => some(&PATH_REGEXES).prop_map(Condition::PathRegex),
    ];
    let method = some(&METHODS).prop_map(Condition::Method);
    let source = some(&SOURCES).prop_map(Condition::SourceIp);
    let each = (
        prop::option::weighted(0.6, host),
        prop::option::weighted(0.6, path),
        prop::option::weighted(0.2, method),
        prop::option::weighted(0.3, header()),
        prop::option::weighted(0.2, query()),
        prop::option::weighted(0.2, source),
    );
    each.prop_map(|(host, path, method, header, query, source)| {
        let others = host.into_iter().chain(path).chain(method).chain(header).chain(query);
        let mut conditions: Vec<Condition> = others.chain(source).collect();
        if conditions.is_empty() {
            conditions.push(Condition::Path(vec!["/*".into()]));
        }
        Rule { conditions, actions: Vec::new(), transforms: Vec::new() }
    })
}

/// A request.
pub fn request() -> impl Strategy<Value = Request> {
    let name = prop::sample::select(&["X-Tier", "x-TIER", "X-Other"][..]);
    let header = (name, prop::sample::select(&REQUEST_VALUES[..]));
    let each = (
        prop::sample::select(&METHODS[..]),
        prop::sample::select(&REQUEST_HOSTS[..]),
        prop::sample::select(&REQUEST_PATHS[..]),
        prop::sample::select(&REQUEST_QUERIES[..]),
        prop::collection::vec(header, 0..=2),
        prop::sample::select(&REQUEST_SOURCES[..]),
    );
    each.prop_map(|(method, host, path, query, headers, source)| Request {
        method: method.to_owned(),
        host: host.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
        source: source.parse::<IpAddr>().expect("it is an address"),
    })
}
