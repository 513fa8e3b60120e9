//! A TLS Secret, as far as certificates depend on it. Only Secrets that Ingresses name are looked
//! at.

use serde::{Deserialize, Serialize};

use crate::model::certificate::Sealed;

/// What a look at one Secret showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SeenSecret {
    /// It does not exist.
    Missing,
    /// The API server does not let us read it; this is what it says.
    Unreadable(String),
    /// It is there.
    Is {
        /// The type, such as `kubernetes.io/tls`.
        kind: String,
        /// The bytes of `tls.crt`.
        certificate: Option<Sealed>,
        /// The bytes of `tls.key`.
        key: Option<Sealed>,
    },
}
