//! Names in hosted zones: what is made, kept, changed and left alone.

use std::collections::{BTreeMap, BTreeSet};

use albedo::model::action::{Action, AwsAction, Route53Action};
use albedo::model::id::{AwsId, Handle, Id, Slot};
use albedo::model::inventory::{Address, Records, ZoneInventory, ZoneSight};
use albedo::model::known::Known;
use albedo::model::load_balancer::LoadBalancerState;
use albedo::model::ownership::{Ownership, TTL, TxtNames};
use albedo::model::plan::{Plan, WaitKey};
use albedo::model::problem::Code;
use albedo::model::record::{
    HostedZone, Record, RecordChange, RecordKey, RecordType, RecordValue, RecordWish, Verb,
    WishedValue,
};
use albedo::model::routing::Routing;
use albedo::model::settings::{DnsPolicy, DnsSettings, Settings};
use albedo::model::snapshot::Extent;
use albedo::model::source::Source;
use albedo::model::stack::{Braked, ZoneStack};
use albedo::plan::check;
use albedo::plan::zone::plan;
use jiff::Timestamp;

use super::support::fake::Fake;
use super::support::world::{group, key, member, settings};

mod arrival;
mod batches;
mod clusters;
mod contested;
mod crowded;
mod golden;
mod judged;
mod keepers;
mod large;
pub mod life;
mod made;
mod moves;
mod owners;
mod prefixes;
mod routed;
mod seen_late;
mod shared;
mod silent;
mod starts;
mod sync;
mod unread;
mod vanished;

const ZONE: &str = "example.com";
const HOST: &str = "web.example.com";
const ALB: &str = "k8s-default-web-1234567890-111111111.us-east-1.elb.amazonaws.com";
const ALB_2: &str = "k8s-default-api-0987654321-222222222.us-east-1.elb.amazonaws.com";
const ALB_ZONE: &str = "Z35SXDOTRQ7X7K";

fn zone() -> HostedZone {
    HostedZone { id: AwsId::new("ZPUB"), name: ZONE.to_owned(), is_private: false }
}

fn dns() -> DnsSettings {
    settings().dns
}

pub fn alias(host: &str, record_type: RecordType, target: &str) -> Record {
    let value = RecordValue::Alias {
        target: Id::Is(AwsId::new(target)),
        hosted_zone: Some(AwsId::new(ALB_ZONE)),
        evaluate_target_health: true,
    };
    Record::simple(host, record_type, value)
}

pub fn values(name: &str, record_type: RecordType, value: &str) -> Record {
    let values = vec![value.to_owned()];
    Record::simple(name, record_type, RecordValue::Values { ttl: TTL, values })
}

pub fn txt(name: &str, owner: &str, ingress: &str) -> Record {
    values(name, RecordType::Txt, &Ownership::of(owner, &member(ingress)).to_string())
}

/// The name of the TXT record that says whose the record of a host is.
fn txt_name(host: &str, record_type: RecordType) -> String {
    TxtNames::default().name(ZONE, host, record_type)
}

fn records(all: impl IntoIterator<Item = Record>) -> Records {
    all.into_iter().map(|record| (record.key.clone(), record)).collect()
}

/// What is wished for, and the load balancers that stand: `one` at [`ALB`], `two` at [`ALB_2`].
#[derive(Clone)]
struct Case {
    dns: DnsSettings,
    extent: Extent,
    stack: ZoneStack,
    load_balancers: BTreeMap<AwsId, Address>,
    elsewhere: BTreeSet<AwsId>,
}

fn address(dns_name: &str) -> Address {
    Address {
        dns_name: AwsId::new(dns_name),
        hosted_zone: AwsId::new(ALB_ZONE),
        state: LoadBalancerState::Active,
        has_ipv6: false,
        cluster: Some("demo".into()),
    }
}

impl Case {
    /// Ingresses that ask for hosts of load balancers: `default/web web.example.com one`; several
    /// of one load balancer with commas between them, the first of its group first.
    fn new(wishes: &[&str]) -> Self {
        let mut names: BTreeMap<String, Vec<RecordWish>> = BTreeMap::new();
        let mut known = BTreeSet::from([member("default/web")]);
        for wish in wishes {
            let words: Vec<&str> = wish.split(' ').collect();
            let [ingresses, host, load_balancer] = words[..] else { panic!("{wish}") };
            let mut others: BTreeSet<Source> = ingresses.split(',').map(member).collect();
            known.extend(others.iter().cloned());
            let source = ingresses.split(',').map(member).next().unwrap();
            others.remove(&source);
            names.entry(host.to_owned()).or_default().push(RecordWish {
                value: WishedValue::Alias { evaluate_target_health: true },
                load_balancer: Id::Is(AwsId::new(load_balancer)),
                ttl: None,
                set_identifier: None,
                routing: Routing::Simple,
                health_check: None,
                source,
                others,
            });
        }
        let stack = ZoneStack {
            zone: zone(),
            names,
            elsewhere: BTreeSet::new(),
            standing: known.clone(),
            known,
            is_complete: true,
            arrived: BTreeSet::new(),
            arriving: BTreeSet::new(),
            silent: BTreeSet::new(),
            foreign: BTreeSet::new(),
            renounced: BTreeSet::new(),
            braked: Braked::default(),
            suspects: BTreeMap::new(),
            contested: BTreeSet::new(),
            keeps_names: true,
            proofs: BTreeMap::new(),
        };
        let load_balancers = BTreeMap::from([
            (AwsId::new("one"), address(ALB)),
            (AwsId::new("two"), address(ALB_2)),
        ]);
        let elsewhere = BTreeSet::new();
        Self { dns: dns(), extent: Extent::Cluster, stack, load_balancers, elsewhere }
    }

    fn dualstack(mut self) -> Self {
        self.load_balancers.values_mut().for_each(|address| address.has_ipv6 = true);
        self
    }

    fn plan(&self, standing: &Records) -> Plan {
        let (settings, inventory) = (self.settings(), self.inventory(standing));
        let plan = plan(&settings, &self.extent, &self.stack, &inventory);
        assert_eq!(check::zone(&plan, &settings, &self.stack, &inventory), [], "{plan:?}");
        plan
    }

    fn settings(&self) -> Settings {
        Settings { dns: self.dns.clone(), ..settings() }
    }

    fn inventory(&self, standing: &Records) -> ZoneInventory {
        ZoneInventory {
            records: Known::Is(std::sync::Arc::new(standing.clone()), Timestamp::UNIX_EPOCH),
            sight: ZoneSight::Whole,
            load_balancers: self.load_balancers.clone(),
            elsewhere: self.elsewhere.clone(),
            vanished: BTreeSet::new(),
        }
    }

    /// Whether a record that stands is ours.
    fn is_ours(&self, standing: &Records, record: &Record) -> bool {
        let inventory = self.inventory(standing);
        albedo::plan::zone::is_ours(&self.settings(), &zone(), &inventory, &record.key)
    }

    /// The load balancers that our records lead to.
    fn leading(&self, standing: &Records) -> BTreeSet<AwsId> {
        let (settings, inventory) = (self.settings(), self.inventory(standing));
        albedo::plan::zone::leading(
            &settings,
            &zone(),
            &self.stack.names,
            &self.stack.foreign,
            &inventory,
        )
        .ours
    }

    /// The zone once the plan is carried out, by an AWS that refuses what AWS refuses.
    fn carried_out(&self, standing: &Records) -> Records {
        let aws = Fake::new();
        aws.change(|state| {
            state.add_zone("ZPUB", ZONE, false);
            state.zones.get_mut(&zone().id).unwrap().records.clone_from(standing);
        });
        for step in self.plan(standing).steps.iter().filter(|step| step.gate.is_none()) {
            let Action::Aws(action) = &step.action else { panic!("{step:?}") };
            aws.meddle(action).unwrap_or_else(|error| panic!("{error}: {step:?} on {standing:?}"));
        }
        aws.change(|state| state.zones[&zone().id].records.clone())
    }
}

/// The changes of a plan, a line each: `CREATE A web.example.com`. What goes as it was read, and
/// comes as it should be, is one: `CHANGE A web.example.com`.
fn changes(plan: &Plan) -> Vec<String> {
    let batches = plan.steps.iter().filter_map(|step| match &step.action {
        Action::Aws(AwsAction::Route53(Route53Action::ChangeRecords { changes, .. })) => {
            Some(changes)
        }
        Action::Aws(_) | Action::Kube(_) => None,
    });
    let each: Vec<_> = batches.flatten().collect();
    let has = |verb: Verb, key: &RecordKey| {
        each.iter().any(|change| change.verb == verb && change.record.key == *key)
    };
    let line = |change: &&RecordChange| {
        let key = &change.record.key;
        let one = key.set_identifier.as_ref().map(|id| format!(" {id}")).unwrap_or_default();
        let verb = match change.verb {
            Verb::Delete if has(Verb::Create, key) => return None,
            Verb::Create if has(Verb::Delete, key) => "CHANGE",
            verb => verb.as_str(),
        };
        Some(format!("{verb} {} {}{one}", key.record_type, key.name))
    };
    each.iter().filter_map(line).collect()
}

/// The codes of what is refused.
fn refusals(plan: &Plan) -> Vec<Code> {
    plan.refusals.iter().map(|problem| problem.code).collect()
}

#[test]
fn a_zone_of_any_external_dns_is_taken_over_without_a_change() {
    let case = Case::new(&["default/web web.example.com one"]);
    let both = [alias(HOST, RecordType::A, ALB), alias(HOST, RecordType::Aaaa, ALB)];
    let owned = |names: &[&str]| -> Vec<Record> {
        names.iter().map(|name| txt(name, "default", "default/web")).collect()
    };
    for (version, names) in [
        ("0.22", &["a-web.example.com", "aaaa-web.example.com"][..]),
        ("0.18 to 0.21", &["cname-web.example.com", "aaaa-web.example.com"]),
        ("0.16", &["web.example.com", "cname-web.example.com", "aaaa-web.example.com"]),
    ] {
        let zone = records(both.iter().cloned().chain(owned(names)));
        let plan = case.plan(&zone);
        assert!(plan.is_empty(), "{version}: {:?}", changes(&plan));
        assert_eq!(refusals(&plan), [], "{version}");
    }
    for (version, names) in
        [("0.12", &["web.example.com", "cname-web.example.com"][..]), ("0.11", &[HOST])]
    {
        let zone = records(both.iter().take(1).cloned().chain(owned(names)));
        assert!(case.plan(&zone).is_empty(), "{version}");
        let withdrawn = Case::new(&[]).carried_out(&zone);
        assert!(withdrawn.is_empty(), "{version}: {withdrawn:?}");
    }
}

#[test]
fn a_standing_record_is_withdrawn_exactly_as_it_stands() {
    let mut odd = txt("a-web.example.com", "default", "default/web");
    odd.value = RecordValue::Values {
        ttl: 60,
        values: vec![
            "\"heritage=external-dns,external-dns/dualstack=true,external-dns/owner=default,\
             external-dns/resource=ingress/default/web\""
                .to_owned(),
        ],
    };
    let zone = records([alias(HOST, RecordType::A, ALB), odd]);
    assert!(Case::new(&[]).carried_out(&zone).is_empty());
}

#[test]
fn values_of_others_at_the_hosts_own_name_stay() {
    let mut shared = txt(HOST, "default", "default/web");
    if let RecordValue::Values { values, .. } = &mut shared.value {
        values.push("\"v=spf1 -all\"".to_owned());
    }
    let zone = records([alias(HOST, RecordType::A, ALB), shared.clone()]);
    assert_eq!(Case::new(&[]).carried_out(&zone), records([shared]));
}

#[test]
fn a_name_goes_only_if_it_is_certain_that_nobody_wants_it() {
    let zone = |ingress| {
        let txt = txt("a-web.example.com", "default", ingress);
        records([alias(HOST, RecordType::A, ALB), txt])
    };
    let goes = |case: &Case, ingress| !case.plan(&zone(ingress)).is_empty();
    let case = Case::new(&[]);
    assert!(goes(&case, "default/web"), "its Ingress wants no name any more");
    assert!(goes(&case, "default/gone"), "its Ingress is gone, its load balancer is ours");
    let mut silent = case.clone();
    silent.stack.standing.insert(member("default/bad"));
    assert!(!goes(&silent, "default/bad"), "its Ingress stands and does not say what it wants");
    let mut early = case.clone();
    early.stack.is_complete = false;
    assert!(!goes(&early, "default/web"), "somebody else may want it");
    let mut elsewhere = case.clone();
    elsewhere.stack.elsewhere.insert(HOST.to_owned());
    assert!(!goes(&elsewhere, "default/web"), "it is wanted in a zone beneath");
    let mut neighbour = case.clone();
    neighbour.load_balancers.values_mut().for_each(|address| address.cluster = None);
    assert!(!goes(&neighbour, "default/gone"), "another cluster has the same owner id");
    let mut filtered = case.clone();
    filtered.dns.filter.domains = vec!["other.org".to_owned()];
    assert!(!goes(&filtered, "default/web"), "--domain-filter leaves it out");
    let mut kept = case;
    kept.dns.policy = DnsPolicy::UpsertOnly;
    assert!(!goes(&kept, "default/web"), "--policy keeps it");
}

#[test]
fn who_has_a_name_keeps_it_and_who_comes_later_is_told() {
    let case = Case::new(&["default/web web.example.com one", "default/api web.example.com two"]);
    let fresh = case.plan(&Records::new());
    assert_eq!(changes(&fresh), ["CREATE A web.example.com", "CREATE TXT a-web.example.com"]);
    assert_eq!(refusals(&fresh), [Code::ForeignRecord]);
    assert_eq!(fresh.refusals[0].object.key, key("default/api"));
    let end = case.carried_out(&Records::new());
    assert_eq!(end.values().find_map(Record::alias_target), Some(&AwsId::new(ALB)));
    let held = records([
        alias(HOST, RecordType::A, ALB_2),
        txt("a-web.example.com", "default", "default/api"),
    ]);
    let plan = case.plan(&held);
    assert!(plan.is_empty(), "{:?}", changes(&plan));
    assert_eq!(plan.refusals[0].object.key, key("default/web"));
    // Once the holder stops asking, the name moves.
    let moved = Case::new(&["default/web web.example.com one"]).carried_out(&held);
    assert_eq!(moved.values().find_map(Record::alias_target), Some(&AwsId::new(ALB)));
}

#[test]
fn policies_hold_back_what_they_say() {
    let wrong = records([
        alias(HOST, RecordType::A, ALB_2),
        txt("a-web.example.com", "default", "default/web"),
    ]);
    let cname = records([
        values(HOST, RecordType::Cname, "lb.example.net"),
        txt("cname-web.example.com", "default", "default/web"),
    ]);
    let mut case = Case::new(&["default/web web.example.com one"]);
    for (policy, of_wrong, of_cname) in
        [(DnsPolicy::Sync, 2, 4), (DnsPolicy::UpsertOnly, 2, 0), (DnsPolicy::CreateOnly, 0, 0)]
    {
        case.dns.policy = policy;
        assert_eq!(changes(&case.plan(&wrong)).len(), of_wrong, "{policy:?}");
        assert_eq!(changes(&case.plan(&cname)).len(), of_cname, "{policy:?}");
        assert_eq!(changes(&case.plan(&Records::new())).len(), 2, "{policy:?}");
    }
}

#[test]
fn a_name_waits_for_its_load_balancer_and_holds_up_no_other() {
    let mut case =
        Case::new(&["default/web web.example.com one", "default/api api.example.com two"]);
    let two = AwsId::new("two");
    case.load_balancers.get_mut(&two).unwrap().state = LoadBalancerState::Provisioning;
    let gates = |case: &Case| -> Vec<Option<WaitKey>> {
        case.plan(&Records::new()).steps.into_iter().map(|step| step.gate).collect()
    };
    assert_eq!(gates(&case), [None, Some(WaitKey::Active(AwsId::new(ALB_2)))]);
    let handle = Handle::LoadBalancer(group("default/api"), Slot::default());
    let wish = &mut case.stack.names.get_mut("api.example.com").unwrap()[0];
    wish.load_balancer = Id::Of(handle.clone());
    assert_eq!(gates(&case), [None, Some(WaitKey::Made(handle))]);
}

#[test]
fn what_cannot_be_a_name_says_why() {
    let case = Case::new(&["default/web web.example.com one"]);
    for (standing, word) in [
        (alias(HOST, RecordType::A, ALB_2), "no TXT record of an owner"),
        (txt("a-web.example.com", "other", "x/y"), "names the owner \"other\""),
        (values("a-web.example.com", RecordType::Txt, "\"hello\""), "about something else"),
        (values(HOST, RecordType::Cname, "lb.example.net"), "the CNAME record"),
    ] {
        let zone = records([standing]);
        let plan = case.plan(&zone);
        assert!(plan.is_empty(), "{word}: {:?}", changes(&plan));
        assert!(plan.refusals[0].found.contains(word), "{word}: {:?}", plan.refusals);
    }
    let mut weighted = alias(HOST, RecordType::A, ALB);
    weighted.key.set_identifier = Some("blue".to_owned());
    let plan = case.plan(&records([weighted]));
    assert!(plan.is_empty() && plan.refusals[0].found.contains("set identifier \"blue\""));
    // Somebody else's record that leads there already is nobody's problem.
    let plan = case.plan(&records([alias(HOST, RecordType::A, ALB)]));
    assert!(plan.is_empty() && plan.refusals.is_empty());
}

#[test]
fn a_name_that_is_never_withdrawn_holds_up_no_load_balancer() {
    let leading = |resource: &str| {
        let (owner, resource) = ("default".to_owned(), resource.to_owned());
        let owner = Ownership { owner, resource, is_dualstack: false };
        let txt = values("a-web.example.com", RecordType::Txt, &owner.to_string());
        let zone = records([alias(HOST, RecordType::A, ALB), txt]);
        Case::new(&[]).leading(&zone).len()
    };
    assert_eq!((leading("ingress/default/web"), leading("crd/default/web")), (1, 0));
}
