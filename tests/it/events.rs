//! What people are told: no more than they can read, nothing that is others' business, and never at
//! the cost of a visit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use albedo::aws::Kind as AwsKind;
use albedo::clock::Clock;
use albedo::cluster::{Cluster, ClusterError, EventQueue, EventRecorder, Kind, Recalled, Sought};
use albedo::model::action::{AwsAction, Ec2Action, KubeAction};
use albedo::model::gate::GateNews;
use albedo::model::group::Group;
use albedo::model::id::{AwsId, ObjectKey};
use albedo::model::ingress_group::{GroupStatus, Print};
use albedo::model::moment::Moment;
use albedo::model::problem::{Kind as ObjectKind, ObjectRef, Severity};
use albedo::model::report::{Event, StatusEntry};
use albedo::model::seen::{BindingStatus, SeenSecret};
use albedo::model::source::Source;
use albedo::telemetry::Metrics;
use jiff::Timestamp;
use smol_str::SmolStr;
use tokio::task::JoinHandle;

use super::support::fake::{Fault, Faulty, Struck, When};
use super::support::site::Site;
use super::support::world::{NODES, wait};

const TWO_TEAMS: &str = "
service shop/s: {ports: [80]}
service team/s: {ports: [80]}
ingress shop/a: {group.name: edge, group.order: 1, rules: [any Exact /a s:80]}
ingress team/b: {group.name: edge, group.order: 2, rules: [any Exact /b s:80]}
";

/// Who is told of it when the nth write is refused.
async fn told_when_refused(nth: usize) -> Vec<String> {
    let site = Site::new(TWO_TEAMS);
    let kind = AwsKind::Refused;
    let fault = Fault { struck: Struck::Writes, nth, when: When::Before, kind };
    let controller = site.start_on(Faulty::new(site.aws.clone(), vec![fault]));
    controller.settle().await;
    let events = site.cluster.events().into_iter();
    let refused = events.filter(|event| event.reason == "FailedDeployModel");
    refused.map(|event| event.object.key.to_string()).collect()
}

#[test]
fn a_refusal_is_told_to_whom_the_step_is_for() {
    wait(async {
        let site = Site::new(TWO_TEAMS);
        site.settle().await;
        let mut told: Vec<(&str, Vec<String>)> = Vec::new();
        for (place, action) in site.aws.performed().iter().enumerate() {
            told.push((action.operation().1, told_when_refused(place + 1).await));
        }
        let of = |operation: &str| -> Vec<&[String]> {
            let same = told.iter().filter(|(other, _)| *other == operation);
            same.map(|(_, objects)| objects.as_slice()).collect()
        };
        let each = [&["shop/a".to_owned()][..], &["team/b".to_owned()]];
        assert_eq!(of("CreateTargetGroup"), each, "{told:#?}");
        assert_eq!(of("CreateRule"), each, "{told:#?}");
        // What they share concerns both.
        let both = ["shop/a".to_owned(), "team/b".to_owned()];
        assert_eq!(of("CreateLoadBalancer"), [&both], "{told:#?}");
    });
}

/// One team's app stands at one port when another's comes with another port, and AWS refuses the
/// nth write of that.
async fn joined_when_refused(nth: Option<usize>) -> Site {
    let site = Site::new(
        "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.0.1]}
ingress shop/a: {rules: [any Exact /a s:80]}
",
    );
    site.settle().await;
    site.aws.forget_calls();
    site.cluster.add(
        "
service team/s: {ports: [80:9090]}
endpoints team/s: {at: [172.31.0.2]}
ingress team/b: {rules: [any Exact /b s:80]}
",
    );
    let kind = AwsKind::Refused;
    let fault = |nth| Fault { struck: Struck::Writes, nth, when: When::Before, kind };
    let aws = Faulty::new(site.aws.clone(), nth.map(fault).into_iter().collect());
    site.start_on(aws).settle().await;
    site
}

#[test]
fn who_is_not_reached_for_want_of_a_rule_hears_of_it() {
    wait(async {
        let clean = joined_when_refused(None).await;
        let opens = |action: &AwsAction| match action {
            AwsAction::Ec2(Ec2Action::AuthorizeIngress { group, .. }) => {
                group.given() == Some(&AwsId::new(NODES))
            }
            _ => false,
        };
        let place = clean.aws.performed().iter().position(opens).unwrap();
        let site = joined_when_refused(Some(place + 1)).await;
        let events = site.cluster.events().into_iter();
        let told = events.filter(|event| event.reason == "FailedNetworkReconcile");
        let told: Vec<(ObjectKind, String)> =
            told.map(|event| (event.object.kind, event.object.key.namespace.to_string())).collect();
        // The other one is still reached.
        assert_eq!(told, [(ObjectKind::TargetGroupBinding, "team".to_owned())]);
    });
}

#[test]
fn who_leaves_is_told_why_what_it_had_stays() {
    wait(async {
        let site = Site::new(
            "
service shop/s: {ports: [80]}
ingress shop/a: {load-balancer-attributes: deletion_protection.enabled=true,
  rules: [any Exact /a s:80]}
",
        );
        let controller = site.settle().await;
        controller.cluster.forget_calls();
        controller.cluster.delete(&ObjectKey::new("shop", "a"));
        // It is looked at again for ever.
        controller.settle_for(20).await;
        let mut events = site.cluster.events();
        events.dedup();
        let [event] = &events[..] else { panic!("{events:#?}") };
        assert_eq!(
            (event.reason.as_str(), event.object.key.name.as_str()),
            ("DeletionProtected", "a")
        );
        assert!(event.message.contains("deletion_protection.enabled"), "{}", event.message);
    });
}

#[test]
fn however_much_is_wrong_an_object_is_told_ten_things_and_how_many_more_there_are() {
    wait(async {
        let unknown: Vec<String> = (0..300).map(|number| format!("nonsense-{number}: x")).collect();
        let unknown = unknown.join(", ");
        let site = Site::new(&format!(
            "
service shop/s: {{ports: [80]}}
ingress shop/a: {{{unknown}, listen-ports: nonsense, rules: [any Exact /a s:80]}}
"
        ));
        site.settle().await;
        let events = site.cluster.events().into_iter();
        let events: Vec<Event> =
            events.filter(|event| event.reason != "SuccessfullyReconciled").collect();
        assert_eq!(events.len(), 11, "{events:#?}");
        let last = events.last().unwrap();
        assert!(last.message.starts_with("and 29"), "{}", last.message);
        // The gravest come first.
        assert_eq!((events[0].severity, events[1].severity), (Severity::Error, Severity::Note));
    });
}

#[test]
fn what_somebody_wrote_does_not_push_out_what_helps() {
    wait(async {
        let giant = "x\\n".repeat(100_000);
        let site = Site::new(&format!(
            "
service shop/s: {{ports: [80]}}
ingress shop/a: {{scheme: \"{giant}\", rules: [any Exact /a s:80]}}
"
        ));
        site.settle().await;
        let events = site.cluster.events();
        let [event] = &events[..] else { panic!("{events:#?}") };
        assert!(event.message.len() < 1024 && !event.message.contains('\n'), "{}", event.message);
        assert!(event.message.contains("; allowed: ") && event.message.contains("; meanwhile: "));
    });
}

/// Time that passes only while somebody waits.
#[derive(Clone, Default)]
struct HandClock(Arc<Mutex<Duration>>);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + *self.0.lock().unwrap()
    }

    fn moment(&self) -> Moment {
        Moment::after_start(*self.0.lock().unwrap())
    }

    async fn sleep(&self, duration: Duration) {
        *self.0.lock().unwrap() += duration;
    }

    #[expect(clippy::disallowed_methods, reason = "this is a clock")]
    fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        tokio::spawn(task)
    }
}

/// An API server that takes Events, after it has refused some.
#[derive(Default)]
struct Inbox {
    events: Mutex<Vec<String>>,
    refusals: AtomicUsize,
    kind: Option<Kind>,
}

impl Cluster for Inbox {
    async fn perform(&self, _action: &KubeAction) -> Result<(), ClusterError> {
        Ok(())
    }

    async fn status(&self, _: &Source, _: &[StatusEntry]) -> Result<(), ClusterError> {
        Ok(())
    }

    async fn noted(&self, _: &ObjectKey) -> Result<Option<BTreeSet<SmolStr>>, ClusterError> {
        Ok(None)
    }

    async fn binding_status(&self, _: &ObjectKey, _: &BindingStatus) -> Result<(), ClusterError> {
        Ok(())
    }

    async fn gate(&self, _: &GateNews) -> Result<(), ClusterError> {
        Ok(())
    }

    async fn recall(&self) -> Result<Recalled, ClusterError> {
        Ok(Recalled::default())
    }

    async fn move_in(&self) -> Result<(), ClusterError> {
        Ok(())
    }

    async fn mark(&self) -> Result<(), ClusterError> {
        Ok(())
    }

    async fn names(&self, _: &Sought) -> Result<BTreeSet<String>, ClusterError> {
        Ok(BTreeSet::new())
    }

    async fn secret(&self, _: &ObjectKey) -> Result<Arc<SeenSecret>, ClusterError> {
        Ok(Arc::new(SeenSecret::Missing))
    }

    async fn shown_groups(&self, _: &str) -> Result<BTreeMap<Group, Print>, ClusterError> {
        Ok(BTreeMap::new())
    }

    async fn show_group(&self, _: &Group, _: &GroupStatus, _: &str) -> Result<(), ClusterError> {
        Ok(())
    }

    async fn hide_group(&self, _: &Group) -> Result<(), ClusterError> {
        Ok(())
    }

    async fn event(&self, event: &Event) -> Result<(), ClusterError> {
        let left = self.refusals.load(Ordering::Relaxed);
        if let (Some(kind), true) = (self.kind, left > 0) {
            self.refusals.store(left - 1, Ordering::Relaxed);
            return Err(ClusterError {
                kind,
                operation: "Event".to_owned(),
                reason: "Down".to_owned(),
                message: "no".to_owned(),
            });
        }
        self.events.lock().unwrap().push(format!("{} {}", event.object.key.name, event.message));
        Ok(())
    }
}

fn event(name: &str, message: &str) -> Event {
    Event {
        object: ObjectRef::of(&Source::ingress(ObjectKey::new("shop", name))),
        uid: "1".to_owned(),
        severity: Severity::Note,
        reason: "Said".to_owned(),
        message: message.to_owned(),
    }
}

fn many(name: &str, count: usize) -> Vec<Event> {
    (0..count).map(|number| event(name, &number.to_string())).collect()
}

fn recorder() -> (EventRecorder, EventQueue, Arc<Metrics>) {
    let metrics = Arc::new(Metrics::new());
    let (recorder, queue) = EventRecorder::new(Arc::clone(&metrics));
    (recorder, queue, metrics)
}

fn counted(metrics: &Metrics, result: &str) -> usize {
    let text = metrics.encode().unwrap();
    let start = format!("albedo_events_total{{result=\"{result}\"}} ");
    let count = text.lines().find_map(|line| line.strip_prefix(&start));
    count.map_or(0, |count| count.parse().unwrap())
}

#[test]
fn an_object_that_has_much_to_say_does_not_drown_another() {
    wait(async {
        let (recorder, queue, metrics) = recorder();
        let start = Moment::default();
        recorder.record(start, many("loud", 3000));
        recorder.record(start, [event("quiet", "hello")]);
        recorder.record(start.plus(Duration::from_secs(300)), many("loud", 2));
        drop(recorder);
        let inbox = Inbox::default();
        queue.send_all(&inbox, &HandClock::default(), || true).await;
        let events = inbox.events.into_inner().unwrap();
        assert_eq!(events.iter().filter(|event| event.starts_with("loud")).count(), 26);
        assert!(events.contains(&"quiet hello".to_owned()));
        assert_eq!((counted(&metrics, "sent"), counted(&metrics, "rate_limited")), (27, 2976));
    });
}

#[test]
fn what_there_is_no_room_for_is_dropped_and_counted_and_costs_nobodys_budget() {
    wait(async {
        let (recorder, queue, metrics) = recorder();
        for number in 0..50 {
            recorder.record(Moment::default(), many(&number.to_string(), 25));
        }
        assert_eq!(counted(&metrics, "queue_full"), 250);
        let sending = async {
            let inbox = Inbox::default();
            queue.send_all(&inbox, &HandClock::default(), || true).await;
            inbox.events.into_inner().unwrap()
        };
        let saying = async {
            while counted(&metrics, "sent") < 1000 {
                tokio::task::yield_now().await;
            }
            recorder.record(Moment::default(), many("49", 25));
            drop(recorder);
        };
        let (events, ()) = tokio::join!(sending, saying);
        assert_eq!(events.iter().filter(|event| event.starts_with("49 ")).count(), 25);
    });
}

#[test]
fn an_event_waits_out_the_api_servers_trouble_and_none_is_tried_for_ever() {
    wait(async {
        let clock = HandClock::default();
        for (kind, refusals, sent, refused, seconds) in [
            (Kind::Transient, 2, 2, 0, 10),
            (Kind::Throttled, 3, 1, 1, 10),
            (Kind::Refused, 1, 1, 1, 0),
        ] {
            let (recorder, queue, metrics) = recorder();
            recorder.record(clock.moment(), many("a", 2));
            drop(recorder);
            let inbox = Inbox { refusals: refusals.into(), kind: Some(kind), ..Inbox::default() };
            let before = clock.moment();
            queue.send_all(&inbox, &clock, || true).await;
            let passed = clock.moment().since(before);
            assert_eq!(passed, Duration::from_secs(seconds), "{kind:?}");
            assert_eq!(counted(&metrics, "sent"), sent, "{kind:?}");
            assert_eq!(counted(&metrics, "refused"), refused, "{kind:?}");
        }
    });
}

#[test]
fn who_may_not_write_says_nothing() {
    wait(async {
        let (recorder, queue, metrics) = recorder();
        recorder.record(Moment::default(), many("a", 3));
        drop(recorder);
        let inbox = Inbox { refusals: 1.into(), kind: Some(Kind::Transient), ..Inbox::default() };
        // It is lost while an Event waits out the API server's trouble.
        let leads = AtomicBool::new(true);
        let may_write = || leads.swap(false, Ordering::Relaxed);
        queue.send_all(&inbox, &HandClock::default(), may_write).await;
        assert_eq!(inbox.events.into_inner().unwrap(), [""; 0]);
        assert_eq!(counted(&metrics, "not_leading"), 3);
    });
}
