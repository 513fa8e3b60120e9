//! Plans in the log: bounded, and said when they say something new.

use std::io;
use std::sync::{Arc, Mutex};

use albedo::model::action::{Action, AwsAction, ElbAction};
use albedo::model::id::{AwsId, ObjectKey};
use albedo::model::outcome::{Outcome, Trouble};
use albedo::model::plan::{Plan, Reason};
use albedo::model::subject::{Place, Subject};
use albedo::plan::show;
use albedo::telemetry::{LogFormat, PlanLog, subscriber};

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is logged while something is said, as the `plan` of each line.
fn plans(say: impl FnOnce()) -> Vec<String> {
    let sink = Sink::default();
    let writer = sink.clone();
    let subscriber = subscriber("info", LogFormat::Json, move || writer.clone());
    // With one subscriber alone, `tracing` asks that of the thread that comes to a line first
    // whether anybody wants it: other tests have none, and come to the same lines.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    tracing::subscriber::with_default(subscriber, say);
    let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines.map(|line| line["plan"].as_str().unwrap().to_owned()).collect()
}

fn subject() -> Subject {
    let place = Place { role: None, region: "us-east-1".to_owned() };
    Subject::Targets(place.into(), ObjectKey::new("shop", "a"))
}

/// A plan that sets tags, a step each.
fn plan(keys: impl IntoIterator<Item = String>) -> Plan {
    let mut plan = Plan::default();
    for key in keys {
        let tags = [(key, "v".to_owned())].into();
        let action = AwsAction::Elb(ElbAction::AddTags { id: AwsId::new("lb"), tags });
        plan.push(Action::Aws(action), Reason::Unwanted, Vec::new());
    }
    plan
}

fn noted(note: &str) -> Plan {
    Plan { notes: vec![note.to_owned()], ..Plan::default() }
}

#[test]
fn a_plan_is_said_once_and_again_when_it_differs() {
    let log = PlanLog::default();
    let said = plans(|| {
        for key in ["a", "a", "b", "a"] {
            let plan = plan([key.to_owned()]);
            log.planned(&subject(), &plan);
            log.applied(&subject(), &[Outcome::Failed(Trouble::Refused, "no".to_owned())]);
        }
    });
    assert_eq!(said.len(), 3, "{said:#?}");
}

#[test]
fn a_plan_that_was_carried_out_is_news_when_it_comes_again() {
    let log = PlanLog::default();
    let plan = plan(["a".to_owned()]);
    let said = plans(|| {
        log.planned(&subject(), &plan);
        log.applied(&subject(), &[Outcome::Done(None)]);
        log.planned(&subject(), &plan);
    });
    assert_eq!(said.len(), 2);
}

#[test]
fn notes_are_said_without_any_step() {
    let log = PlanLog::default();
    let note = "nothing is registered: its target group does not exist";
    let said = plans(|| {
        for plan in [noted(note), noted(note), Plan::default(), noted(note)] {
            log.planned(&subject(), &plan);
            log.applied(&subject(), &[]);
        }
    });
    assert_eq!(said.len(), 2, "{said:#?}");
    assert!(said[0].contains(&format!("# {note}")), "{said:#?}");
}

#[test]
fn a_large_plan_is_a_digest() {
    let text = show::log_text(&subject(), &plan((0..51).map(|number| format!("key-{number:02}"))));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 8, "{text}");
    assert_eq!(lines[1], "  51 steps: 51 elbv2.AddTags");
    assert!(lines[2].contains("key-00") && lines[6].contains("key-04"), "{text}");
    assert_eq!(lines[7], "  and 46 more");
    let small = plan((0..50).map(|number| format!("key-{number:02}")));
    assert_eq!(show::log_text(&subject(), &small), show::text(&subject(), &small));
}

#[test]
fn what_somebody_wrote_ends_no_line_and_fills_none() {
    let giant = "k\n".repeat(80_000);
    let mut hostile = plan(["a\n  - load balancer forged".to_owned(), giant.clone()]);
    hostile.notes.push(giant);
    let text = show::log_text(&subject(), &hostile);
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(text.len() < 4096, "{} bytes", text.len());
    assert!(text.contains("a\\n  - load balancer forged"));
    // `albedo plan` shows everything, and on as many lines as it has steps.
    let text = show::text(&subject(), &hostile);
    assert_eq!(text.lines().count(), 4);
}
