//! TargetGroupBindings, written as LBC writes them, so that either finds the other's work in order.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use serde::Serialize;
use serde_json::{Map, Value, json};
use smol_str::SmolStr;

use super::super::error::{ClusterError, Kind};
use super::{WRITER, against_others, answer, unless_gone};
use crate::cluster::wire::TargetGroupBinding;
use crate::model::binding::{Binding, Completion, Opening};
use crate::model::id::ObjectKey;
use crate::model::marks::{ANNOTATION_NETWORKING, Labels};
use crate::model::seen::{
    IpBlock, Networking, NetworkingPeer, NetworkingPort, NetworkingRule, SecurityGroupRef,
    ServiceRef, TargetGroupBindingSpec,
};
use crate::model::settings::Scope;

/// Makes a binding. One of that name that is the same already may be our own, made by a request
/// whose answer was lost.
pub(super) async fn bind(
    api: &Api<TargetGroupBinding>,
    scope: Scope,
    binding: &Binding,
) -> Result<(), ClusterError> {
    let name = binding.name.as_deref().unwrap_or_default();
    let operation = format!("TargetGroupBinding {}/{name}", binding.namespace);
    let (spec, annotations) = beside(scope, spec(&operation, binding)?);
    let wished = TargetGroupBinding {
        metadata: ObjectMeta {
            annotations: Some(annotations).filter(|all| !all.is_empty()),
            name: binding.name.as_ref().map(ToString::to_string),
            namespace: Some(binding.namespace.to_string()),
            labels: Some(texts(&binding.labels)),
            ..ObjectMeta::default()
        },
        spec,
        status: None,
    };
    let params = PostParams { field_manager: Some(WRITER.to_owned()), ..PostParams::default() };
    match answer(&operation, api.create(&params, &wished)).await {
        Err(error) if error.kind == Kind::Conflict => {
            let standing = answer(&operation, api.get(name)).await?;
            if standing.metadata.deletion_timestamp.is_some() {
                Err(ClusterError::unfit(operation, "one of that name is being deleted"))
            } else if changes(&standing, &binding.labels, &wished).is_some() {
                Err(ClusterError::unfit(operation, "one of that name is there and differs"))
            } else {
                Ok(())
            }
        }
        result => result.map(drop),
    }
}

/// Brings a standing binding into line: its labels are exactly the wished ones afterwards, as LBC
/// has it.
pub(super) async fn rebind(
    api: &Api<TargetGroupBinding>,
    scope: Scope,
    key: &ObjectKey,
    binding: &Binding,
) -> Result<(), ClusterError> {
    let operation = format!("TargetGroupBinding {key}");
    let (spec, annotations) = beside(scope, spec(&operation, binding)?);
    let metadata = ObjectMeta { annotations: Some(annotations), ..ObjectMeta::default() };
    let wished = TargetGroupBinding { metadata, spec, status: None };
    against_others(|| async {
        let standing = answer(&operation, api.get(&key.name)).await?;
        let Some(patch) = changes(&standing, &binding.labels, &wished) else { return Ok(()) };
        let patch = Patch::Merge(&patch);
        answer(&operation, api.patch(&key.name, &PatchParams::apply(WRITER), &patch))
            .await
            .map(drop)
    })
    .await
}

/// Fills in what a person left out of a binding. What somebody has filled in meanwhile stays, and
/// one that names another target group by now is left as it is.
pub(super) async fn complete(
    api: &Api<TargetGroupBinding>,
    key: &ObjectKey,
    completion: &Completion,
) -> Result<(), ClusterError> {
    let operation = format!("TargetGroupBinding {key}");
    against_others(|| async {
        let standing = answer(&operation, api.get(&key.name)).await?;
        let named = standing.spec.target_group_arn.as_ref();
        if completion.target_group.is_some() && named != completion.replaced.as_ref() {
            return Ok(());
        }
        let spec = completed(&standing.spec, completion);
        let version = &standing.metadata.resource_version;
        let patch = json!({"metadata": {"resourceVersion": version}, "spec": spec});
        let patch = Patch::Merge(&patch);
        answer(&operation, api.patch(&key.name, &PatchParams::apply(WRITER), &patch))
            .await
            .map(drop)
    })
    .await
}

/// The fields that are filled in.
fn completed(standing: &TargetGroupBindingSpec, completion: &Completion) -> Map<String, Value> {
    let Completion { replaced: _, target_group, target_type, ipv6, vpc, protocol } = completion;
    let family = |is_ipv6: &bool| if *is_ipv6 { "ipv6" } else { "ipv4" };
    let unless = |stands: &Option<SmolStr>, value: Option<Value>| {
        value.filter(|_| stands.as_deref().is_none_or(str::is_empty))
    };
    let text = |value: &Option<SmolStr>| value.as_deref().map(Value::from);
    let fields = [
        ("targetGroupARN", target_group.as_ref().map(|id| id.as_str().into())),
        ("targetType", unless(&standing.target_type, text(target_type))),
        (
            "ipAddressType",
            unless(&standing.ip_address_type, ipv6.as_ref().map(family).map(Value::from)),
        ),
        ("vpcID", unless(&standing.vpc_id, text(vpc))),
        ("targetGroupProtocol", unless(&standing.target_group_protocol, text(protocol))),
    ];
    fields.into_iter().filter_map(|(field, value)| Some((field.to_owned(), value?))).collect()
}

/// Removes a binding, unless it is gone. While it carries a finalizer it stays, as leaving.
pub(super) async fn unbind(
    api: &Api<TargetGroupBinding>,
    key: &ObjectKey,
) -> Result<(), ClusterError> {
    let operation = format!("TargetGroupBinding {key}");
    let deleted = answer(&operation, api.delete(&key.name, &DeleteParams::default())).await;
    unless_gone(deleted.map(drop))
}

/// Labels as the API server takes them.
fn texts(labels: &Labels) -> BTreeMap<String, String> {
    labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
}

/// Who may reach the targets, as an annotation where LBC would let them in as well: what it keeps
/// on nodes is its own, and AWS takes no rule twice.
fn beside(
    scope: Scope,
    mut spec: TargetGroupBindingSpec,
) -> (TargetGroupBindingSpec, BTreeMap<String, String>) {
    let hidden = match scope {
        Scope::All => None,
        Scope::Own => spec.networking.take(),
    };
    let text = hidden.and_then(|networking| serde_json::to_string(&networking).ok());
    let annotation = text.map(|text| (ANNOTATION_NETWORKING.to_owned(), text));
    (spec, annotation.into_iter().collect())
}

/// What LBC would write for a binding: a rule for each opening.
fn spec(operation: &str, binding: &Binding) -> Result<TargetGroupBindingSpec, ClusterError> {
    let unknown = || ClusterError::refused(operation, "AWS has not given an id that goes into it");
    let rules: Option<Vec<NetworkingRule>> = binding.openings.iter().map(rule).collect();
    let ingress = rules.ok_or_else(unknown)?;
    let ip_address_type = if binding.ipv6 { "ipv6" } else { "ipv4" };
    Ok(TargetGroupBindingSpec {
        target_group_arn: Some(binding.target_group.given().ok_or_else(unknown)?.clone()),
        target_group_name: None,
        multi_cluster_target_group: binding.multi_cluster.then_some(true),
        target_type: Some(binding.target_type.as_str().into()),
        target_group_protocol: binding.protocol.clone(),
        service_ref: ServiceRef { name: binding.service.clone(), port: binding.port.clone() },
        networking: (!ingress.is_empty()).then(|| Arc::new(Networking { ingress })),
        node_selector: binding.nodes.clone(),
        ip_address_type: Some(ip_address_type.into()),
        vpc_id: binding.vpc.clone(),
        iam_role_arn_to_assume: None,
        assume_role_external_id: None,
        rest: BTreeMap::new(),
    })
}

/// The rule for one opening; `None` as long as its security group has no id.
fn rule(opening: &Opening) -> Option<NetworkingRule> {
    let security_group = match &opening.group {
        Some(id) => Some(SecurityGroupRef { group_id: id.given()?.as_str().into() }),
        None => None,
    };
    let ip_block = opening.cidr.clone().map(|cidr| IpBlock { cidr });
    let protocol = Some(opening.protocol.clone());
    Some(NetworkingRule {
        from: vec![NetworkingPeer { ip_block, security_group }],
        ports: vec![NetworkingPort { protocol, port: opening.port.clone() }],
    })
}

/// The merge patch that makes a standing binding what it should be; `None` where it is that
/// already.
///
/// Fields that no wish speaks of, such as the role to assume, stay.
fn changes(
    standing: &TargetGroupBinding,
    labels: &Labels,
    wished: &TargetGroupBinding,
) -> Option<Value> {
    let silent = TargetGroupBindingSpec {
        iam_role_arn_to_assume: None,
        assume_role_external_id: None,
        rest: BTreeMap::new(),
        ..standing.spec.clone()
    };
    let spec = difference(&fields(&silent), &fields(&wished.spec));
    let labels = difference(
        &fields(standing.metadata.labels.as_ref().unwrap_or(&BTreeMap::new())),
        &fields(labels),
    );
    let none = BTreeMap::new();
    let annotations = difference(
        &fields(standing.metadata.annotations.as_ref().unwrap_or(&none)),
        &fields(wished.metadata.annotations.as_ref().unwrap_or(&none)),
    );
    if spec.is_empty() && labels.is_empty() && annotations.is_empty() {
        return None;
    }
    let version = &standing.metadata.resource_version;
    let mut metadata = json!({"resourceVersion": version, "labels": labels});
    if !annotations.is_empty() {
        metadata["annotations"] = Value::Object(annotations);
    }
    Some(json!({"metadata": metadata, "spec": spec}))
}

/// The merge patch that leads from one set of fields to another; `null` takes a field away. What
/// stands of a field that has fields of its own would stay in it, too.
fn difference(from: &Map<String, Value>, to: &Map<String, Value>) -> Map<String, Value> {
    let gone =
        from.keys().filter(|key| !to.contains_key(*key)).map(|key| (key.clone(), Value::Null));
    let set = to.iter().filter(|(key, value)| from.get(*key) != Some(value));
    let set = set.map(|(key, value)| match (from.get(key), value) {
        (Some(Value::Object(from)), Value::Object(to)) => {
            (key.clone(), Value::Object(difference(from, to)))
        }
        _ => (key.clone(), value.clone()),
    });
    gone.chain(set).collect()
}

/// The fields of a plain structure.
fn fields<T: Serialize>(value: &T) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests;
