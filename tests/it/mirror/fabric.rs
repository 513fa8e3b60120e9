//! Whose rules on the security groups of nodes and pods are ours.

use std::collections::{BTreeMap, BTreeSet};

use albedo::model::action::{AwsAction, Ec2Action};
use albedo::model::id::{AwsId, Id};
use albedo::model::marks::{DESCRIPTION_SHARED_RULE, Tags};
use albedo::model::security::Peer;

use super::super::contract::site;
use super::super::contract::suite::{CLUSTER, Site, wishes};
use super::super::support::fake::Fake;
use super::mirror;

/// A security group with shared rules that let in these sources.
fn node_group(site: &Site<Fake>, name: &str, tags: Tags, sources: &[&AwsId]) -> AwsId {
    let make = |action: &AwsAction| site.cloud.meddle(action).unwrap();
    let action = wishes::security_group(site, name);
    let id = make(&action).id().unwrap().clone();
    make(&AwsAction::Ec2(Ec2Action::TagSecurityGroup { id: id.clone(), tags }));
    let rules: BTreeSet<_> = sources
        .iter()
        .map(|source| wishes::ingress(8080, Peer::Group(Id::Is((*source).clone()))))
        .collect();
    if !rules.is_empty() {
        let description = DESCRIPTION_SHARED_RULE.to_owned();
        make(&AwsAction::Ec2(Ec2Action::AuthorizeIngress {
            group: Id::Is(id.clone()),
            rules,
            description,
        }));
    }
    id
}

#[tokio::test]
async fn rules_of_other_clusters_are_not_ours() {
    let site = site().await;
    let of = |cluster: &str| wishes::tags([("elbv2.k8s.aws/cluster", cluster)]);
    let ours = node_group(&site, "our-back", of(CLUSTER), &[]);
    let theirs = node_group(&site, "their-back", of("other"), &[]);
    let nobodys = node_group(&site, "some", Tags::new(), &[]);
    let node_tags = |cluster: &str| {
        let key = format!("kubernetes.io/cluster/{cluster}");
        wishes::tags([(key.as_str(), "owned")])
    };
    let sources = [&ours, &theirs, &nobodys];
    let tagged = node_group(&site, "tagged", node_tags(CLUSTER), &sources);
    let foreign = node_group(&site, "foreign", node_tags("other"), &[&theirs, &nobodys]);
    let untagged = node_group(&site, "untagged", Tags::new(), &sources);
    let mirror = mirror(site.cloud.clone());
    let let_in = async |endpoints: &[&AwsId]| {
        let endpoints = endpoints.iter().map(|id| (*id).clone()).collect();
        let inventory = mirror.fabric(CLUSTER, &endpoints).await.unwrap();
        let rules = inventory.endpoint_rules.value().unwrap().clone();
        let sources = rules.into_iter().map(|(id, rules)| {
            (id, rules.into_iter().map(|rule| rule.source.to_string()).collect::<Vec<_>>())
        });
        sources.collect::<BTreeMap<AwsId, Vec<String>>>()
    };
    let both = vec![ours.to_string(), nobodys.to_string()];
    let expected = BTreeMap::from([
        (tagged.clone(), both.clone()),
        (untagged.clone(), vec![ours.to_string()]),
    ]);
    assert_eq!(let_in(&[]).await, expected);
    let expected = BTreeMap::from([
        (tagged, both.clone()),
        (untagged.clone(), both),
        (foreign.clone(), vec![nobodys.to_string()]),
    ]);
    assert_eq!(let_in(&[&untagged, &foreign]).await, expected);
}
