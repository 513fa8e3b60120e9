//! Steps in ACM.

use serde_json::{Map, Value, json};

use super::listed;
use crate::model::action::AcmAction;
use crate::model::certificate::Certificate;
use crate::model::request::CertificateRequest;

/// What a step is about.
pub(super) fn what(action: &AcmAction) -> String {
    match action {
        AcmAction::ImportCertificate { handle, spec } => {
            let names: Vec<&str> = spec.facts.names.iter().map(String::as_str).collect();
            format!("{handle} for {}", names.join(", "))
        }
        AcmAction::RequestCertificate { handle, .. } => handle.to_string(),
        AcmAction::ReimportCertificate { id, .. }
        | AcmAction::TagCertificate { id, .. }
        | AcmAction::DeleteCertificate { id } => format!("certificate {id}"),
    }
}

/// The parameters of its call.
pub(super) fn parameters(action: &AcmAction) -> Value {
    match action {
        AcmAction::ImportCertificate { spec, .. } => {
            let mut call = certificate(spec);
            call.insert("Tags".to_owned(), listed(&spec.tags));
            Value::Object(call)
        }
        AcmAction::ReimportCertificate { id, spec } => {
            let mut call = certificate(spec);
            call.insert("CertificateArn".to_owned(), json!(id));
            Value::Object(call)
        }
        AcmAction::RequestCertificate { spec, .. } => request(spec),
        AcmAction::TagCertificate { id, tags } => {
            json!({"CertificateArn": id, "Tags": listed(tags)})
        }
        AcmAction::DeleteCertificate { id } => json!({"CertificateArn": id}),
    }
}

fn request(spec: &CertificateRequest) -> Value {
    let names = spec.key.ordered();
    let mut call = json!({
        "DomainName": names.first(),
        "SubjectAlternativeNames": names,
        "ValidationMethod": "DNS",
        "IdempotencyToken": spec.key.token(),
        "Tags": listed(&spec.tags),
    });
    if let Some(authority) = &spec.key.authority {
        call["CertificateAuthorityArn"] = json!(authority);
    }
    call
}

fn certificate(spec: &Certificate) -> Map<String, Value> {
    let mut call = Map::from_iter([
        ("Certificate".to_owned(), json!(spec.body)),
        ("PrivateKey".to_owned(), json!(spec.key.to_string())),
    ]);
    if !spec.chain.is_empty() {
        call.insert("CertificateChain".to_owned(), json!(spec.chain));
    }
    call
}
