//! What this program can do in ACM: certificates that are imported, and those that are asked for.

use serde::{Deserialize, Serialize};

use super::operation::{Operation, Service};
use crate::model::certificate::Certificate;
use crate::model::id::{AwsId, Handle, Id};
use crate::model::marks::Tags;
use crate::model::request::CertificateRequest;
use crate::model::secret::SecretBytes;

const ACM: Service = Service { name: "acm", iam: "acm" };

/// What the reads of this service have to be allowed.
pub(super) const READS: &[&str] =
    &["acm:DescribeCertificate", "acm:ListCertificates", "acm:ListTagsForCertificate"];

/// One mutating call to ACM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AcmAction {
    /// Makes a certificate.
    ImportCertificate {
        /// What it will be known as.
        handle: Handle,
        /// What it should be.
        spec: Box<Certificate>,
    },
    /// Gives a certificate that stands new content; whatever uses it goes on doing so. AWS takes no
    /// tags here.
    ReimportCertificate {
        /// Which one.
        id: AwsId,
        /// What it should be.
        spec: Box<Certificate>,
    },
    /// Asks ACM for a certificate, which it issues once the names are proved.
    RequestCertificate {
        /// What it will be known as.
        handle: Handle,
        /// What it should be.
        spec: Box<CertificateRequest>,
    },
    /// Gives a certificate tags that it lacks. All that it should have are sent: the usual policy
    /// lets whoever names the cluster's tag the others.
    TagCertificate {
        /// Which one.
        id: AwsId,
        /// Its tags.
        tags: Tags,
    },
    /// Removes a certificate.
    DeleteCertificate {
        /// Which one.
        id: AwsId,
    },
}

impl AcmAction {
    /// What there is to say of it.
    pub(super) fn about(&self) -> Operation {
        match self {
            Self::ImportCertificate { .. } => {
                ACM.adds("ImportCertificate").and(&["acm:AddTagsToCertificate"])
            }
            Self::ReimportCertificate { .. } => ACM.changes("ImportCertificate"),
            Self::RequestCertificate { .. } => {
                ACM.adds("RequestCertificate").and(&["acm:AddTagsToCertificate"])
            }
            Self::TagCertificate { .. } => ACM.changes("AddTagsToCertificate"),
            Self::DeleteCertificate { .. } => ACM.removes("DeleteCertificate"),
        }
    }

    /// What this makes.
    pub(super) fn makes(&self) -> Option<&Handle> {
        match self {
            Self::ImportCertificate { handle, .. } | Self::RequestCertificate { handle, .. } => {
                Some(handle)
            }
            Self::ReimportCertificate { .. }
            | Self::TagCertificate { .. }
            | Self::DeleteCertificate { .. } => None,
        }
    }

    /// Calls `visit` with the bytes of Secrets that this needs.
    pub(super) fn visit_secrets(&mut self, visit: &mut dyn FnMut(&mut SecretBytes)) {
        match self {
            Self::ImportCertificate { spec, .. } | Self::ReimportCertificate { spec, .. } => {
                visit(&mut spec.key);
            }
            Self::RequestCertificate { .. }
            | Self::TagCertificate { .. }
            | Self::DeleteCertificate { .. } => {}
        }
    }

    /// Calls `visit` with every identifier that may not have been given yet: a certificate names
    /// nothing else.
    pub(super) fn visit_ids(&mut self, _visit: &mut dyn FnMut(&mut Id)) {
        match self {
            Self::ImportCertificate { .. }
            | Self::ReimportCertificate { .. }
            | Self::RequestCertificate { .. }
            | Self::TagCertificate { .. }
            | Self::DeleteCertificate { .. } => {}
        }
    }
}
