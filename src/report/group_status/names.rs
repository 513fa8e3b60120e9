//! Whether a group's hosts lead to its load balancer, by the records of hosted zones.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{AskedName, AskedNames, GroupLook, NamePlace, Said, Share, listed, told};
use crate::model::id::AwsId;
use crate::model::ingress_group::Truth;
use crate::model::inventory::{Records, of_name};
use crate::model::known::Known;
use crate::model::problem::Code;
use crate::model::record::{RecordType, Spread};
use crate::report::explain::led_to;
use crate::report::topology::Believed;

/// The reason of names that are nobody's business here.
const REASON_NOT_KEPT: &str = "NotKept";
/// The reason of names none of which has a place in a hosted zone of the account.
const REASON_NO_ZONE: &str = "NoHostedZone";
/// What is told of a name that is not as somebody asks for it.
const TOLD: [Code; 3] = [Code::ForeignRecord, Code::RefusedRecord, Code::ContestedName];

/// Whether names are somebody else's, who keeps them elsewhere: whether a group is served does not
/// hang on what nobody here can know.
pub(super) fn are_elsewhere(said: &Said) -> bool {
    [REASON_NOT_KEPT, REASON_NO_ZONE].contains(&said.reason.as_str())
}

/// How far a name has come.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// It leads where it should.
    Led,
    /// So it does by its records; whether all name servers answer by them nobody is told.
    Untold,
    /// So it does by its records, by which some name servers may not answer yet.
    NotInSync,
    /// It leads elsewhere.
    Elsewhere,
    /// It has no record.
    Missing,
    /// Its zone cannot be read, for this reason.
    Unread(String),
    /// Nobody has looked at its zone yet.
    Early,
}

pub(super) fn said(look: &GroupLook, believed: &Believed) -> (Said, Share) {
    let asked = match &look.names {
        AskedNames::Untold => return (Said::early("its names"), Share(0, 0)),
        AskedNames::NotKept => {
            let message = "no names are kept for it, so nobody here knows where its hosts lead: \
                           annotation dns of the IngressClass, or --dns, asks for them";
            return (Said::new(Truth::Unknown, REASON_NOT_KEPT, message), Share(0, 0));
        }
        AskedNames::NoZones(false) => return (Said::early("hosted zones"), Share(0, 0)),
        AskedNames::NoZones(true) => {
            let error = "nobody may look which there are; allow route53:ListHostedZones";
            return (Said::unread("hosted zones", error), Share(0, 0));
        }
        AskedNames::Asked(asked) => asked,
    };
    let inventory = &believed.inventory;
    let fronts = inventory.frontend_nlbs.iter().chain(inventory.load_balancers.iter());
    let own: BTreeSet<String> = fronts.map(|live| live.dns_name.to_lowercase()).collect();
    let (here, elsewhere): (Vec<&AskedName>, Vec<&AskedName>) =
        asked.iter().partition(|name| !name.zones.is_empty());
    let mut elsewhere: Vec<String> = elsewhere.iter().map(|name| name.host.clone()).collect();
    let stages: Vec<(&str, Stage)> =
        here.iter().map(|name| (name.host.as_str(), stage(name, believed, &own))).collect();
    let led = stages.iter().filter(|(_, stage)| *stage <= Stage::Untold).count();
    let share = Share(led, stages.len());
    let mut said = judge(look, &stages);
    if !elsewhere.is_empty() {
        let elsewhere = listed(&mut elsewhere, ", ");
        let beside = format!("{elsewhere}: no hosted zone of the account is for them");
        if stages.is_empty() {
            return (Said::new(Truth::Unknown, REASON_NO_ZONE, beside), share);
        }
        said.message = format!("{}; {beside}", said.message);
    }
    (said, share)
}

fn judge(look: &GroupLook, stages: &[(&str, Stage)]) -> Said {
    let of = |is_meant: &dyn Fn(&Stage) -> bool| {
        let meant = stages.iter().filter(|(_, stage)| is_meant(stage));
        meant.map(|(host, _)| (*host).to_owned()).collect::<Vec<String>>()
    };
    let reasons = TOLD.map(|code| code.to_string());
    let is_behind = |stage: &Stage| matches!(stage, Stage::Elsewhere | Stage::Missing);
    if stages.iter().any(|(_, stage)| is_behind(stage)) {
        let complaint = look.complaints.iter().find(|one| reasons.contains(&one.said.reason));
        if let Some(complaint) = complaint {
            return Said::new(Truth::False, complaint.said.reason.clone(), told(complaint));
        }
    }
    for (stage, reason, what) in [
        (
            Stage::Elsewhere,
            "LeadsElsewhere",
            "their records lead elsewhere; they are about to be \
                                              changed, or somebody else's",
        ),
        (
            Stage::Missing,
            "NoRecord",
            "their records are not written yet: that waits until the load \
                                      balancer is active",
        ),
        (
            Stage::NotInSync,
            "NotInSync",
            "their records are written, and not all of Route 53's name servers answer by them \
             yet, which takes a minute as a rule",
        ),
    ] {
        let mut hosts = of(&|other| *other == stage);
        if !hosts.is_empty() {
            return Said::new(
                Truth::False,
                reason,
                format!("{}: {what}", listed(&mut hosts, ", ")),
            );
        }
    }
    let unread = stages.iter().find_map(|(_, stage)| match stage {
        Stage::Unread(error) => Some(error),
        Stage::Led
        | Stage::Untold
        | Stage::NotInSync
        | Stage::Elsewhere
        | Stage::Missing
        | Stage::Early => None,
    });
    if let Some(error) = unread {
        return Said::unread("the hosted zone", error);
    }
    if stages.iter().any(|(_, stage)| *stage == Stage::Early) {
        return Said::early("the records of its hosts");
    }
    match stages.len() {
        0 => Said::new(Truth::True, "NoneAsked", "none of its hosts is to become a name"),
        count => {
            let mut message = format!("{count} of {count} names have their records");
            if stages.iter().any(|(_, stage)| *stage == Stage::Untold) {
                message += "; nobody is told whether all of Route 53's name servers answer by \
                            them yet, which takes route53:GetChange";
            }
            Said::new(Truth::True, "Led", message)
        }
    }
}

fn stage(name: &AskedName, believed: &Believed, own: &BTreeSet<String>) -> Stage {
    let each = name.zones.iter().map(|place| {
        let NamePlace { zone, unread, spread } = place;
        match (believed.records.get(zone), unread) {
            (_, Some(error)) => Stage::Unread(error.clone()),
            (Some(known), None) => match (in_zone(name, known, own), spread) {
                (Stage::Led, Spread::OnItsWay) => Stage::NotInSync,
                (Stage::Led, Spread::Untold) => Stage::Untold,
                (stage, _) => stage,
            },
            (None, None) => Stage::Early,
        }
    });
    // The worst of them: a host that lies in two zones is asked for in both.
    each.max().unwrap_or(Stage::Missing)
}

fn in_zone(name: &AskedName, known: &Known<Arc<Records>>, own: &BTreeSet<String>) -> Stage {
    let records = match known {
        Known::Unread => return Stage::Early,
        Known::Absent(_) => return Stage::Missing,
        Known::Is(records, _) => records,
    };
    let is_address = |kind| matches!(kind, RecordType::A | RecordType::Aaaa | RecordType::Cname);
    let mut found = of_name(records, &name.host).filter(|one| is_address(one.key.record_type));
    let mut found = found.by_ref().peekable();
    if found.peek().is_none() {
        Stage::Missing
    } else if name.is_given || found.any(|one| led_to(one).iter().any(|to| own.contains(to))) {
        Stage::Led
    } else {
        Stage::Elsewhere
    }
}

/// The hosted zones of names.
#[must_use]
pub fn zones_of(names: &AskedNames) -> BTreeSet<&AwsId> {
    match names {
        AskedNames::Asked(asked) => {
            asked.iter().flat_map(|name| name.zones.iter().map(|place| &place.zone)).collect()
        }
        AskedNames::Untold | AskedNames::NotKept | AskedNames::NoZones(_) => BTreeSet::new(),
    }
}
