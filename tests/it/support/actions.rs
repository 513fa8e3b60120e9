//! Everything that the program can write to a cluster.

use albedo::model::action::KubeAction;
use albedo::model::binding::{Binding, Completion, PortRef};
use albedo::model::group::Group;
use albedo::model::id::{AwsId, Id, ObjectKey};
use albedo::model::memory::{Entry, Memory};
use albedo::model::source::Source;
use albedo::model::target_group::TargetType;

/// Everything that can be written, on objects of this namespace; but for what is kept of target
/// groups that clusters share, which takes a right of its own.
pub fn every_action(namespace: &str) -> Vec<KubeAction> {
    let member = Source::ingress(ObjectKey::new(namespace, "web"));
    let name = ObjectKey::new(namespace, "tgb");
    let finalizer = "ingress.k8s.aws/resources".to_owned();
    let binding = Binding {
        name: Some(name.name.clone()),
        namespace: namespace.into(),
        labels: albedo::model::marks::Labels::new(),
        target_group: Id::Is(AwsId::new("arn")),
        target_type: TargetType::Ip,
        protocol: None,
        service: "web".into(),
        port: PortRef::Number(80),
        openings: vec![],
        ipv6: false,
        vpc: None,
        multi_cluster: false,
        nodes: None,
    };
    let group = Group::Explicit(namespace.into());
    let memory = Memory { leftovers: [AwsId::new("arn")].into(), ..Memory::default() };
    let rebound = Binding { ipv6: true, ..binding.clone() };
    vec![
        KubeAction::Claim { member: member.clone(), finalizer: finalizer.clone() },
        KubeAction::Release { member, finalizer },
        KubeAction::Bind { binding: binding.clone() },
        // Found to be there: this one is read.
        KubeAction::Bind { binding },
        KubeAction::Rebind { name: name.clone(), binding: rebound },
        KubeAction::CompleteBinding {
            name: name.clone(),
            completion: Completion { protocol: Some("HTTP".into()), ..Completion::default() },
        },
        KubeAction::ClaimBinding { name: name.clone() },
        KubeAction::Unbind { name: name.clone() },
        KubeAction::ReleaseBinding { name },
        KubeAction::Remember { group: group.clone(), entry: Entry::Leftovers, memory },
        KubeAction::Remember { group, entry: Entry::Leftovers, memory: Memory::default() },
    ]
}
