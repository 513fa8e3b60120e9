//! Annotations about names under both of external-dns's prefixes.

use albedo::desired::names;
use albedo::model::id::AwsId;
use albedo::model::name_filter::{Ignored, NameFilter};
use albedo::model::problem::{Code, Problem, Severity};
use albedo::model::selector::Selector;
use albedo::model::settings::{ANNOTATION_PREFIXES, DnsScope, Settings};

use super::HOST;
use crate::support::site::Site;
use crate::support::world::{World, key, member, settings, wait};

const CURRENT: &str = ANNOTATION_PREFIXES[0];
const ALPHA: &str = ANNOTATION_PREFIXES[1];

/// What an Ingress with these annotations asks for, where these prefixes are read.
fn asked(prefixes: &[&str], annotations: &[(&str, &str)]) -> (Option<Vec<String>>, Vec<Problem>) {
    let each = annotations.iter().map(|(key, value)| format!("{key}: \"{value}\""));
    let sketch = format!(
        "ingress shop/web: {{{}, rules: [{HOST} Prefix / s:80]}}",
        each.collect::<Vec<_>>().join(", ")
    );
    let mut world = World::new("class alb:");
    world.add(&sketch);
    world.settings.dns.scope = DnsScope::All;
    world.settings.dns.annotation_prefixes =
        prefixes.iter().map(|prefix| (*prefix).to_owned()).collect();
    let snapshot = world.snapshot();
    let mut problems = Vec::new();
    let ingress = &snapshot.objects.ingresses[&key("shop/web")];
    let wished = names::wished(&snapshot, &member("shop/web"), ingress, &mut problems);
    (wished.map(|names| names.hosts.into_iter().collect()), problems)
}

#[test]
fn filters_choose_whose_names_are_kept_and_which() {
    let asked = |filter: NameFilter, host: &str| {
        let mut world = World::new("class alb:");
        world.add(&format!(
            "ingress shop/web: {{{CURRENT}hostname: a.b, rules: [{host} Prefix / s:80]}}"
        ));
        world.settings.dns.scope = DnsScope::All;
        *world.settings.dns.filter = filter;
        let snapshot = world.snapshot();
        let ingress = &snapshot.objects.ingresses[&key("shop/web")];
        let wished = names::wished(&snapshot, &member("shop/web"), ingress, &mut Vec::new());
        wished.map(|names| names.hosts.into_iter().collect::<Vec<_>>())
    };
    let selector = |text: &str| serde_json::from_str::<Selector>(text).ok();
    let labels = selector(r#"{"matchLabels": {"app": "web"}}"#);
    let with = |filter| asked(filter, HOST);
    assert_eq!(with(NameFilter { labels, ..NameFilter::default() }), None, "it has no label");
    let key = format!("{CURRENT}hostname");
    let annotations = selector(&format!(r#"{{"matchLabels": {{"{key}": "a.b"}}}}"#));
    let found = with(NameFilter { annotations, ..NameFilter::default() });
    assert_eq!(found.unwrap(), ["a.b", HOST]);
    let ignored = [Ignored::Rules].into();
    assert_eq!(with(NameFilter { ignored, ..NameFilter::default() }).unwrap(), ["a.b"]);
    let excluded_domains = vec!["example.com".to_owned()];
    let found = with(NameFilter { excluded_domains, ..NameFilter::default() });
    assert_eq!(found.unwrap(), ["a.b"]);
}

fn under(prefix: &str, name: &str) -> String {
    format!("{prefix}{name}")
}

#[test]
fn both_prefixes_are_read_where_nobody_chooses() {
    for prefix in ANNOTATION_PREFIXES {
        let hostname = under(prefix, "hostname");
        let (hosts, problems) = asked(&ANNOTATION_PREFIXES, &[(&hostname, "other.example.com")]);
        assert_eq!(hosts.unwrap(), ["other.example.com", HOST], "{prefix}");
        assert_eq!(problems, []);
        for name in ["target", "set-identifier", "aws-weight"] {
            // None of them means anything alone.
            let (hosts, problems) = asked(&ANNOTATION_PREFIXES, &[(&under(prefix, name), "1")]);
            assert_eq!(hosts, None, "{prefix}{name}");
            assert!(problems[0].severity == Severity::Warning, "{problems:?}");
            assert!(problems[0].field.contains(&under(prefix, name)), "{problems:?}");
        }
    }
}

#[test]
fn what_the_prefixes_say_differently_holds_names_still() {
    let [current, alpha] = ANNOTATION_PREFIXES.map(|prefix| under(prefix, "hostname"));
    let (hosts, problems) = asked(&ANNOTATION_PREFIXES, &[(&current, "a.b"), (&alpha, "a.b")]);
    assert!(hosts.is_some() && problems.is_empty(), "{problems:?}");
    let (hosts, problems) = asked(&ANNOTATION_PREFIXES, &[(&current, "a.b"), (&alpha, "c.d")]);
    assert_eq!(hosts, None);
    let [problem] = &problems[..] else { panic!("{problems:?}") };
    assert_eq!((problem.code, problem.severity), (Code::InvalidAnnotation, Severity::Warning));
}

#[test]
fn what_a_prefix_says_that_is_not_read_holds_names_still() {
    for (read, unread) in [(CURRENT, ALPHA), (ALPHA, CURRENT)] {
        for name in ["target", "controller", "hostname", "ingress-hostname-source", "aws-region"] {
            let (hosts, problems) = asked(&[read], &[(&under(unread, name), "x")]);
            assert_eq!(hosts, None, "{unread}{name}");
            assert_eq!(problems[0].severity, Severity::Warning);
        }
        let (hosts, problems) = asked(&[read], &[(&under(unread, "ttl"), "60")]);
        assert!(hosts.is_some() && problems.is_empty(), "it means nothing here");
        // A prefix of one's own is for several controllers, each with its names.
        let (hosts, _) = asked(&["dns.example.com/"], &[(&under(unread, "target"), "x")]);
        assert!(hosts.is_some());
    }
}

#[test]
fn names_of_the_older_prefix_are_taken_over_as_they_stand() {
    wait(async {
        let mut meant: Settings = settings();
        meant.dns.scope = DnsScope::All;
        let site = Site::with(
            meant,
            &format!(
                "
service shop/s: {{ports: [80:8080]}}
endpoints shop/s: {{at: [172.31.1.10]}}
ingress shop/web: {{{ALPHA}hostname: alpha.example.com, rules: [any Prefix / s:80]}}
ingress shop/cdn: {{{ALPHA}target: d111.cloudfront.net, rules: [cdn.example.com Prefix / s:80]}}
"
            ),
        );
        site.aws.change(|state| state.add_zone("ZPUB", "example.com", false));
        drop(site.settle().await);
        let records = || {
            site.aws.change(|state| {
                let mut zones = state.zones.values();
                zones.next().unwrap().records.clone()
            })
        };
        let names: Vec<String> =
            records().keys().map(|key| format!("{} {}", key.record_type, key.name)).collect();
        let expected = [
            "TXT a-alpha.example.com",
            "TXT a-cdn.example.com",
            "TXT aaaa-cdn.example.com",
            "A alpha.example.com",
            "A cdn.example.com",
            "AAAA cdn.example.com",
        ];
        assert_eq!(names, expected);
        let cdn = records().into_values().find(|record| record.key.name == "cdn.example.com");
        let target = cdn.and_then(|record| record.alias_target().cloned());
        assert_eq!(target, Some(AwsId::new("d111.cloudfront.net")));
    });
}
