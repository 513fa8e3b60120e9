//! How changes of names go together.

use albedo::model::record::BatchLimits;

use super::*;

/// `300` hosts of one load balancer, as long as hosts commonly are.
fn many(count: usize) -> Case {
    let wishes: Vec<String> =
        (0..count).map(|i| format!("default/web app-{i:03}.team.example.com one")).collect();
    Case::new(&wishes.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn three_hundred_fresh_names_take_at_most_four_batches() {
    for case in [many(300), many(300).dualstack()] {
        let plan = case.plan(&Records::new());
        assert!(plan.steps.len() <= 4, "{}", plan.steps.len());
        for step in &plan.steps {
            let Action::Aws(AwsAction::Route53(Route53Action::ChangeRecords { changes, .. })) =
                &step.action
            else {
                panic!("{step:?}")
            };
            let weights = changes.iter().map(albedo::model::record::RecordChange::weight);
            let sum = weights.fold((0, 0), |sum, next| (sum.0 + next.0, sum.1 + next.1));
            assert!(sum.0 <= 1000 && sum.1 <= 32_000, "{sum:?}");
            // A record and its TXT record go together.
            let created = changes.iter().filter(|change| change.verb == Verb::Create);
            assert_eq!(created.count() % 2, 0);
        }
    }
}

#[test]
fn batches_are_no_larger_than_somebody_says_but_a_name_is_never_divided() {
    let sizes = |limits: BatchLimits| {
        let mut case = many(10).dualstack();
        case.dns.batch = limits;
        let plan = case.plan(&Records::new());
        let sizes = plan.steps.iter().map(|step| match &step.action {
            Action::Aws(AwsAction::Route53(Route53Action::ChangeRecords { changes, .. })) => {
                changes.len()
            }
            other => panic!("{other:?}"),
        });
        sizes.collect::<Vec<_>>()
    };
    let all = BatchLimits::default();
    assert_eq!(sizes(all), [40]);
    assert_eq!(sizes(BatchLimits { changes: 13, ..all }), [12, 12, 12, 4]);
    assert_eq!(sizes(BatchLimits { values: 8, ..all }), [8; 5]);
    assert_eq!(sizes(BatchLimits { characters: 1, ..all }), [4; 10]);
    assert_eq!(sizes(BatchLimits { changes: 1, ..all }), [4; 10]);
}

#[test]
fn names_that_were_refused_together_go_apart() {
    let mut case = many(8);
    let hosts: Vec<String> = case.stack.names.keys().cloned().collect();
    case.stack.suspects = hosts[..4].iter().map(|host| (host.clone(), 2)).collect();
    let plan = case.plan(&Records::new());
    let sizes: Vec<usize> = plan
        .steps
        .iter()
        .map(|step| match &step.action {
            Action::Aws(AwsAction::Route53(Route53Action::ChangeRecords { changes, .. })) => {
                changes.len() / 2
            }
            Action::Aws(_) | Action::Kube(_) => 0,
        })
        .collect();
    assert_eq!(sizes.iter().sum::<usize>(), 8);
    assert!(
        sizes.contains(&4) && sizes.iter().filter(|size| **size == 2).count() == 2,
        "{sizes:?}"
    );
}
