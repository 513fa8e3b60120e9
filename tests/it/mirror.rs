//! The mirror: what it costs, and that it never believes wrongly, whatever fails or comes between.

use albedo::aws::{Cloud, ElbPart, Mirror, Part};
use albedo::clock::Clock;
use albedo::model::action::{AwsAction, ElbAction};
use albedo::model::group::Group;
use albedo::model::id::{Handle, Slot};
use albedo::model::marks::{TAG_STACK, Tags};

use super::contract::site;
use super::contract::suite::{CLUSTER, Seen, Site, Stopped, seen, wishes};
use super::support::fake::{Fake, State};

mod cost;
mod fabric;
mod fault;
mod hands;
mod race;
mod slow;

use hands::Hands;

pub fn mirror<C: Cloud>(cloud: C) -> Mirror<C, Stopped> {
    Mirror::new(cloud, Stopped)
}

/// A life of a group: everything that can be done is done, and in the end undone.
pub async fn story() -> Vec<AwsAction> {
    let site = site().await;
    let fake = site.cloud.clone();
    super::contract::suite::a_mirror_that_was_written_through_agrees_with_one_that_reads(site)
        .await;
    fake.performed()
}

/// An AWS in which the story was told up to a point.
pub async fn after(actions: &[AwsAction]) -> Fake {
    let fake = site().await.cloud;
    for action in actions {
        fake.meddle(action).unwrap();
    }
    fake
}

pub async fn read_anew(fake: &Fake) -> Seen {
    seen(&mirror(fake.clone())).await
}

/// Puts in doubt what hangs on the load balancers and target groups of a group.
pub fn doubt<C: Cloud, T: Clock>(mirror: &Mirror<C, T>, stands: &State, group: &Group) {
    let name = group.to_string();
    let is_its = |tags: &Tags| tags.get(TAG_STACK).is_some_and(|tag| *tag == name);
    for (id, _) in stands.load_balancers.iter().filter(|(_, found)| is_its(&found.spec.tags)) {
        mirror.forget_part(&Part::Elb(ElbPart::Listeners(id.clone())));
        mirror.forget_part(&Part::Elb(ElbPart::LoadBalancerAttributes(id.clone())));
    }
    for (id, _) in stands.target_groups.iter().filter(|(_, found)| is_its(&found.spec.tags)) {
        mirror.forget_part(&Part::Elb(ElbPart::TargetGroupAttributes(id.clone())));
    }
}

/// Makes a load balancer with one listener, and so many rules each with a target group.
pub async fn furnish(site: &Site<Fake>, group: &Group, rules: u32) {
    let fake = &site.cloud;
    let marks = |resource: &str| group.tags(CLUSTER, resource);
    let name = group.to_string();
    let make = |action: AwsAction| fake.meddle(&action).unwrap().id().unwrap().clone();
    let front = make(wishes::security_group(site, &name));
    let mut spec = wishes::load_balancer_spec(site, &name, &front);
    spec.tags.extend(marks("LoadBalancer"));
    let handle = Handle::LoadBalancer(group.clone(), Slot(0));
    let balancer = make(AwsAction::Elb(ElbAction::CreateLoadBalancer { handle, spec }));
    let listener = make(wishes::listener(&balancer, 80, wishes::http_spec()));
    for priority in 1..=rules {
        let mut spec = wishes::target_group_spec(site, &format!("{name}-{priority}"));
        spec.tags.extend(marks(&format!("{name}-{priority}")));
        let key = wishes::key(&format!("{priority}"));
        let handle = Handle::TargetGroup(group.clone(), key);
        let target_group = make(AwsAction::Elb(ElbAction::CreateTargetGroup { handle, spec }));
        let host = format!("h{priority}.example.com");
        let spec = wishes::rule_spec(&host, wishes::forward(&target_group));
        make(wishes::rule(&listener, priority, spec));
    }
}
