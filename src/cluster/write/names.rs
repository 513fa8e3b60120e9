//! Which objects stand, asked for at the moment that it matters.

use std::collections::BTreeSet;
use std::fmt::Debug;

use kube::api::ListParams;
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;

use super::super::error::ClusterError;
use super::answer;

/// How many names one answer holds (client-go's reflector).
const PAGE_SIZE: u32 = 500;

/// The names of all objects of one kind that carry a label. No version is named, so the API server
/// asks its store and not its cache.
pub(super) async fn all<K>(api: Api<K>, label: &str) -> Result<BTreeSet<String>, ClusterError>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug,
{
    let operation = format!("names of {}", K::plural(&()));
    let mut params = ListParams::default().labels(label).limit(PAGE_SIZE);
    let mut names = BTreeSet::new();
    loop {
        let page = answer(&operation, api.list_metadata(&params)).await?;
        names.extend(page.items.iter().map(ResourceExt::name_any));
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params.continue_token = Some(token),
            None => return Ok(names),
        }
    }
}
