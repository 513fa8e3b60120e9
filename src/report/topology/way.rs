//! The way of a host: its record, the load balancer, what listens there, the rules, the target
//! groups, the pods; each with what is to be said of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::standing::{Believed, TargetGroupView, TargetView, conditions, ways};
use super::{Standpoint, Surroundings};
use crate::model::id::AwsId;
use crate::model::inventory::{LiveListener, LiveLoadBalancer, LiveRule};
use crate::model::listener::Protocol;
use crate::model::rule::{Condition, Fit, Request, Rule, RuleAction};
use crate::model::surroundings::IssuedCertificates;
use crate::report::explain::{self, Account, FrontendNlb, Station, Url, Verdict};

/// How many rules, and how many pods, are told of for one host; the page has all below.
const LINES_MAX: usize = 10;

/// A host, and where it leads.
#[derive(Clone, Debug, Serialize)]
pub struct HostView {
    /// The host; empty for all that no other rule names.
    pub host: String,
    /// The members that name it.
    pub ingresses: Vec<String>,
    /// The worst that is to be said of a station.
    pub verdict: Verdict,
    /// The stations: `record`, `load balancer`, `listener`, `rule`, `target group` and `pods`.
    pub stations: Vec<Station>,
}

/// What ways are told from.
pub(super) struct Way<'a> {
    standpoint: &'a Standpoint,
    around: &'a Surroundings,
    believed: &'a Believed,
    places: &'a BTreeMap<&'a AwsId, usize>,
    target_groups: &'a [TargetGroupView],
    fronts: Vec<FrontendNlb>,
    certificates: IssuedCertificates,
}

impl<'a> Way<'a> {
    pub(super) fn new(
        standpoint: &'a Standpoint,
        (around, believed): (&'a Surroundings, &'a Believed),
        (places, target_groups): (&'a BTreeMap<&'a AwsId, usize>, &'a [TargetGroupView]),
    ) -> Self {
        let inventory = &believed.inventory;
        let behind = inventory.load_balancers.iter().next().map(|live| live.live.id.clone());
        let fronts = inventory.frontend_nlbs.iter().filter_map(|nlb| {
            let dns_name = nlb.dns_name.to_lowercase();
            Some(FrontendNlb { dns_name, load_balancer: behind.clone()? })
        });
        Self {
            standpoint,
            around,
            believed,
            places,
            target_groups,
            fronts: fronts.collect(),
            certificates: IssuedCertificates::default(),
        }
    }

    /// The way of a host.
    pub(super) fn of(&self, host: String, members: BTreeSet<String>) -> HostView {
        let request = self.request(&host);
        let rules = self.rules(&request);
        let reached = self.reached(&rules);
        let mut stations = vec![self.record(&host)];
        stations.extend(self.load_balancers());
        stations.push(self.listeners());
        stations.push(self.taken(&rules));
        stations.extend(reached.iter().filter_map(|place| self.target_group(*place)));
        stations.extend(self.pods(&reached));
        let verdict = stations.iter().map(|station| station.verdict).max();
        HostView {
            host,
            ingresses: members.into_iter().collect(),
            verdict: verdict.unwrap_or(Verdict::Unknown),
            stations,
        }
    }

    fn all(&self) -> &'a [LiveLoadBalancer] {
        self.believed.inventory.load_balancers.value().map(Vec::as_slice).unwrap_or_default()
    }

    fn all_listeners(&self) -> impl Iterator<Item = &'a LiveListener> {
        self.all().iter().flat_map(|live| live.listeners.iter())
    }

    /// A request for a host; of a wildcard for one of its names, and of none in particular for the
    /// load balancer's own.
    fn request(&self, host: &str) -> Request {
        let own = || self.all().first().map(|live| live.dns_name.to_lowercase());
        let name = if host.is_empty() { own().unwrap_or_default() } else { host.to_owned() };
        Request::get(&name.replacen('*', "any", 1), "/")
    }

    fn record(&self, host: &str) -> Station {
        if host.is_empty() {
            let found = "every host that leads to the load balancer and that no other rule names";
            return Station::new("record", Verdict::Note, found);
        }
        if self.around.zones.is_none() {
            let found = "hosted zones are not known here, so nobody knows where the name leads";
            return Station::new("record", Verdict::Note, found);
        }
        let account = Account {
            now: self.standpoint.now,
            zones: self.around.zones.as_deref(),
            records: &self.believed.records,
            load_balancers: self.all(),
            frontend_nlbs: &self.fronts,
            target_groups: &[],
            certificates: &self.certificates,
            targets: &BTreeMap::new(),
            guards: None,
            behind: None,
        };
        let host = host.replacen('*', "any", 1);
        account.record(&Url { protocol: Protocol::Http, host, port: 80, target: "/".to_owned() })
    }

    fn load_balancers(&self) -> Vec<Station> {
        let inventory = &self.believed.inventory;
        let fronts = inventory.frontend_nlbs.iter();
        let stations: Vec<Station> = fronts.chain(self.all()).map(explain::load_balancer).collect();
        if !stations.is_empty() {
            return stations;
        }
        vec![if inventory.load_balancers.is_read() {
            Station::new("load balancer", Verdict::Bad, "there is none")
                .with_mend("see what is wrong, and what is left to do, on this page")
        } else {
            Station::new("load balancer", Verdict::Unknown, self.unknown())
        }]
    }

    /// Why nothing is known.
    fn unknown(&self) -> &'static str {
        if self.standpoint.leads {
            "nobody has looked at AWS yet"
        } else {
            "this replica does not lead, and so does not look at AWS"
        }
    }

    fn listeners(&self) -> Station {
        let said = |one: &LiveListener| format!("{} on port {}", one.live.spec.protocol, one.port);
        let there: Vec<String> = self.all_listeners().map(said).collect();
        if !there.is_empty() {
            return Station::new("listener", Verdict::Good, there.join(", "));
        }
        if self.all().iter().any(|live| live.listeners.is_read()) {
            Station::new("listener", Verdict::Bad, "nobody listens")
        } else {
            Station::new("listener", Verdict::Unknown, self.unknown())
        }
    }

    /// The rules that may take requests for a host, each with its listener.
    fn rules(&self, request: &Request) -> Vec<(&'a LiveListener, &'a LiveRule)> {
        let each =
            self.all_listeners().flat_map(|one| one.rules.iter().map(move |rule| (one, rule)));
        each.filter(|(_, live)| concerns(&live.rule, request)).collect()
    }

    /// The target groups that these rules lead to, and where there is no rule the default action.
    fn reached(&self, rules: &[(&LiveListener, &LiveRule)]) -> BTreeSet<usize> {
        let actions = rules.iter().flat_map(|(_, live)| &live.rule.actions);
        let default = self.all_listeners().flat_map(|one| &one.live.spec.default_actions);
        let default = default.filter(|_| rules.is_empty());
        let groups = actions.chain(default).flat_map(RuleAction::target_groups);
        let ids = groups.filter_map(|weighted| weighted.group.given());
        ids.filter_map(|id| self.places.get(id)).copied().collect()
    }

    fn taken(&self, rules: &[(&LiveListener, &LiveRule)]) -> Station {
        let listeners = self.all_listeners().count();
        if listeners == 0 {
            return Station::new("rule", Verdict::Unknown, self.unknown());
        }
        let said = |(one, live): &(&LiveListener, &LiveRule)| {
            let ways: Vec<String> = live
                .rule
                .actions
                .iter()
                .flat_map(|action| ways(action, self.places).into_iter().map(|way| way.text))
                .collect();
            let asked = conditions(&live.rule).join(" ");
            format!("{} on port {}: {asked} -> {}", live.priority, one.port, ways.join(", "))
        };
        let mut beside: Vec<String> = rules.iter().take(LINES_MAX).map(said).collect();
        if rules.len() > LINES_MAX {
            beside.push(format!("and {} more, below", rules.len() - LINES_MAX));
        }
        let found = match rules.len() {
            0 => "none is for it: the default action takes requests".to_owned(),
            1 => "1 takes requests for it".to_owned(),
            count => format!("{count} take requests for it"),
        };
        Station { beside, ..Station::new("rule", Verdict::Good, found) }
    }

    fn target_group(&self, place: usize) -> Option<Station> {
        let view = self.target_groups.get(place)?;
        let count = &view.count;
        let verdict = super::verdict(count);
        let service = view.service.as_ref().map(|service| format!(" for Service {service}"));
        let found =
            format!("{}{}: {}", view.name, service.unwrap_or_default(), super::in_words(count));
        Some(Station::new("target group", verdict, found))
    }

    fn pods(&self, reached: &BTreeSet<usize>) -> Option<Station> {
        let groups = reached.iter().filter_map(|place| self.target_groups.get(*place));
        let all = || groups.clone().flat_map(|group| &group.targets);
        all().next()?;
        let said = |target: &TargetView| {
            let who = target.who.as_deref().unwrap_or("nobody that is known");
            format!("{who} ({}) {}", target.target, target.words)
        };
        let mut beside: Vec<String> = all().take(LINES_MAX).map(said).collect();
        let count = all().count();
        if count > LINES_MAX {
            beside.push(format!("and {} more, below", count - LINES_MAX));
        }
        let of = |verdict| all().filter(|target| target.verdict == verdict).count();
        let (well, new) = (of(Verdict::Good), of(Verdict::Unknown));
        let (verdict, found) = match count - well {
            0 => (Verdict::Good, format!("{count}, all of which take requests")),
            left if left == new => {
                let found = format!("{count}, of which {new} were not looked at since registered");
                (Verdict::Unknown, found)
            }
            _ => (Verdict::Note, format!("{well} of {count} take requests")),
        };
        Some(Station { beside, ..Station::new("pods", verdict, found) })
    }
}

/// Whether a rule may take requests for a host, whatever else it asks of them.
fn concerns(rule: &Rule, request: &Request) -> bool {
    let is_host =
        |missed: &&Condition| matches!(missed, Condition::Host(_) | Condition::HostRegex(_));
    match rule.fit(request) {
        Fit::Takes | Fit::Unclear(_) => true,
        Fit::Misses(missed) => !missed.iter().any(is_host),
    }
}
