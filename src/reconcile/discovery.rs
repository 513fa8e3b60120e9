//! What members of a group look for in AWS by name: certificates by host, trust stores, target
//! groups.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::targets::read_tags;
use super::{Visit, again};
use crate::aws::{Cloud, CloudError, Kind, Mirror, TagLook};
use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::desired::destinations::{led_to, names_of_target_groups};
use crate::desired::discovery::{Seekers, seekers};
use crate::desired::mutual_authentication::names_trust_stores;
use crate::model::account_limits::AccountLimits;
use crate::model::id::AwsId;
use crate::model::marks::{TAG_SECRET, Tags};
use crate::model::snapshot::Snapshot;
use crate::model::surroundings::Issued;
use crate::report::Rest;

/// How old the account's quotas may be: AWS raises them when somebody asks, which takes days.
const LIMITS_AGE_MAX: Duration = Duration::from_secs(60 * 60);
/// How old lists may be (LBC: one minute for certificates, ten for trust stores).
const AGE_MAX: Duration = Duration::from_secs(60);

/// Reads the certificates that may be found by host, where anybody looks for one.
///
/// # Errors
/// The read that failed.
pub async fn read_issued<C: Cloud, T: Clock>(
    mirror: &Mirror<C, T>,
    snapshot: &Snapshot,
) -> Result<Option<Issued>, CloudError> {
    let Some(seekers) = seekers(&snapshot.objects) else { return Ok(None) };
    let certificates = mirror.issued(AGE_MAX).await?;
    let kept = match seekers {
        Seekers::OfLbcClasses => BTreeSet::new(),
        Seekers::OfOwnClasses => mirror.tagged_certificates(TAG_SECRET).await?,
    };
    Ok(Some(Issued { certificates, kept }))
}

/// Reads the trust stores, where anybody calls one by its name. Where they may not be read, they
/// are unknown: whoever names none waits for nothing.
///
/// # Errors
/// The read that failed, unless it was refused.
pub async fn read_trust_stores<C: Cloud, T: Clock>(
    mirror: &Mirror<C, T>,
    snapshot: &Snapshot,
) -> Result<Option<Arc<BTreeMap<String, AwsId>>>, CloudError> {
    if !names_trust_stores(&snapshot.objects) {
        return Ok(None);
    }
    match mirror.trust_stores(AGE_MAX).await {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind == Kind::Refused => {
            tracing::warn!(%error, "trust stores may not be looked up by name");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Reads what AWS allows the account, once an hour for all, and says when to read it again. Where
/// nobody may read it, it stays unknown; what cannot be read now is what everybody is allowed.
pub async fn read_account_limits<C: Cloud, T: Clock>(
    mirror: &Mirror<C, T>,
) -> (Arc<AccountLimits>, Rest) {
    match mirror.account_limits(LIMITS_AGE_MAX).await {
        Ok(found) => (found, Rest::Done),
        Err(error) => {
            tracing::warn!(%error, "AWS does not tell what it allows the account");
            if error.kind == Kind::Refused {
                (Arc::default(), Rest::Done)
            } else {
                (Arc::new(AccountLimits::usual()), again(&error))
            }
        }
    }
}

/// Reads which target groups have the names that actions call them by.
///
/// # Errors
/// The read that failed.
pub async fn read_named<C: Cloud, T: Clock>(
    mirror: &Mirror<C, T>,
    snapshot: &Snapshot,
) -> Result<BTreeMap<String, AwsId>, CloudError> {
    let ingresses = snapshot.objects.ingresses.values();
    let names: BTreeSet<String> =
        ingresses.flat_map(|ingress| names_of_target_groups(ingress)).collect();
    let mut found = BTreeMap::new();
    for name in names {
        if let Some(id) = mirror.target_group_named(&name, AGE_MAX).await? {
            found.insert(name, id);
        }
    }
    Ok(found)
}

/// Reads the tags of the target groups that actions lead to, where it counts whose they are.
///
/// # Errors
/// The read that failed, but for those that are refused: these are unknown then.
pub async fn read_led_to<C: Cloud, T: Clock>(
    mirror: &Mirror<C, T>,
    snapshot: &Snapshot,
) -> Result<BTreeMap<AwsId, Option<Tags>>, CloudError> {
    let cluster = &snapshot.settings.cluster;
    read_tags(mirror, cluster, led_to(snapshot), TagLook::Together).await
}

impl<C: Cloud, K: Cluster, T: Clock> Visit<'_, C, K, T> {
    /// Finds out which certificates members may find by host. Where ACM cannot be read, that is
    /// unknown, and holds up nothing that does not need it.
    pub(super) async fn discover(&self, snapshot: &mut Snapshot) -> Rest {
        match read_issued(self.mirror(), snapshot).await {
            Ok(found) => {
                snapshot.issued = found;
                Rest::Done
            }
            Err(error) => {
                let subject = self.subject;
                tracing::warn!(%subject, %error, "certificates cannot be listed; HTTPS stays as it is");
                again(&error)
            }
        }
    }
}
