//! The cases that are about what annotations say of records.

use albedo::desired;
use albedo::flags::Cli;
use albedo::model::fact::{FactStore, NameWish, Names};
use albedo::model::problem::Severity;
use albedo::model::settings::AliasUse;

use super::*;

/// What an Ingress asks for that says this of its one host, whose load balancer stands at [`ALB`];
/// or why its names stay as they are.
pub fn said(dns: &DnsSettings, annotations: &[(&str, &str)]) -> (Option<Case>, Vec<Problem>) {
    let source = member("default/web");
    let mut cluster = Cluster::new("{}");
    cluster.settings.dns = DnsSettings { scope: DnsScope::All, ..dns.clone() };
    let each = annotations.iter();
    let each = each.map(|(name, value)| format!("external-dns.kubernetes.io/{name}: '{value}'"));
    cluster.add_manifests(&format!(
        "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: default
  annotations: {{{}}}
spec:
  rules: [{{host: \"{HOST}\"}}]
",
        each.collect::<Vec<_>>().join(", ")
    ));
    let ingress = cluster.objects.ingresses[&source.key].clone();
    let mut problems = Vec::new();
    let names = names::wished(&cluster.snapshot(), &source, &ingress, &mut problems);
    let Some(MemberNames { hosts, naming }) = names else { return (None, problems) };
    let wish = NameWish { source: source.clone(), others: BTreeSet::new(), naming };
    let names = Names {
        load_balancer: Id::Is(AwsId::new("one")),
        has_ipv6: true,
        wished: hosts.into_iter().map(|host| (host, vec![wish.clone()])).collect(),
        known: BTreeSet::from([source]),
        arriving: BTreeSet::new(),
    };
    let mut facts = FactStore::default();
    facts.zones([zone().id]);
    let at = facts.revision();
    facts.names_of(&group("default/web"), names, at);
    cluster.facts = facts.for_zone(|_| false);
    cluster.zones = Some(std::sync::Arc::new(BTreeMap::from([(zone().id, zone())])));
    let stack = desired::zone::build(&cluster.snapshot(), &zone().id).unwrap();
    (Some(Case { dns: dns.clone(), stack, ..dual(&[]) }), problems)
}

/// What an Ingress asks for that is understood.
pub fn understood(annotations: &[(&str, &str)]) -> Case {
    let (case, problems) = said(&dns(), annotations);
    assert_eq!(problems, [], "{annotations:?}");
    case.unwrap()
}

/// The records of the host in a zone: what they say, in one line each.
fn shown(zone: &Records) -> Vec<String> {
    let own = zone.values().filter(|record| record.key.name == HOST);
    let line = |record: &Record| {
        let value = match &record.value {
            RecordValue::Alias { target, .. } => format!("-> {target}"),
            RecordValue::Values { ttl, values } => format!("{} {ttl}", values.join(" ")),
        };
        format!("{} {value}", record.key.record_type)
    };
    own.map(line).collect()
}

/// From one thing that is said to the next, the zone comes to rest in one pass. Says what stands.
fn then(zone: &mut Records, annotations: &[(&str, &str)]) -> Vec<String> {
    let (case, problems) = said(&dns(), annotations);
    assert!(problems.iter().all(|problem| problem.severity == Severity::Note), "{problems:?}");
    let case = case.unwrap();
    *zone = case.carried_out(zone);
    let rest = case.plan(zone);
    assert!(rest.is_empty() && rest.refusals.is_empty(), "{annotations:?}: {rest:?}");
    shown(zone)
}

/// The same records as ever, and no change for ever.
pub fn steady(annotation: &str, value: &str) {
    let (case, problems) = said(&dns(), &[(annotation, value)]);
    assert!(problems.iter().all(|problem| problem.severity == Severity::Note), "{problems:?}");
    let case = case.unwrap();
    assert_eq!(sorted(&case.plan(&Records::new())), four("CREATE", HOST));
    assert!(case.plan(&case.carried_out(&Records::new())).is_empty());
}

/// Route 53 would refuse it, so nothing is written, and somebody is told.
pub fn held(annotations: &[(&str, &str)]) {
    let (case, problems) = said(&dns(), annotations);
    assert!(case.is_none(), "{annotations:?}");
    let [problem] = &problems[..] else { panic!("{annotations:?}: {problems:?}") };
    assert_eq!((problem.code, problem.severity), (Code::InvalidAnnotation, Severity::Warning));
}

pub fn cname_ttl() {
    let mut zone = Records::new();
    let target = ("target", "lb.other.net");
    assert_eq!(then(&mut zone, &[target]), ["CNAME lb.other.net 300"]);
    assert_eq!(then(&mut zone, &[target, ("ttl", "1m")]), ["CNAME lb.other.net 60"]);
    assert_eq!(then(&mut zone, &[target]), ["CNAME lb.other.net 60"]);
    let least = DnsSettings { ttl: Some(30), ..dns() };
    let case = said(&least, &[target]).0.unwrap();
    let expected = ["CHANGE CNAME web.example.com", "UPSERT TXT cname-web.example.com"];
    assert_eq!(changes(&case.plan(&zone)), expected);
    assert_eq!(shown(&case.carried_out(&zone)), ["CNAME lb.other.net 30"]);
    assert!(Case::new(&[]).carried_out(&zone).is_empty());
}

pub fn addresses_and_names() {
    let mut zone = Records::new();
    let mut to = |target: &str| then(&mut zone, &[("target", target)]);
    let addresses = ["A 1.2.3.4 1.2.3.5 300", "AAAA 2001:db8::1 300"];
    assert_eq!(to("1.2.3.5, 1.2.3.4, 2001:db8:0::1"), addresses);
    let alias = format!("AAAA -> {ALB}");
    assert_eq!(to(&format!("1.2.3.4,{ALB}")), ["A 1.2.3.4 300", alias.as_str()]);
    assert_eq!(to("1.2.3.4,lb.other.net"), ["A 1.2.3.4 300"]);
    let names: Vec<&str> = zone.keys().map(|key| key.name.as_str()).collect();
    assert_eq!(names, ["a-web.example.com", HOST]);
}

pub fn alias_or_not() {
    // An alias within its zone needs something to lead to.
    let alias_true = ("alias", "true");
    let within = understood(&[("target", "other.example.com"), alias_true]);
    let plan = within.plan(&Records::new());
    assert!(plan.is_empty() && plan.refusals.len() == 1, "{plan:?}");
    let other = values("other.example.com", RecordType::A, "192.0.2.1");
    let zone = within.carried_out(&records([other]));
    assert_eq!(shown(&zone), ["A -> other.example.com"]);
    let outside = understood(&[("target", "lb.other.net"), alias_true]).plan(&zone);
    assert!(outside.is_empty() && outside.refusals[0].found.contains("outside"), "{outside:?}");
    // It is one of load balancers, whatever is said; or else a CNAME record is preferred.
    let both = [format!("A -> {ALB}"), format!("AAAA -> {ALB}")];
    let mut zone = Records::new();
    assert_eq!(then(&mut zone, &[("alias", "false")]), both);
    assert_eq!(then(&mut zone, &[("alias", "false"), ("target", ALB)]), both);
    let asked = DnsSettings { alias_use: AliasUse::Asked, ..dns() };
    let case = said(&asked, &[]).0.unwrap();
    let mut zone = case.carried_out(&zone);
    assert_eq!(shown(&zone), [format!("CNAME {ALB} 300")]);
    assert!(case.plan(&zone).is_empty());
    let case = said(&asked, &[alias_true]).0.unwrap();
    zone = case.carried_out(&zone);
    assert_eq!(shown(&zone), both);
}

pub fn several_answers() {
    for value in ["true", ""] {
        let several = [("target", "1.2.3.4"), ("set-identifier", "a")];
        let case = understood(&[several[0], several[1], ("aws-multi-value-answer", value)]);
        let zone = case.carried_out(&Records::new());
        assert!(zone.values().all(|record| record.routing == Routing::MultiValue), "{zone:?}");
        assert_eq!(shown(&zone), ["A 1.2.3.4 300"]);
        assert!(case.plan(&zone).is_empty());
    }
    held(&[("set-identifier", "a"), ("aws-multi-value-answer", "true")]);
}

pub fn wrong_places() {
    let id = ("set-identifier", "a");
    for (name, value) in [
        ("aws-weight", "much"),
        ("aws-weight", "-1"),
        ("aws-weight", "256"),
        ("aws-region", "mars-north-1"),
        ("aws-failover", "tertiary"),
        ("aws-geolocation-country-code", "Germany"),
        ("aws-geolocation-continent-code", "XX"),
        ("aws-geolocation-subdivision-code", "CA"),
        ("aws-geoproximity-coordinates", "91,0"),
        ("aws-geoproximity-bias", "1"),
    ] {
        held(&[id, (name, value)]);
    }
    held(&[id, ("aws-weight", "1"), ("aws-region", "eu-west-1")]);
    // What external-dns passes on and Route 53 refuses, and what differs for ever.
    for (name, value) in [("aws-failover", "primary"), ("aws-weight", "010")] {
        let case = understood(&[id, (name, value)]);
        assert!(case.plan(&case.carried_out(&Records::new())).is_empty());
    }
}

pub fn continent_and_country() {
    let both = [
        ("set-identifier", "a"),
        ("aws-geolocation-continent-code", "EU"),
        ("aws-geolocation-country-code", "DE"),
    ];
    let case = understood(&both);
    let zone = case.carried_out(&Records::new());
    assert_eq!(zone.len(), 4);
    assert!(case.plan(&zone).is_empty());
}

/// Names that somebody asks for change hands, once; external-dns writes them again and again, and
/// takes away what else the owner before has.
pub fn owner_migrates() {
    let old = |host: &str, ingress| {
        [RecordType::A, RecordType::Aaaa].map(|about| txt(&txt_name(host, about), "old", ingress))
    };
    let other = "x.example.com";
    let theirs = [RecordType::A, RecordType::Aaaa].map(|about| alias(other, about, ALB_2));
    let theirs = records(theirs.into_iter().chain(old(other, "default/x")));
    let ours = both(ALB).into_iter().chain(old(HOST, "default/web"));
    let zone = records(ours.chain(theirs.values().cloned()));
    let mut case = dual(&[WEB]);
    assert!(case.plan(&zone).is_empty());
    case.dns.owner_before = Some("old".to_owned());
    let mut expected = four("CHANGE", HOST);
    expected.retain(|change| change.contains("TXT"));
    assert_eq!(sorted(&case.plan(&zone)), expected);
    let end = case.carried_out(&zone);
    assert!(case.plan(&end).is_empty());
    assert!(theirs.iter().all(|(key, record)| end.get(key) == Some(record)));
    let nobody = Case { dns: case.dns.clone(), ..dual(&[]) };
    assert_eq!(nobody.carried_out(&end), theirs);
}

/// The flag changes nothing, and what somebody takes away comes again.
pub fn nothing_is_cached() {
    let args = ["albedo", "run", "--cluster-name=demo", "--txt-cache-interval=1h"].map(Into::into);
    let (_, notes) = Cli::parse_with_notes(args).unwrap();
    assert!(notes.iter().any(|note| note.contains("--txt-cache-interval changes nothing")));
    let case = dual(&[WEB]);
    let mut zone = case.carried_out(&Records::new());
    let [a, _] = both(ALB);
    zone.remove(&a.key);
    assert!(!case.plan(&zone).is_empty());
}
