//! IngressGroups: what people see under `kubectl get ingressgroups`. Nothing is ordered by them.

use std::collections::BTreeMap;

use k8s_openapi::Resource as _;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use serde_json::json;

use super::super::error::{ClusterError, Kind};
use super::super::wire::{IngressGroup, IngressGroupSpec};
use super::{WRITER, answer, unless_gone};
use crate::model::group::Group;
use crate::model::ingress_group::{GroupStatus, Print};
use crate::model::names;

/// The label that says who keeps one.
const LABEL: &str = "alb.ingress.k8s.aws/kept-by";
/// How many objects one answer holds (client-go's reflector).
const PAGE_SIZE: u32 = 500;

/// What the status of a group is called in errors and the log.
pub(super) fn operation(group: &Group) -> String {
    format!("IngressGroup of {group}")
}

/// What is shown of all groups that a keeper keeps.
pub(super) async fn all(
    api: &Api<IngressGroup>,
    keeper: &str,
) -> Result<BTreeMap<Group, Print>, ClusterError> {
    let mut params = ListParams::default().labels(&format!("{LABEL}={keeper}")).limit(PAGE_SIZE);
    let mut shown = BTreeMap::new();
    loop {
        let page = answer("IngressGroups", api.list(&params)).await?;
        let each = page.items.into_iter();
        shown.extend(each.map(|one| (Group::spelled(&one.spec.group), one.status.print())));
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params.continue_token = Some(token),
            None => return Ok(shown),
        }
    }
}

/// Shows how a group is. One that is not there is made.
pub(super) async fn show(
    api: &Api<IngressGroup>,
    (group, keeper): (&Group, &str),
    status: &GroupStatus,
) -> Result<(), ClusterError> {
    match write(api, group, status).await {
        Err(error) if error.kind == Kind::NotFound => {
            make(api, group, keeper).await?;
            write(api, group, status).await
        }
        written => written,
    }
}

async fn write(
    api: &Api<IngressGroup>,
    group: &Group,
    status: &GroupStatus,
) -> Result<(), ClusterError> {
    let patch = Patch::Apply(json!({
        "apiVersion": IngressGroup::API_VERSION, "kind": IngressGroup::KIND, "status": status,
    }));
    // Nobody else has a say in it.
    let params = PatchParams::apply(WRITER).force();
    let name = names::ingress_group(group);
    answer(&operation(group), api.patch_status(&name, &params, &patch)).await.map(drop)
}

async fn make(api: &Api<IngressGroup>, group: &Group, keeper: &str) -> Result<(), ClusterError> {
    let made = IngressGroup {
        metadata: ObjectMeta {
            name: Some(names::ingress_group(group)),
            labels: Some(BTreeMap::from([(LABEL.to_owned(), keeper.to_owned())])),
            ..ObjectMeta::default()
        },
        spec: IngressGroupSpec { group: group.to_string() },
        status: GroupStatus::default(),
    };
    let params = PostParams { field_manager: Some(WRITER.to_owned()), ..PostParams::default() };
    match answer(&operation(group), api.create(&params, &made)).await {
        Err(error) if error.kind == Kind::Conflict => Ok(()),
        made => made.map(drop),
    }
}

/// Shows a group no more.
pub(super) async fn hide(api: &Api<IngressGroup>, group: &Group) -> Result<(), ClusterError> {
    let (name, params) = (names::ingress_group(group), DeleteParams::default());
    unless_gone(answer(&operation(group), api.delete(&name, &params)).await.map(drop))
}
