//! What it costs to hold a hosted zone against what is wished for, without a call.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use albedo::model::id::{AwsId, Id};
use albedo::model::inventory::{Address, Records, ZoneInventory};
use albedo::model::known::Known;
use albedo::model::load_balancer::LoadBalancerState;
use albedo::model::ownership::{Ownership, TTL};
use albedo::model::record::{HostedZone, Record, RecordType, RecordValue, RecordWish, WishedValue};
use albedo::model::routing::Routing;
use albedo::model::settings::Settings;
use albedo::model::snapshot::Extent;
use albedo::model::source::Source;
use albedo::model::stack::{Braked, ZoneStack};
use albedo::plan::zone::plan;
use jiff::Timestamp;

use super::support::world::{key, settings};
use super::table::Table;
use super::{MEMORY, MIB, timed};

/// How many names there are; each has an A record, and the TXT record that says whose it is.
const NAMES: usize = 50_000;
/// How many names a load balancer has.
const NAMES_EACH: usize = 100;
/// How often the zone is planned. The cost is what a quarter of these take less than.
const ROUNDS: usize = 8;

struct Case {
    settings: Settings,
    stack: ZoneStack,
    inventory: ZoneInventory,
}

impl Case {
    fn new() -> Self {
        let settings = settings();
        let (mut names, mut records) = (BTreeMap::new(), Records::new());
        let (mut load_balancers, mut known) = (BTreeMap::new(), BTreeSet::new());
        for number in 0..NAMES {
            let (id, dns_name) = addressed(number / NAMES_EACH);
            let source = Source::ingress(key(&format!("team-{}/web-{number}", number % 97)));
            let host = format!("app-{number}.example.com");
            for record in [alias(&host, &dns_name), text(&host, &settings, &source)] {
                records.insert(record.key.clone(), record);
            }
            load_balancers.insert(id.clone(), address(dns_name));
            known.insert(source.clone());
            names.insert(host, vec![wish(id, source)]);
        }
        let zone = AwsId::new("Z0123456789ABC");
        let stack = ZoneStack {
            zone: HostedZone { id: zone, name: "example.com".to_owned(), is_private: false },
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
        let records = Known::Is(Arc::new(records), Timestamp::UNIX_EPOCH);
        let inventory = ZoneInventory { records, load_balancers, ..ZoneInventory::default() };
        Self { settings, stack, inventory }
    }

    fn run(&self) {
        let plan = plan(&self.settings, &Extent::Cluster, &self.stack, &self.inventory);
        assert!(plan.is_empty() && plan.refusals.is_empty(), "all stands as it should");
    }
}

fn addressed(group: usize) -> (AwsId, AwsId) {
    let name = format!("k8s-team-{group:07}-1234567890");
    let id = format!(
        "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/{name}/0123456789"
    );
    (AwsId::new(id), AwsId::new(format!("{name}.us-east-1.elb.amazonaws.com")))
}

fn address(dns_name: AwsId) -> Address {
    Address {
        dns_name,
        hosted_zone: AwsId::new("Z35SXDOTRQ7X7K"),
        state: LoadBalancerState::Active,
        has_ipv6: false,
        cluster: Some("demo".into()),
    }
}

fn alias(host: &str, dns_name: &AwsId) -> Record {
    let value = RecordValue::Alias {
        target: Id::Is(dns_name.clone()),
        hosted_zone: Some(AwsId::new("Z35SXDOTRQ7X7K")),
        evaluate_target_health: true,
    };
    Record::simple(host, RecordType::A, value)
}

fn text(host: &str, settings: &Settings, source: &Source) -> Record {
    let name = settings.dns.txt_names.name("example.com", host, RecordType::A);
    let values = vec![Ownership::of(&settings.dns.owner, source).to_string()];
    Record::simple(&name, RecordType::Txt, RecordValue::Values { ttl: TTL, values })
}

fn wish(load_balancer: AwsId, source: Source) -> RecordWish {
    RecordWish {
        value: WishedValue::Alias { evaluate_target_health: true },
        load_balancer: Id::Is(load_balancer),
        ttl: None,
        set_identifier: None,
        routing: Routing::Simple,
        health_check: None,
        source,
        others: BTreeSet::new(),
    }
}

/// The figures of a large zone.
pub fn measure(table: &mut Table) {
    let before = MEMORY.allocated();
    let case = Case::new();
    let mut took: Vec<Duration> = (0..ROUNDS).map(|_| timed::cpu_of(|| case.run())).collect();
    took.sort();
    let what = format!("{} records of ours in a hosted zone, compared", 2 * NAMES);
    table.row(&what, super::ms(took[ROUNDS / 4]), 200.0, "ms");
    #[expect(clippy::cast_precision_loss, reason = "it is shown with one digit")]
    let kept = (MEMORY.allocated() - before) as f64 / MIB;
    table.row("  what is kept of them", kept, 150.0, "MiB");
}
