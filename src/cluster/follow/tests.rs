use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{StreamExt as _, stream};
use http_body_util::StreamBody;
use hyper::body::Frame;
use jiff::Timestamp;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::*;
use crate::clock::SystemClock;
use crate::cluster::feed::Form;
use crate::cluster::wire::{TargetGroupBinding, Wire};

/// How much faster this clock is than the machine's.
const HURRY: u32 = 100;

/// A clock on which a second is ten milliseconds.
#[derive(Clone, Copy)]
struct Hurried(SystemClock);

impl Clock for Hurried {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn moment(&self) -> Moment {
        Moment::after_start(self.0.moment().since(Moment::default()) * HURRY)
    }

    async fn sleep(&self, duration: Duration) {
        self.0.sleep(duration / HURRY).await;
    }

    fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.0.spawn(task)
    }
}

/// What an API server answers once.
enum Answer {
    /// All at once.
    Now(u16, String),
    /// These lines, and then nothing more, for ever.
    Hangs(Vec<String>),
    /// Nothing at all.
    Never,
}

/// Answers one request after the other, and then nothing; notes what was asked.
#[derive(Clone, Default)]
struct Server {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn client(&self) -> Client {
        let server = self.clone();
        let service = tower::service_fn(move |request: hyper::Request<Body>| {
            let server = server.clone();
            async move {
                let query = request.uri().query().unwrap_or_default().to_owned();
                server.asked.lock().unwrap().push(short(&query));
                let answer = server.answers.lock().unwrap().pop_front();
                let (status, lines, hangs) = match answer {
                    Some(Answer::Now(status, text)) => (status, vec![text], false),
                    Some(Answer::Hangs(lines)) => (200, lines, true),
                    Some(Answer::Never) | None => pending().await,
                };
                let frame = |line: String| Ok::<_, std::io::Error>(Frame::data(line.into()));
                let body = stream::iter(lines).map(frame);
                let body = if hangs { body.chain(stream::pending()).boxed() } else { body.boxed() };
                let body = StreamBody::new(body);
                hyper::Response::builder().status(status).body(body)
            }
        });
        Client::new(service, "default")
    }
}

/// A query without what every one of its kind has.
fn short(query: &str) -> String {
    let kept = query.split('&').filter(|part| {
        ["limit", "continue", "resourceVersion", "timeoutSeconds"]
            .iter()
            .any(|name| part.starts_with(&format!("{name}=")))
    });
    kept.collect::<Vec<_>>().join(" ")
}

/// What is heard, in one word each; signs of life are not.
#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Vec<String>>>);

impl Audience<TargetGroupBinding> for Ear {
    fn hear(&mut self, notice: Notice<TargetGroupBinding>) {
        let name = |meta: ObjectMeta| meta.name.unwrap_or_default();
        let word = match notice {
            Notice::Begin => "begin".to_owned(),
            Notice::Put(object) => format!("+{}", object.noun().0.name),
            Notice::Misfit(meta) => format!("?{}", name(meta)),
            Notice::Gone(meta) => format!("-{}", name(meta)),
            Notice::Complete => "complete".to_owned(),
            Notice::Current(_) => "current".to_owned(),
            Notice::Alive(_) => return,
            Notice::Failed(error) => format!("failed {}", error.reason),
        };
        self.0.lock().unwrap().push(word);
    }
}

fn object(name: &str, version: u32) -> Value {
    json!({
        "metadata": {"namespace": "shop", "name": name, "resourceVersion": version.to_string()},
        "spec": {"serviceRef": {"name": "web", "port": 80}},
    })
}

fn list(version: u32, next: Option<&str>, items: &[Value]) -> Answer {
    let metadata = json!({"resourceVersion": version.to_string(), "continue": next});
    Answer::Now(200, json!({"metadata": metadata, "items": items}).to_string())
}

fn line(kind: &str, object: &Value) -> String {
    format!("{}\n", json!({"type": kind, "object": object}))
}

fn bookmark(version: u32) -> String {
    let meta = json!({"resourceVersion": version.to_string()});
    let mark = json!({"kind": "TargetGroupBinding", "apiVersion": "v1", "metadata": meta});
    line("BOOKMARK", &mark)
}

fn failure(code: u16, reason: &str) -> Value {
    json!({"kind": "Status", "status": "Failure", "reason": reason, "code": code, "message": "no"})
}

/// What is heard and asked until the server has been asked for the last time.
async fn told(answers: Vec<Answer>, ask: Option<()>) -> (Vec<String>, Vec<String>) {
    told_of(answers, ask, None).await
}

/// The same of a kind that nobody has to have, where something is to be said of that.
async fn told_of(
    answers: Vec<Answer>,
    ask: Option<()>,
    absence: Option<String>,
) -> (Vec<String>, Vec<String>) {
    let requests = answers.len() + 1;
    let server = Server { answers: Arc::new(Mutex::new(answers.into())), ..Server::default() };
    let ear = Ear::default();
    let (sender, receiver) = watch::channel(Moment::default());
    let clock = Hurried(SystemClock::new());
    let follower = Follower {
        feed: Feed::<TargetGroupBinding>::new(
            server.client(),
            "/bindings".to_owned(),
            Form::Whole,
            "watch".to_owned(),
        ),
        audience: ear.clone(),
        clock,
        wanted: receiver,
        unknown: Some("apply the CRDs".to_owned()),
        absence,
        kind: "TargetGroupBinding",
        watch_seconds: 60,
    };
    let enough = async {
        let mut ask = ask;
        while server.asked.lock().unwrap().len() < requests {
            let is_watched = server.asked.lock().unwrap().len() == 2;
            if ask.take_if(|()| is_watched).is_some() {
                sender.send_replace(clock.moment());
            }
            crate::clock::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        () = follower.run() => unreachable!("it has no end"),
        done = tokio::time::timeout(Duration::from_secs(20), enough) => {
            done.expect("the server is asked again");
        }
    }
    let heard = ear.0.lock().unwrap().clone();
    let asked = server.asked.lock().unwrap().clone();
    (heard, asked)
}

#[tokio::test]
async fn a_list_in_parts_and_then_what_happens_after_it() {
    let (heard, asked) = told(
        vec![
            list(7, Some("more"), &[object("a", 1)]),
            list(7, None, &[object("b", 2)]),
            Answer::Now(
                200,
                line("ADDED", &object("c", 8)) + &line("DELETED", &object("a", 9)) + &bookmark(12),
            ),
        ],
        None,
    )
    .await;
    assert_eq!(heard, ["begin", "+a", "+b", "complete", "current", "+c", "-a"]);
    let watch = |version: u32| format!("timeoutSeconds=60 resourceVersion={version}");
    assert_eq!(asked, ["limit=500", "limit=500 continue=more", &watch(7), &watch(12)]);
}

#[tokio::test]
async fn a_silent_watch_is_opened_anew_where_it_stood() {
    let answers = vec![list(7, None, &[]), Answer::Hangs(vec![line("ADDED", &object("a", 8))])];
    let (heard, asked) = told(answers, None).await;
    assert_eq!(heard, ["begin", "complete", "current", "+a", "failed NoAnswer"]);
    assert_eq!(asked.last().map(String::as_str), Some("timeoutSeconds=60 resourceVersion=8"));
}

#[tokio::test]
async fn a_bad_object_and_garbage_are_told_and_all_else_goes_on() {
    let bad = json!({"metadata": {"name": "bad", "resourceVersion": "8"}, "spec": 1});
    let huge = json!({
        "metadata": {"name": "huge", "resourceVersion": "9",
            "annotations": {"note": "x".repeat(5 << 20)}},
        "spec": {"serviceRef": {"name": "web", "port": 80}},
    });
    let (heard, asked) = told(
        vec![
            list(7, None, &[bad.clone(), object("a", 3)]),
            Answer::Hangs(vec![line("MODIFIED", &bad), line("ADDED", &huge), "rubbish\n".into()]),
        ],
        None,
    )
    .await;
    let expected =
        ["begin", "?bad", "+a", "complete", "current", "?bad", "+huge", "failed Unreadable"];
    assert_eq!(heard, expected);
    assert_eq!(asked.last().map(String::as_str), Some("timeoutSeconds=60 resourceVersion=9"));
}

#[tokio::test]
async fn a_version_that_is_gone_is_listed_anew_by_an_event_and_by_an_answer() {
    for gone in [
        Answer::Now(200, line("ERROR", &failure(410, "Expired"))),
        Answer::Now(410, failure(410, "Gone").to_string()),
    ] {
        let (heard, asked) = told(vec![list(7, None, &[object("a", 1)]), gone], None).await;
        let failed = heard.last().cloned().unwrap_or_default();
        assert!(["begin", "failed Expired", "failed Gone"].contains(&&*failed), "{heard:?}");
        assert_eq!(asked.last().map(String::as_str), Some("limit=500"));
    }
}

#[tokio::test]
async fn a_list_that_hangs_is_given_up() {
    let answers = vec![Answer::Never];
    let asked = tokio::time::timeout(Duration::from_secs(5), told(answers, None)).await;
    let (heard, _) = asked.expect("a list has an end, or the watch is blind for ever");
    assert_eq!(heard, ["begin", "failed NoAnswer", "begin"]);
}

#[tokio::test]
async fn a_proof_is_asked_for_while_a_watch_is_open() {
    let answers = vec![
        list(7, None, &[]),
        Answer::Hangs(vec![bookmark(8)]),
        list(11, None, &[]),
        Answer::Now(200, bookmark(10) + &bookmark(11)),
    ];
    let (heard, asked) = told(answers, Some(())).await;
    assert_eq!(heard, ["begin", "complete", "current", "current"]);
    let watch =
        |seconds: u32, version: u32| format!("timeoutSeconds={seconds} resourceVersion={version}");
    let expected = ["limit=500".into(), watch(60, 7), "limit=1".into(), watch(3, 8), watch(60, 11)];
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn a_kind_that_nobody_has_to_have_is_none_where_the_api_server_does_not_know_it() {
    let unknown = || Answer::Now(404, failure(404, "NotFound").to_string());
    let absence = || Some("there is none".to_owned());
    let answers = vec![unknown(), list(7, None, &[object("a", 1)])];
    let (heard, asked) = told_of(answers, None, absence()).await;
    assert_eq!(heard, ["begin", "current", "begin", "+a", "complete", "current"]);
    assert_eq!(asked[..2], ["limit=500", "limit=500"]);
    // What is known of it stays.
    let answers = vec![list(7, None, &[object("a", 1)]), unknown(), unknown()];
    let (heard, _) = told_of(answers, None, absence()).await;
    let expected = ["begin", "+a", "complete", "current", "current", "begin", "current"];
    assert_eq!(heard[..expected.len()], expected);
    // All else is a failure.
    let answers = vec![Answer::Now(403, failure(403, "Forbidden").to_string())];
    let (heard, _) = told_of(answers, None, absence()).await;
    assert_eq!(heard, ["begin", "failed Forbidden", "begin"]);
}
