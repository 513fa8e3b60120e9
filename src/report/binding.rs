//! What the status of a TargetGroupBinding shows after a visit.

use jiff::Timestamp;

use super::Rest;
use super::told::of_problem;
use crate::model::ingress_group::written;
use crate::model::problem::{Problem, Severity};
use crate::model::seen::{BindingStatus, Condition, READY, SeenBinding};

/// The reason of the condition of a binding that is served as it asks for.
const REASON_SERVED: &str = "Served";
/// What that says.
const SERVED: &str = "its endpoints are registered in its target group";
/// The reason of the condition of one that leaves, and is held up (LBC's).
const REASON_CLEANUP: &str = "FailedCleanup";

/// What the status of a binding should show, where it shows something else. Until something is
/// wrong with it there is no condition, as LBC has it; from then on the condition says also that
/// all is well again. Nothing is said of one whose generation nobody tells, as of manifests.
#[must_use]
pub fn binding_status(
    seen: &SeenBinding,
    problems: &[Problem],
    rest: Rest,
    now: Timestamp,
) -> Option<BindingStatus> {
    let generation = seen.generation?;
    let mut status = seen.status.clone();
    let is_carried_out = !matches!(rest, Rest::Again(_));
    if is_carried_out && !seen.leaving {
        status.observed_generation = Some(generation);
    }
    let wrong = problems.iter().filter(|problem| problem.severity != Severity::Note);
    let standing = status.conditions.iter_mut().find(|condition| condition.kind == READY);
    let ready = match wrong.min_by_key(|problem| problem.severity) {
        Some(problem) => {
            let told = of_problem(problem);
            let reason = if seen.leaving { REASON_CLEANUP.into() } else { told.reason.into() };
            Some(("False", reason, told.text))
        }
        None if is_carried_out && standing.is_some() => {
            Some(("True", REASON_SERVED.into(), SERVED.to_owned()))
        }
        None => None,
    };
    if let Some((value, reason, message)) = ready {
        let since = standing.as_ref().filter(|standing| standing.status == value);
        let since = since.map(|standing| standing.last_transition_time.clone());
        let condition = Condition {
            kind: READY.into(),
            status: value.into(),
            reason,
            message,
            observed_generation: Some(generation),
            last_transition_time: since.unwrap_or_else(|| written(now)),
        };
        match standing {
            Some(standing) => *standing = condition,
            None => status.conditions.push(condition),
        }
    }
    (status != seen.status).then_some(status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::binding::PortRef;
    use crate::model::id::ObjectKey;
    use crate::model::marks::Labels;
    use crate::model::outcome::Trouble;
    use crate::model::problem::{Code, Kind, ObjectRef};
    use crate::model::seen::{ServiceRef, TargetGroupBindingSpec};

    fn seen(status: BindingStatus) -> SeenBinding {
        SeenBinding {
            uid: "uid".into(),
            created: Timestamp::UNIX_EPOCH,
            generation: Some(3),
            labels: Labels::default(),
            finalizers: Vec::new(),
            leaving: false,
            spec: TargetGroupBindingSpec {
                target_group_arn: None,
                target_group_name: None,
                multi_cluster_target_group: None,
                target_type: None,
                target_group_protocol: None,
                service_ref: ServiceRef { name: "web".into(), port: PortRef::Number(80) },
                networking: None,
                node_selector: None,
                ip_address_type: None,
                vpc_id: None,
                iam_role_arn_to_assume: None,
                assume_role_external_id: None,
                rest: [].into(),
            },
            status,
        }
    }

    fn problem(severity: Severity) -> Problem {
        let key = ObjectKey::new("shop", "web");
        Problem {
            code: Code::NoTargetGroup,
            severity,
            object: ObjectRef { kind: Kind::TargetGroupBinding, key },
            field: "spec.targetGroupARN".to_owned(),
            found: "one that is gone".to_owned(),
            allowed: "one that stands".to_owned(),
            meanwhile: "it is looked for again".to_owned(),
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("it is one")
    }

    #[test]
    fn a_generation_is_observed_once_it_is_carried_out_and_written_once() {
        let trouble = Rest::Again(Trouble::Transient);
        assert_eq!(binding_status(&seen(BindingStatus::default()), &[], trouble, at(1)), None);
        let done = binding_status(&seen(BindingStatus::default()), &[], Rest::Done, at(1));
        let done = done.expect("it is news");
        assert_eq!(done.observed_generation, Some(3));
        assert!(done.conditions.is_empty(), "nothing was ever wrong");
        assert_eq!(binding_status(&seen(done.clone()), &[], Rest::Done, at(9)), None);
        let manifest = SeenBinding { generation: None, ..seen(BindingStatus::default()) };
        assert_eq!(binding_status(&manifest, &[], Rest::Done, at(1)), None);
    }

    #[test]
    fn what_is_wrong_is_a_condition_until_it_is_mended_and_since_when_is_told() {
        let strange = Condition { kind: "Other".into(), ..Condition::default() };
        let standing = BindingStatus { observed_generation: Some(3), conditions: vec![strange] };
        let notes = [problem(Severity::Note)];
        assert_eq!(binding_status(&seen(standing.clone()), &notes, Rest::Done, at(5)), None);
        let wrong = [problem(Severity::Warning)];
        let told = binding_status(&seen(standing), &wrong, Rest::Done, at(5)).expect("it is news");
        let [strange, ready] = &told.conditions[..] else { panic!("{told:?}") };
        assert_eq!(strange.kind, "Other", "what others write stays");
        assert_eq!((ready.status.as_str(), ready.reason.as_str()), ("False", "NoTargetGroup"));
        assert_eq!(ready.last_transition_time, "1970-01-01T00:00:05Z");
        assert_eq!(binding_status(&seen(told.clone()), &wrong, Rest::Done, at(6)), None);
        let well = binding_status(&seen(told.clone()), &[], Rest::Done, at(7)).expect("it is news");
        assert_eq!(well.conditions[1].status, "True");
        assert_eq!(well.conditions[1].last_transition_time, "1970-01-01T00:00:07Z");
        let leaving = SeenBinding { leaving: true, ..seen(told) };
        let held = binding_status(&leaving, &wrong, Rest::Done, at(8)).expect("it is news");
        assert_eq!(held.conditions[1].reason, "FailedCleanup");
        assert_eq!(held.conditions[1].last_transition_time, "1970-01-01T00:00:05Z");
    }
}
