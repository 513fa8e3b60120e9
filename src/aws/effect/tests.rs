//! What the mirror's tests cannot see from outside. That effects agree with AWS is the contract's
//! business.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{apply, suspected, touched};
use crate::aws::answer::Answer;
use crate::aws::belief::{Belief, Stamp};
use crate::aws::error::{CloudError, Kind};
use crate::aws::part::{Ec2Part, Ec2Reading, ElbPart, ElbReading, Part, Reading};
use crate::aws::{ReadLoadBalancer, ReadSecurityGroup};
use crate::model::action::{AwsAction, Ec2Action, ElbAction};
use crate::model::group::Group;
use crate::model::id::{AwsId, Handle, Id, Slot};
use crate::model::known::{Known, Live};
use crate::model::load_balancer::{
    IpAddressType, LoadBalancer, LoadBalancerKind, LoadBalancerState, Scheme,
};
use crate::model::marks::Tags;
use crate::model::security::SecurityGroup;

const AT: Timestamp = Timestamp::UNIX_EPOCH;

fn arn(resource: &str) -> AwsId {
    AwsId::new(format!("arn:aws:elasticloadbalancing:us-east-1:123456789012:{resource}"))
}

fn creation() -> (AwsAction, Answer) {
    let spec = LoadBalancer {
        kind: LoadBalancerKind::Application,
        ipv4_pool: None,
        customer_owned_pool: None,
        allocations: Vec::new(),
        name: "a".to_owned(),
        scheme: Scheme::Internal,
        ip_address_type: IpAddressType::Ipv4,
        subnets: vec![AwsId::new("subnet-1"), AwsId::new("subnet-2")],
        security_groups: Vec::new(),
        tags: Tags::new(),
    };
    let handle = Handle::LoadBalancer(Group::Explicit("g".into()), Slot(0));
    let made = ReadLoadBalancer {
        live: Live { id: arn("loadbalancer/app/a/1"), spec: spec.clone() },
        dns_name: "a.example.com".to_owned(),
        hosted_zone: AwsId::new("Z35SXDOTRQ7X7K"),
        state: LoadBalancerState::Provisioning,
    };
    (AwsAction::Elb(ElbAction::CreateLoadBalancer { handle, spec }), Answer::LoadBalancer(made))
}

fn listeners_are_known(belief: &Belief) -> bool {
    belief.elb.listeners.get(&arn("loadbalancer/app/a/1")).is_some_and(Known::is_read)
}

#[test]
fn only_what_was_not_there_before_is_known_to_be_bare() {
    let (action, answer) = creation();
    let Answer::LoadBalancer(made) = answer.clone() else { unreachable!() };
    let mut belief = Belief::default();
    apply(&mut belief, &action, &answer, Stamp::default());
    assert!(!listeners_are_known(&belief), "nobody looked whether it was there");
    let mut belief = Belief::of(
        Reading::Elb(ElbReading::LoadBalancers(vec![made], BTreeSet::new())),
        Vec::new(),
        AT,
    );
    apply(&mut belief, &action, &answer, Stamp::default());
    assert!(!listeners_are_known(&belief), "it was there");
    let mut belief = Belief::of(
        Reading::Elb(ElbReading::LoadBalancers(Vec::new(), BTreeSet::new())),
        Vec::new(),
        AT,
    );
    apply(&mut belief, &action, &answer, Stamp::default());
    assert!(listeners_are_known(&belief), "it is new");
}

#[test]
fn a_change_of_something_unknown_puts_its_part_in_doubt() {
    let mut belief = Belief::of(
        Reading::Elb(ElbReading::LoadBalancers(Vec::new(), BTreeSet::new())),
        Vec::new(),
        AT,
    );
    let action = AwsAction::Elb(ElbAction::SetSubnets {
        load_balancer: arn("loadbalancer/app/a/1"),
        subnets: vec![AwsId::new("subnet-1")],
        allocations: Vec::new(),
    });
    apply(&mut belief, &action, &Answer::Done, Stamp::default());
    assert!(!belief.elb.load_balancers.is_read());
}

#[test]
fn an_effect_may_be_applied_again() {
    let (action, answer) = creation();
    let mut once = Belief::of(
        Reading::Elb(ElbReading::LoadBalancers(Vec::new(), BTreeSet::new())),
        Vec::new(),
        AT,
    );
    apply(&mut once, &action, &answer, Stamp::default());
    let mut twice = once.clone();
    apply(&mut twice, &action, &answer, Stamp::default());
    assert_eq!(format!("{once:?}"), format!("{twice:?}"));
}

#[test]
fn a_security_group_that_was_made_can_be_named() {
    let spec = SecurityGroup {
        name: "a".to_owned(),
        description: String::new(),
        vpc: AwsId::new("vpc-1"),
        ingress: BTreeSet::new(),
        tags: Tags::new(),
    };
    let stands: ReadSecurityGroup = ReadSecurityGroup {
        live: Live { id: AwsId::new("sg-1"), spec: spec.clone() },
        shared: BTreeSet::new(),
    };
    let mut belief =
        Belief::of(Reading::Ec2(Ec2Reading::SecurityGroups(vec![stands])), Vec::new(), AT);
    let count =
        |belief: &Belief| belief.ec2.security_groups.value().map(|all| all.names().iter().count());
    assert_eq!(count(&belief), Some(1));
    let action = AwsAction::Ec2(Ec2Action::CreateSecurityGroup {
        handle: Handle::BackendSecurityGroup,
        spec,
    });
    let answer = Answer::SecurityGroup(AwsId::new("sg-2"));
    apply(&mut belief, &action, &answer, Stamp::default());
    assert_eq!(count(&belief), Some(2));
}

#[test]
fn what_hangs_on_a_load_balancer_is_in_doubt_with_it() {
    let load_balancer = arn("loadbalancer/app/a/1");
    let listeners = Part::Elb(ElbPart::Listeners(load_balancer.clone()));
    let rule = arn("listener-rule/app/a/1/2/3");
    let cases = [
        (AwsAction::Elb(ElbAction::DeleteRule { id: rule.clone() }), vec![listeners.clone()]),
        (
            AwsAction::Elb(ElbAction::AddTags { id: rule, tags: Tags::new() }),
            vec![listeners.clone()],
        ),
        (
            AwsAction::Elb(ElbAction::DeleteLoadBalancer { id: load_balancer.clone() }),
            vec![
                Part::Elb(ElbPart::LoadBalancers),
                listeners.clone(),
                Part::Elb(ElbPart::LoadBalancerAttributes(load_balancer.clone())),
                Part::Elb(ElbPart::Capacity(load_balancer)),
            ],
        ),
        (
            AwsAction::Elb(ElbAction::AddListenerCertificate {
                listener: Id::Is(arn("listener/app/a/1/2")),
                certificate: Id::Is(AwsId::new("arn:aws:acm:us-east-1:1:certificate/1")),
            }),
            vec![listeners],
        ),
    ];
    for (action, parts) in cases {
        assert_eq!(touched(&action), parts, "{action:?}");
    }
}

#[test]
fn a_refusal_puts_in_doubt_what_it_misses() {
    let error = |code: &str| CloudError {
        kind: Kind::of(code, Some(400)),
        operation: "elbv2.CreateRule".to_owned(),
        code: code.to_owned(),
        message: String::new(),
    };
    assert_eq!(suspected(&error("TargetGroupNotFound")), Some(Part::Elb(ElbPart::TargetGroups)));
    assert_eq!(
        suspected(&error("InvalidGroup.NotFound")),
        Some(Part::Ec2(Ec2Part::SecurityGroups))
    );
    assert_eq!(suspected(&error("ValidationError")), None);
}
