//! What the mirror keeps in mind, and for how long.

use futures::FutureExt;

use super::*;
use crate::aws::part::{Ec2Part, Ec2Reading, ElbPart, ElbReading, Reading, Route53Part};
use crate::model::action::ElbAction;
use crate::model::id::Id;
use crate::model::target::Target;

fn at(seconds: u64) -> Moment {
    Moment::after_start(Duration::from_secs(seconds))
}

fn begin(state: &mut State, part: &Part, now: Moment) -> (u64, SharedRead) {
    let number = state.begin();
    let read = async { Ok(()) }.boxed().shared();
    state.share(part, number, now, &read);
    (number, read)
}

fn register(state: &mut State, host: u8) {
    let id = format!("10.0.0.{host}").into();
    let action = AwsAction::Elb(ElbAction::RegisterTargets {
        target_group: Id::Is(AwsId::new("arn:tg")),
        targets: vec![Target { id, port: 80, availability_zone: None }],
    });
    state.believe(&action, Answer::Done, Stamp::default());
}

fn registered(state: &State) -> usize {
    let known = state.belief.elb.targets.get(&AwsId::new("arn:tg"));
    known.and_then(|known| known.value()).map_or(0, Vec::len)
}

#[test]
fn writes_are_kept_in_mind_for_the_reads_under_way_only() {
    let mut state = State::default();
    let (targets, zones) =
        (Part::Elb(ElbPart::Targets(AwsId::new("arn:tg"))), Part::Route53(Route53Part::Zones));
    register(&mut state, 1);
    assert_eq!(state.sizes().0, 0, "nobody reads");
    // Reads that overlap without end: each is forgotten about when it is over.
    let (mut last, _read) = begin(&mut state, &zones, at(0));
    for host in 2..=200 {
        register(&mut state, host);
        let (next, _read) = begin(&mut state, &zones, at(0));
        state.end(&zones, last);
        last = next;
        assert!(state.sizes().0 <= 1, "{:?}", state.sizes());
    }
    let (number, _read) = begin(&mut state, &targets, at(0));
    register(&mut state, 201);
    state.end(&zones, last);
    assert_eq!(state.sizes().0, 1, "one of them did not see it");
    let found = Reading::Elb(ElbReading::Targets(AwsId::new("arn:tg"), Vec::new()));
    state.land(&targets, number, Belief::of(found, Vec::new(), jiff::Timestamp::UNIX_EPOCH));
    state.end(&targets, number);
    assert_eq!((registered(&state), state.sizes().0), (1, 0));
}

#[test]
fn a_failed_read_is_tried_again_later_and_later() {
    let error = CloudError {
        kind: Kind::Transient,
        operation: "ec2.DescribeVpcs".to_owned(),
        code: String::new(),
        message: "no answer".to_owned(),
    };
    let mut state = State::default();
    let mut now = at(0);
    let mut fail = |state: &mut State, took: u64| {
        let (number, _read) = begin(state, &Part::Ec2(Ec2Part::Vpc), now);
        now = now.plus(Duration::from_secs(took));
        let failed = state.fail(&Part::Ec2(Ec2Part::Vpc), number, error.clone(), now);
        assert!(failed.is_err());
        state.end(&Part::Ec2(Ec2Part::Vpc), number);
        let mut pause = Duration::ZERO;
        while state.failure(&Part::Ec2(Ec2Part::Vpc), now.plus(pause)).is_some() {
            pause += Duration::from_secs(1);
        }
        now = now.plus(pause);
        pause.as_secs()
    };
    let pauses = [0; 8].map(|took| fail(&mut state, took));
    assert_eq!(pauses, [2, 4, 8, 16, 32, 64, 120, 120]);
    let mut state = State::default();
    let pauses = [20; 3].map(|took| fail(&mut state, took));
    assert_eq!(pauses, [40, 80, 120], "whoever hangs is left alone for longer");
    let (number, _read) = begin(&mut state, &Part::Ec2(Ec2Part::Vpc), at(9000));
    let found = Reading::Ec2(Ec2Reading::Vpc(crate::model::surroundings::Vpc::default()));
    state.land(
        &Part::Ec2(Ec2Part::Vpc),
        number,
        Belief::of(found, Vec::new(), jiff::Timestamp::UNIX_EPOCH),
    );
    assert_eq!(state.sizes().2, 0, "an answer ends it");
}

#[test]
fn a_fresh_look_that_somebody_wants_is_one_that_begins_later() {
    let mut state = State::default();
    let pause = Duration::from_secs(10);
    let land = |state: &mut State, number: u64| {
        let found = Reading::Ec2(Ec2Reading::Vpc(crate::model::surroundings::Vpc::default()));
        state.land(
            &Part::Ec2(Ec2Part::Vpc),
            number,
            Belief::of(found, Vec::new(), jiff::Timestamp::UNIX_EPOCH),
        );
        state.end(&Part::Ec2(Ec2Part::Vpc), number);
        state.belief.looks[&Part::Ec2(Ec2Part::Vpc)].is_outdated
    };
    let (first, _read) = begin(&mut state, &Part::Ec2(Ec2Part::Vpc), at(100));
    state.want(&Part::Ec2(Ec2Part::Vpc), at(109), pause);
    assert!(!land(&mut state, first), "it began a short while before");
    let (second, _read) = begin(&mut state, &Part::Ec2(Ec2Part::Vpc), at(120));
    state.want(&Part::Ec2(Ec2Part::Vpc), at(130), pause);
    assert!(land(&mut state, second), "it began long before");
    let (third, _read) = begin(&mut state, &Part::Ec2(Ec2Part::Vpc), at(131));
    assert!(!land(&mut state, third));
    state.want(&Part::Ec2(Ec2Part::Vpc), at(140), pause);
    assert!(!state.belief.looks[&Part::Ec2(Ec2Part::Vpc)].is_outdated);
    state.want(&Part::Ec2(Ec2Part::Vpc), at(141), pause);
    assert!(state.belief.looks[&Part::Ec2(Ec2Part::Vpc)].is_outdated);
}
