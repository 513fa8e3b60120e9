//! Tags of what stands: which are sent, which are taken away, and which are left to others.

use albedo::model::action::{AwsAction, Ec2Action, ElbAction};
use albedo::model::id::AwsId;
use albedo::model::marks::Tags;

use super::support::site::Site;
use super::support::world::{settings, tags, wait};

const SHOP: &str = "
service shop/s: {ports: [80]}
ingress shop/web: {tags: 'team=a,owner=b', rules: [any Exact /a s:80]}
";

/// Who keeps the tags that are found on a thing.
#[derive(Clone, Copy)]
enum Found {
    LoadBalancer,
    TargetGroup,
    SecurityGroup,
    Listener,
    Rule,
}

fn id(site: &Site, of: Found) -> AwsId {
    let state = site.aws.everything();
    let found = match of {
        Found::LoadBalancer => state.load_balancers.keys().next(),
        Found::TargetGroup => state.target_groups.keys().next(),
        Found::SecurityGroup => {
            state.security_groups.keys().find(|id| id.as_str().contains("shop"))
        }
        Found::Listener => state.listeners.keys().next(),
        Found::Rule => state.rules.keys().next(),
    };
    found.unwrap().clone()
}

/// Somebody tags a thing; these tags are then sent, and these keys are taken away.
fn check(of: Found, theirs: &[(&str, &str)], sent: &[(&str, &str)], taken: &[&str]) {
    let mut settings = settings();
    settings.external_managed_tags = vec!["cost-centre".to_owned()];
    let site = Site::with(settings, SHOP);
    wait(site.settle());
    let id = id(&site, of);
    let (id, theirs) = (id, tags(theirs));
    let meddling = match of {
        Found::SecurityGroup => AwsAction::Ec2(Ec2Action::TagSecurityGroup { id, tags: theirs }),
        _ => AwsAction::Elb(ElbAction::AddTags { id, tags: theirs }),
    };
    site.aws.meddle(&meddling).unwrap();
    site.aws.forget_calls();
    wait(site.settle());
    let (mut added, mut removed) = (Tags::new(), Vec::new());
    for action in site.aws.performed() {
        match action {
            AwsAction::Elb(ElbAction::AddTags { tags, .. })
            | AwsAction::Ec2(Ec2Action::TagSecurityGroup { tags, .. }) => {
                added.extend(tags);
            }
            AwsAction::Elb(ElbAction::RemoveTags { keys, .. }) => removed.extend(keys),
            AwsAction::Ec2(Ec2Action::UntagSecurityGroup { tags, .. }) => {
                removed.extend(tags.into_keys().map(String::from));
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(added, tags(sent));
    assert_eq!(removed, taken);
    // One call to add and one to remove is all it takes.
    let calls = usize::from(!sent.is_empty()) + usize::from(!taken.is_empty());
    assert_eq!(site.aws.performed().len(), calls);
}

const ALL: [Found; 5] =
    [Found::LoadBalancer, Found::TargetGroup, Found::SecurityGroup, Found::Listener, Found::Rule];

#[test]
fn a_tag_that_differs_is_sent_by_itself() {
    for of in ALL {
        // The usual IAM policy refuses a request that mentions the cluster's tag; so none does.
        check(of, &[("team", "wrong")], &[("team", "a")], &[]);
    }
}

#[test]
fn a_tag_that_nobody_wants_is_taken_away() {
    for of in ALL {
        check(of, &[("foreign", "x"), ("more", "y")], &[], &["foreign", "more"]);
        check(of, &[("foreign", "x"), ("owner", "y")], &[("owner", "b")], &["foreign"]);
    }
}

#[test]
fn tags_of_aws_and_those_that_somebody_else_keeps_are_left_alone() {
    for of in ALL {
        check(of, &[("aws:cloudformation:stack-name", "x"), ("cost-centre", "7")], &[], &[]);
    }
}

#[test]
fn tags_of_older_controllers_stay_where_they_can_be() {
    let legacy = [("kubernetes.io/cluster/demo", "owned"), ("kubernetes.io/namespace", "shop")];
    for of in [Found::LoadBalancer, Found::TargetGroup, Found::SecurityGroup] {
        check(of, &legacy, &[], &[]);
        check(
            of,
            &[("kubernetes.io/cluster/other", "owned")],
            &[],
            &["kubernetes.io/cluster/other"],
        );
    }
    for of in [Found::Listener, Found::Rule] {
        check(of, &legacy, &[], &["kubernetes.io/cluster/demo", "kubernetes.io/namespace"]);
    }
}
