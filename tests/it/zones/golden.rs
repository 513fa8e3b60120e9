//! What external-dns 0.22 does, case by case, and what is done here: the same, or something safer.

use albedo::desired::names;
use albedo::desired::zone::{Choice, choose};
use albedo::model::naming::MemberNames;
use albedo::model::problem::Problem;
use albedo::model::record::HostedZones;
use albedo::model::settings::DnsScope;

use super::*;
use crate::support::world::World as Cluster;

mod affixes;
mod encrypted;
pub mod said;

/// How a case ends, compared with external-dns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// The same state.
    Same,
    /// Another one, where external-dns loses, repeats or takes something.
    Safer,
}
use Verdict::{Safer, Same};

/// The 52 observed cases, by their titles.
const CASES: [(&str, Verdict, fn()); 52] = [
    ("1 fresh single host, then steady", Same, fresh),
    ("2 wildcard + apex", Safer, wildcard_and_apex),
    ("3 unknown aws- annotation", Safer, || said::steady("aws-unknown", "1")),
    ("4 aws-hosted-zone-id", Safer, || said::steady("aws-hosted-zone-id", "ZPUB")),
    ("5 aws-target-hosted-zone", Safer, || said::steady("aws-target-hosted-zone", ALB_ZONE)),
    ("7 record-type annotation", Safer, || said::steady("record-type", "PTR")),
    ("9 set-identifier only", Safer, || said::held(&[("set-identifier", "blue")])),
    ("10 weight without set-identifier", Safer, || said::held(&[("aws-weight", "10")])),
    ("11 ttl annotation on alias", Same, || asks("ttl", "600", &[HOST])),
    ("12 two ingresses same host, different ALB", Safer, two_ingresses),
    ("14 legacy zone (<=0.21)", Safer, legacy),
    ("16 ancient zone (<0.12)", Safer, ancient),
    ("17 unowned existing record", Same, || untouched(&[alias(HOST, RecordType::A, ALB_2)])),
    ("18 orphan TXT of other owner, no A", Safer, orphan_of_another),
    ("19 own orphan TXT, A manually deleted", Same, orphan_of_ours),
    ("21b upsert-only", Safer, upsert_only_type_change),
    ("22 prefix %{record_type}-abc.", Same, affixes::template_and_label),
    ("22 prefix extdns.", Safer, affixes::prefix),
    ("22 prefix %{record_type}-", Safer, affixes::template),
    ("22 suffix -%{record_type}", Safer, affixes::suffix_of_template),
    ("22 suffix -edns", Safer, affixes::suffix),
    ("22 suffix -%{record_type}.x", Safer, affixes::suffix_of_template_and_label),
    ("23 wildcard replacement=any", Same, affixes::wildcard),
    ("23b wildcard replacement collides", Safer, affixes::wildcard_collides),
    ("24 encrypted", Same, encrypted::from_the_start),
    ("24b plain -> encryption enabled", Safer, encrypted::later),
    ("25 public+private same name", Safer, public_and_private),
    ("25b public parent+child, private parent+child", Same, parents_and_children),
    ("27 evaluate target health flips", Same, evaluate_target_health),
    ("28 CNAME ttl default, min-ttl, change", Same, said::cname_ttl),
    ("29 uppercase host / trailing dot / IDN / duplicates", Safer, spellings),
    ("30 target annotation: ips + hostname", Same, said::addresses_and_names),
    ("31 alias annotation", Safer, said::alias_or_not),
    ("34 migrate owner", Safer, said::owner_migrates),
    ("35 multi value", Safer, said::several_answers),
    ("36 weight invalid, negative; region; failover; geo", Safer, said::wrong_places),
    ("36d continent+country both", Safer, said::continent_and_country),
    ("37 62-char label: TXT name too long", Safer, long_label),
    ("38 dualstack. target in zone vs plain", Same, dualstack_target),
    ("39 status disappears under sync", Safer, load_balancer_disappears),
    ("40 foreign owner on A", Same, foreign_a),
    ("42 TXT ttl 60 in zone; delete", Safer, other_ttl),
    ("43 txt-cache: foreign change unseen", Safer, said::nothing_is_cached),
    ("b dualstack label (<=0.15)", Same, dualstack_label),
    ("d child zone apex", Safer, child_apex),
    ("e hosts mx-foo and a-web", Same, hosts_like_prefixes),
    ("e2 legacy bare TXT for host mx-foo", Safer, bare_like_prefix),
    ("f prefix without separator", Safer, affixes::no_separator),
    ("g foreign non-heritage TXT on the registry name", Safer, foreign_txt),
    ("p policies on target change and removal", Same, policies),
    ("q heritage of another tool / empty owner", Same, other_heritage),
    ("shared property slice", Same, || asks("aws-evaluate-target-health", "false", &[HOST])),
];

#[test]
fn every_case_of_external_dns_ends_the_same_or_safer() {
    for (title, verdict, check) in CASES {
        println!("{verdict:?}: {title}");
        check();
    }
    let count = |wanted| CASES.iter().filter(|(_, verdict, _)| *verdict == wanted).count();
    println!("{} the same, {} safer", count(Same), count(Safer));
}

const WEB: &str = "default/web web.example.com one";

fn dual(wishes: &[&str]) -> Case {
    Case::new(wishes).dualstack()
}

fn sorted(plan: &Plan) -> Vec<String> {
    let mut changes = changes(plan);
    changes.sort();
    changes
}

/// The four records of a host behind a dualstack load balancer.
fn four(verb: &str, host: &str) -> Vec<String> {
    vec![
        format!("{verb} A {host}"),
        format!("{verb} AAAA {host}"),
        format!("{verb} TXT a-{host}"),
        format!("{verb} TXT aaaa-{host}"),
    ]
}

/// The changes of the records of a host that come to say something else: what says whose they are
/// is written beside them as it is.
fn changed(host: &str) -> Vec<String> {
    let all = four("CHANGE", host).into_iter();
    all.map(|change| change.replace("CHANGE TXT", "UPSERT TXT")).collect()
}

fn both(target: &str) -> [Record; 2] {
    [alias(HOST, RecordType::A, target), alias(HOST, RecordType::Aaaa, target)]
}

fn owned(names: &[&str]) -> Vec<Record> {
    names.iter().map(|name| txt(name, "default", "default/web")).collect()
}

/// What an Ingress of this host and annotation asks for.
fn asked(host: &str, annotation: &str, value: &str) -> (Option<MemberNames>, Vec<Problem>) {
    let mut cluster = Cluster::new("");
    cluster.settings.dns.scope = DnsScope::All;
    cluster.add_manifests(&format!(
        "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: default
  annotations: {{\"external-dns.kubernetes.io/{annotation}\": \"{value}\"}}
spec:
  tls: [{{hosts: [\"{host}\"]}}]
  rules: [{{host: \"{host}\"}}]
"
    ));
    let ingress = cluster.objects.ingresses[&key("default/web")].clone();
    let mut problems = Vec::new();
    let names = names::wished(&cluster.snapshot(), &member("default/web"), &ingress, &mut problems);
    (names, problems)
}

fn asks(annotation: &str, value: &str, hosts: &[&str]) {
    let (names, problems) = asked(HOST, annotation, value);
    let names: Vec<String> = names.unwrap().hosts.into_iter().collect();
    assert_eq!((names, problems), (hosts.iter().map(|host| (*host).to_owned()).collect(), vec![]));
}

fn fresh() {
    let case = dual(&[WEB]);
    assert_eq!(sorted(&case.plan(&Records::new())), four("CREATE", HOST));
    let end = case.carried_out(&Records::new());
    assert!(case.plan(&end).is_empty());
    assert_eq!(sorted(&dual(&[]).plan(&end)), four("DELETE", HOST));
}

fn wildcard_and_apex() {
    let case = dual(&["default/web *.example.com one", "default/web example.com one"]);
    let end = case.carried_out(&Records::new());
    assert_eq!(end.len(), 8, "the apex is owned as well");
    assert!(case.plan(&end).is_empty());
    assert!(dual(&[]).carried_out(&end).is_empty(), "and withdrawn");
}

fn two_ingresses() {
    let case = dual(&["default/api web.example.com two", "default/web web.example.com one"]);
    let end = case.carried_out(&Records::new());
    assert_eq!(end.values().find_map(Record::alias_target), Some(&AwsId::new(ALB_2)));
    assert!(case.plan(&end).is_empty());
    let rest = dual(&[WEB]);
    assert_eq!(sorted(&rest.plan(&end)), four("CHANGE", HOST));
    assert!(rest.plan(&rest.carried_out(&end)).is_empty());
}

fn legacy() {
    let names = ["cname-web.example.com", "aaaa-web.example.com"];
    let zone = records(both(ALB).into_iter().chain(owned(&names)));
    assert!(dual(&[WEB]).plan(&zone).is_empty(), "external-dns writes every name once");
    assert!(dual(&[]).carried_out(&zone).is_empty(), "external-dns leaves the cname- record");
}

fn ancient() {
    let [a, _] = both(ALB);
    let zone = records([a].into_iter().chain(owned(&[HOST])));
    let expected = ["CREATE AAAA web.example.com", "CREATE TXT aaaa-web.example.com"];
    assert_eq!(changes(&dual(&[WEB]).plan(&zone)), expected);
    assert!(Case::new(&[WEB]).plan(&zone).is_empty());
}

/// Nothing is done, and somebody is told.
fn untouched(standing: &[Record]) {
    let plan = dual(&[WEB]).plan(&records(standing.iter().cloned()));
    assert_eq!(changes(&plan), [""; 0]);
    assert_eq!(refusals(&plan), [Code::ForeignRecord]);
}

fn orphan_of_another() {
    untouched(&[
        txt("a-web.example.com", "other", "default/web"),
        txt("aaaa-web.example.com", "other", "default/web"),
    ]);
}

fn orphan_of_ours() {
    let zone = records(owned(&["a-web.example.com", "aaaa-web.example.com"]));
    let case = dual(&[WEB]);
    assert!(changes(&case.plan(&zone)).iter().all(|change| !change.starts_with("DELETE")));
    assert_eq!(case.carried_out(&zone), case.carried_out(&Records::new()));
}

fn upsert_only_type_change() {
    let cname = values(HOST, RecordType::Cname, "lb.other.net");
    let zone = records([cname].into_iter().chain(owned(&["cname-web.example.com"])));
    let mut case = dual(&[WEB]);
    case.dns.policy = DnsPolicy::UpsertOnly;
    let plan = case.plan(&zone);
    assert!(plan.is_empty() && plan.notes.len() == 1, "Route 53 would refuse it again and again");
}

fn zones(all: &[(&str, &str, bool)]) -> HostedZones {
    let zone = |(id, name, is_private): &(&str, &str, bool)| {
        let id = AwsId::new(*id);
        let zone = HostedZone { id: id.clone(), name: (*name).to_owned(), is_private: *is_private };
        (id, zone)
    };
    all.iter().map(zone).collect()
}

fn chosen(zones: &HostedZones, host: &str) -> Vec<String> {
    match choose(&dns(), zones, host, None) {
        Choice::In(ids) => ids.iter().map(ToString::to_string).collect(),
        Choice::None | Choice::Ambiguous(_) => Vec::new(),
    }
}

fn public_and_private() {
    let zones = zones(&[("ZPUB", ZONE, false), ("ZPRV", ZONE, true)]);
    assert_eq!(chosen(&zones, HOST), ["ZPRV", "ZPUB"]);
    // Each zone is looked at for itself, so one that lacks a record gets it.
    let mut private = dual(&[WEB]).carried_out(&Records::new());
    let [a, _] = both(ALB);
    private.remove(&a.key);
    assert_eq!(
        changes(&dual(&[WEB]).plan(&private)),
        ["CREATE A web.example.com", "UPSERT TXT a-web.example.com"]
    );
}

fn parents_and_children() {
    let zones = zones(&[
        ("P1", ZONE, false),
        ("P2", "sub.example.com", false),
        ("V1", ZONE, true),
        ("V2", "sub.example.com", true),
    ]);
    assert_eq!(chosen(&zones, "web.sub.example.com"), ["P2", "V1", "V2"]);
    assert_eq!(chosen(&zones, "websub.example.com"), ["P1", "V1"]);
}

fn evaluate_target_health() {
    for (value, expected) in [("true", true), ("false", false), ("no", false)] {
        let (names, _) = asked(HOST, "aws-evaluate-target-health", value);
        assert_eq!(names.unwrap().naming.evaluate_target_health, expected, "{value}");
    }
    let mut case = dual(&[WEB]);
    let end = case.carried_out(&Records::new());
    let wish = &mut case.stack.names.get_mut(HOST).unwrap()[0];
    if let WishedValue::Alias { evaluate_target_health } = &mut wish.value {
        *evaluate_target_health = false;
    }
    assert_eq!(sorted(&case.plan(&end)), changed(HOST));
    assert!(case.plan(&case.carried_out(&end)).is_empty());
}

fn spellings() {
    let (names, problems) =
        asked("web.example.com", "hostname", "WEB2.Example.com., web.example.com");
    let names: Vec<String> = names.unwrap().hosts.into_iter().collect();
    assert_eq!((names, problems), (vec![HOST.to_owned(), "web2.example.com".to_owned()], vec![]));
    let (_, problems) = asked("web.example.com", "hostname", "münchen.example.com");
    assert!(problems[0].allowed.contains("xn--"), "{problems:?}");
}

fn long_label() {
    for (length, is_good) in [(61, true), (62, false), (64, false)] {
        let host = format!("{}.example.com", "x".repeat(length));
        let (names, problems) = asked(&host, "hostname", "web.example.com");
        assert_eq!(names.unwrap().hosts.len(), if is_good { 2 } else { 1 }, "{length}");
        assert_eq!(problems.is_empty(), is_good, "{problems:?}");
    }
    // With one of 61 there is room beside A, and none beside AAAA.
    let host = format!("{}.example.com", "x".repeat(61));
    let case = dual(&[&format!("default/web {host} one")]);
    let end = case.carried_out(&Records::new());
    assert!(end.len() == 2 && case.plan(&end).is_empty());
}

fn dualstack_target() {
    let names = ["a-web.example.com", "aaaa-web.example.com"];
    let zone = records(both(&format!("dualstack.{ALB}")).into_iter().chain(owned(&names)));
    let case = dual(&[WEB]);
    // What stands beside AAAA says besides why there is one.
    let mut expected = changed(HOST);
    expected[3] = expected[3].replace("UPSERT", "CHANGE");
    expected.sort();
    assert_eq!(sorted(&case.plan(&zone)), expected);
}

fn load_balancer_disappears() {
    let mut case = dual(&[WEB]);
    let end = case.carried_out(&Records::new());
    case.load_balancers.clear();
    assert!(case.plan(&end).is_empty(), "external-dns takes the names away");
}

fn foreign_a() {
    untouched(&[
        alias(HOST, RecordType::A, ALB_2),
        txt("a-web.example.com", "other", "x/y"),
        txt("aaaa-web.example.com", "default", "default/web"),
    ]);
}

fn other_ttl() {
    let mut all = records(both(ALB).into_iter().chain(owned(&["aaaa-web.example.com"])));
    let mut odd = owned(&["a-web.example.com"]).remove(0);
    if let RecordValue::Values { ttl, .. } = &mut odd.value {
        *ttl = 60;
    }
    all.insert(odd.key.clone(), odd);
    assert!(dual(&[WEB]).plan(&all).is_empty());
    assert!(dual(&[]).carried_out(&all).is_empty());
}

fn dualstack_label() {
    let label = "\"heritage=external-dns,external-dns/dualstack=true,external-dns/owner=default,\
                 external-dns/resource=ingress/default/web\"";
    let txt = |name| values(name, RecordType::Txt, label);
    let zone = records(both(ALB).into_iter().chain([txt(HOST), txt("cname-web.example.com")]));
    let plan = dual(&[WEB]).plan(&zone);
    assert!(plan.is_empty() && plan.refusals.is_empty(), "{plan:?}");
    let [_, aaaa] = both(ALB);
    assert_eq!(dual(&[]).carried_out(&zone), records([aaaa]), "nobody says whose the AAAA is");
}

fn child_apex() {
    let zones = zones(&[("P1", ZONE, false), ("P2", "sub.example.com", false)]);
    assert_eq!(chosen(&zones, "sub.example.com"), ["P2"]);
    assert_eq!(
        TxtNames::default().name("sub.example.com", "sub.example.com", RecordType::A),
        "a-_apex.sub.example.com"
    );
}

fn hosts_like_prefixes() {
    let hosts = ["a-web.example.com", "mx-foo.example.com", HOST];
    let wishes = hosts.map(|host| format!("default/web {host} one"));
    let case = dual(&wishes.each_ref().map(String::as_str));
    let mut expected: Vec<String> = hosts.iter().flat_map(|host| four("CREATE", host)).collect();
    expected.sort();
    assert_eq!(sorted(&case.plan(&Records::new())), expected);
    let end = case.carried_out(&Records::new());
    assert!(case.plan(&end).is_empty());
    // One of them goes, and takes nothing of the others along.
    let rest = dual(&[&wishes[1], &wishes[2]]);
    assert_eq!(sorted(&rest.plan(&end)), four("DELETE", hosts[0]));
    assert!(dual(&[]).carried_out(&end).is_empty());
}

fn bare_like_prefix() {
    let host = "mx-foo.example.com";
    let zone = records([alias(host, RecordType::A, ALB)].into_iter().chain(owned(&[host])));
    let case = Case::new(&["default/web mx-foo.example.com one"]);
    assert!(case.plan(&zone).is_empty());
    assert!(Case::new(&[]).carried_out(&zone).is_empty(), "external-dns does not know it again");
}

fn foreign_txt() {
    untouched(&[values("a-web.example.com", RecordType::Txt, "\"hello\"")]);
}

fn policies() {
    let names = ["a-web.example.com", "aaaa-web.example.com"];
    let zone = records(both(ALB_2).into_iter().chain(owned(&names)));
    for (policy, changed) in [(DnsPolicy::UpsertOnly, 4), (DnsPolicy::CreateOnly, 0)] {
        let with = |mut case: Case| {
            case.dns.policy = policy;
            case
        };
        assert_eq!(changes(&with(dual(&[WEB])).plan(&Records::new())).len(), 4);
        assert_eq!(changes(&with(dual(&[WEB])).plan(&zone)).len(), changed);
        assert!(with(dual(&[])).plan(&zone).is_empty());
    }
}

fn other_heritage() {
    let empty = "\"heritage=external-dns,external-dns/owner=,external-dns/resource=ingress/x/y\"";
    for value in ["\"heritage=other,external-dns/owner=default\"", empty] {
        let txt = values("a-web.example.com", RecordType::Txt, value);
        untouched(&[alias(HOST, RecordType::A, ALB_2), txt]);
    }
}
