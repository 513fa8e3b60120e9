//! What other accounts hold, by the roles that those let us have.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::Mirror;
use crate::aws::Cloud;
use crate::clock::Clock;
use crate::model::role::Role;

/// What is believed of AWS by each role.
pub(super) type Roles<C, T> = Mutex<BTreeMap<Role, Mirror<C, T>>>;

impl<C: Cloud, T: Clock> Mirror<C, T> {
    /// What AWS holds by the rights of a role, in sessions of this name; the same for all who have
    /// the role in mind, so that what one has read another need not read. Nothing where nobody here
    /// can have those rights.
    #[must_use]
    pub fn by_role(&self, role: &Role, session: &str) -> Option<Self> {
        let mut roles = self.shared.roles.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = roles.get(role) {
            return Some(known.clone());
        }
        let cloud = self.shared.cloud.assume(role, session)?;
        let mirror = Self::new(cloud, self.shared.clock.clone());
        roles.insert(role.clone(), mirror.clone());
        Some(mirror)
    }
}
