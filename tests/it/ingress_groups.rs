//! How groups are, as their IngressGroups show it: each condition in each of its states, written
//! when something has changed and never else, by who leads, for as long as there is the group.

use std::time::Duration;

use albedo::clock::Clock as _;
use albedo::cluster::Kind;
use albedo::model::action::{AwsAction, Route53Action};
use albedo::model::id::AwsId;
use albedo::model::ingress_group::{Aspect, GroupStatus};
use albedo::model::names;
use albedo::model::record::RecordType;
use albedo::model::settings::{DnsScope, Scope, Settings};
use albedo::model::target::TargetState;

use super::support::cluster::IngressGroup;
use super::support::fake::Fake;
use super::support::site::{Controller, Site};
use super::support::world::{CERTIFICATE, group, key, settings, wait};

mod conditions;
mod sync;

const WEB: &str = "
service shop/web: {ports: ['80:8080']}
endpoints shop/web: {at: [172.31.0.1, 172.31.0.2]}
";
/// Longer than news are gathered for.
const A_WHILE: u64 = 30;

fn served() -> String {
    format!(
        "{WEB}
ingress shop/a: {{group.name: edge, listen-ports: '[{{\"HTTPS\":443}}]',
  certificate-arn: '{CERTIFICATE}', rules: [a.example.com Prefix / web:80]}}
ingress team/b: {{group.name: edge, listen-ports: '[{{\"HTTPS\":443}}]',
  certificate-arn: '{CERTIFICATE}', rules: [b.example.com Prefix / web:80]}}
service team/web: {{ports: ['80:8080']}}
endpoints team/web: {{at: [172.31.0.3]}}
"
    )
}

fn named() -> Settings {
    let mut settings = settings();
    settings.dns.scope = DnsScope::All;
    settings
}

fn site(sketch: &str) -> Site {
    let site = Site::with(named(), sketch);
    site.aws.change(|state| state.add_zone("ZPUB", "example.com", false));
    site
}

/// A controller that has come to rest, and has shown how groups are; targets are looked at after
/// they were registered.
async fn shown(site: &Site) -> Controller<Fake> {
    let controller = site.settle().await;
    look(&controller).await;
    controller
}

async fn look(controller: &Controller<Fake>) {
    controller.look_again();
    controller.settle_for(120).await;
    controller.pass(A_WHILE).await;
}

/// The status and the reason of a condition.
fn says(site: &Site, name: &str, aspect: Aspect) -> String {
    let status = status(site, name);
    let condition = status.condition(aspect).unwrap();
    format!("{} {}", condition.status, condition.reason)
}

fn message(site: &Site, name: &str, aspect: Aspect) -> String {
    status(site, name).condition(aspect).unwrap().message.clone()
}

fn status(site: &Site, name: &str) -> GroupStatus {
    site.cluster.group_status(name).unwrap_or_else(|| panic!("nothing is shown of {name}"))
}

fn all(site: &Site, name: &str) -> Vec<String> {
    Aspect::ALL.map(|aspect| says(site, name, aspect)).to_vec()
}

#[test]
fn who_is_served_says_so_once_and_rests_also_over_a_restart() {
    wait(async {
        let site = site(&served());
        let controller = shown(&site).await;
        let expected = [
            "True Served",
            "True Programmed",
            "True Attached",
            "True Led",
            "True Healthy",
            "False Room",
        ];
        assert_eq!(all(&site, "edge"), expected, "{:#?}", status(&site, "edge"));
        let first = status(&site, "edge");
        let load_balancer = first.load_balancer.clone().unwrap();
        assert!(load_balancer.arn.starts_with("arn:"), "{load_balancer:?}");
        assert_eq!((first.rules, load_balancer.state.as_str()), (2, "active"));
        let shares = (&*first.targets_healthy, &*first.certificates_ready, &*first.names_ready);
        assert_eq!(shares, ("3/3", "1/1", "2/2"));
        assert_eq!((first.problem_count, first.ingress_count), (0, 2));
        assert_eq!((&*first.ingresses[1].namespace, &*first.ingresses[1].name), ("team", "b"));
        let writes = site.cluster.group_writes();
        // At rest, and when everything is looked at anew.
        controller.pass(24 * 60 * 60).await;
        look(&controller).await;
        assert_eq!(site.cluster.group_writes(), writes);
        drop(controller);
        let controller = shown(&site).await;
        controller.pass(3600).await;
        assert_eq!(site.cluster.group_writes(), writes, "a restart writes nothing");
        assert_eq!(status(&site, "edge"), first);
        // Of another process of this cluster nobody hears before it leads.
        let standby = site.standby_on(site.aws.clone());
        standby.pass(A_WHILE).await;
        assert_eq!(site.cluster.group_writes(), writes);
    });
}

#[test]
fn since_when_it_is_so_moves_with_the_status_alone() {
    wait(async {
        let site = site(&served());
        let controller = shown(&site).await;
        let since = |aspect| {
            let status = status(&site, "edge");
            status.condition(aspect).unwrap().last_transition_time.clone()
        };
        let before = Aspect::ALL.map(since);
        controller.pass(60).await;
        site.aws.set_health(TargetState::Unhealthy);
        look(&controller).await;
        let after = Aspect::ALL.map(since);
        for (place, aspect) in Aspect::ALL.into_iter().enumerate() {
            let has_moved = matches!(aspect, Aspect::Ready | Aspect::TargetsHealthy);
            assert_eq!(before[place] != after[place], has_moved, "{aspect:?}");
        }
        // Fewer of them, and as ill as before.
        controller.cluster.add("endpoints shop/web: {at: [172.31.0.1]}");
        look(&controller).await;
        assert_eq!(Aspect::ALL.map(since), after);
    });
}

#[test]
fn what_is_shown_goes_with_its_group_and_what_nobody_owns_goes_at_the_start() {
    wait(async {
        let site = site(&served());
        let keeper = names::keeper(Scope::All, "alb");
        let left = |name: &str, keeper: &str| {
            let one = IngressGroup {
                group: group(name),
                keeper: keeper.to_owned(),
                status: GroupStatus::default(),
            };
            let mut groups = site.cluster.groups.lock().unwrap();
            groups.by_name.insert(names::ingress_group(&group(name)), one);
        };
        left("gone", &keeper);
        left("shop/gone", &keeper);
        left("theirs", &names::keeper(Scope::Own, "alb"));
        let controller = shown(&site).await;
        let there = || -> Vec<String> {
            site.cluster.groups.lock().unwrap().by_name.keys().cloned().collect()
        };
        assert_eq!(there(), ["edge", "theirs"]);
        controller.cluster.delete(&key("shop/a"));
        controller.settle().await;
        controller.pass(A_WHILE).await;
        assert_eq!(status(&site, "edge").ingress_count, 1);
        controller.cluster.delete(&key("team/b"));
        controller.settle().await;
        controller.pass(A_WHILE).await;
        assert_eq!(there(), ["theirs"]);
        let kept = controller.runtime.world().lock().unshown.len();
        assert_eq!(kept, 0, "nothing is kept of who is gone");
    });
}

#[test]
fn where_nobody_may_write_them_all_else_goes_on_and_once_somebody_may_they_are_written() {
    wait(async {
        for trouble in [Kind::NotFound, Kind::Refused, Kind::Transient] {
            let site = site(&served());
            site.cluster.trouble_groups(Some(trouble));
            let controller = shown(&site).await;
            assert_eq!(site.aws.everything().load_balancers.len(), 1);
            assert!(site.cluster.group_status("edge").is_none());
            let before = site.cluster.groups.lock().unwrap().refused;
            controller.pass(60 * 60).await;
            let asked = site.cluster.groups.lock().unwrap().refused - before;
            let limit = if trouble == Kind::Transient { 3600 / 5 } else { 3600 / 300 };
            assert!((1..=limit + 1).contains(&asked), "{trouble:?}: {asked}");
            site.cluster.trouble_groups(None);
            controller.pass(10 * 60).await;
            assert_eq!(says(&site, "edge", Aspect::Ready), "True Served", "{trouble:?}");
        }
    });
}

#[test]
fn one_that_nobody_may_write_holds_up_no_other() {
    wait(async {
        let site = site(&format!(
            "{WEB}
ingress shop/a: {{group.name: aa, rules: [a.example.com Prefix / web:80]}}
ingress shop/b: {{group.name: bb, rules: [b.example.com Prefix / web:80]}}"
        ));
        site.cluster.groups.lock().unwrap().refused_name = Some("aa".to_owned());
        let controller = shown(&site).await;
        assert_eq!(says(&site, "bb", Aspect::Ready), "True Served");
        assert!(site.cluster.group_status("aa").is_none());
        let refused = || site.cluster.groups.lock().unwrap().refused;
        let before = refused();
        controller.pass(60 * 60).await;
        let asked = refused() - before;
        assert!((1..=13).contains(&asked), "it is tried again, and not often: {asked}");
        // News of another one are written at once.
        controller.cluster.add("ingress shop/b: {group.name: bb, rules: [any Prefix / web:80]}");
        controller.settle().await;
        controller.pass(A_WHILE).await;
        assert_eq!(says(&site, "bb", Aspect::DnsReady), "True NoneAsked");
        site.cluster.groups.lock().unwrap().refused_name = None;
        controller.pass(10 * 60).await;
        assert_eq!(says(&site, "aa", Aspect::Ready), "True Served");
    });
}

#[test]
fn many_changes_of_a_group_are_one_write_each_few_seconds() {
    wait(async {
        let site = site(&served());
        let controller = shown(&site).await;
        let writes = site.cluster.group_writes();
        let began = controller.clock.moment();
        for number in 0..60 {
            controller.cluster.add(&format!(
                "ingress shop/c: {{group.name: edge, rules: [any Exact /{number} web:80]}}"
            ));
            controller.clock.sleep(Duration::from_millis(250)).await;
        }
        controller.settle().await;
        controller.pass(A_WHILE).await;
        let seconds = controller.clock.moment().since(began).as_secs();
        let written = site.cluster.group_writes() - writes;
        assert!(written >= 1 && written as u64 <= seconds / 5 + 1, "{written} in {seconds} s");
    });
}

#[test]
fn a_record_that_somebody_changes_by_hand_is_mended_and_the_group_says_led_again() {
    wait(async {
        let site = site(&served());
        let controller = shown(&site).await;
        site.aws.change(|state| {
            let zone = state.zones.get_mut(&AwsId::new("ZPUB")).unwrap();
            zone.records.retain(|key, _| key.record_type == RecordType::Txt);
        });
        site.aws.forget_calls();
        look(&controller).await;
        let is_change = |action: &AwsAction| {
            matches!(action, AwsAction::Route53(Route53Action::ChangeRecords { .. }))
        };
        assert!(site.aws.performed().iter().any(is_change));
        assert_eq!(says(&site, "edge", Aspect::DnsReady), "True Led");
    });
}
