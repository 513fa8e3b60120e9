//! Certificates that ACM is asked for, and the tags by which they are known again.

use std::collections::BTreeSet;
use std::sync::Arc;

use albedo::aws::Cloud;
use albedo::model::action::{AcmAction, AwsAction};
use albedo::model::id::{CertificateKey, Handle};
use albedo::model::marks::{TAG_REQUEST, TAG_SECRET};
use albedo::model::request::{CertificateRequest, Decision, RequestKey};

use super::{Looks, Site};

pub async fn certificates_are_told_by_the_tags_that_they_carry<C: Cloud>(site: Site<C>) {
    let names = BTreeSet::from(["a.example.com".into(), "*.example.com".into()]);
    let key = RequestKey { names: names.clone(), authority: None };
    let certificate = CertificateKey::Request(Arc::new(key.clone()));
    let tags = certificate.tags("demo");
    let request = AcmAction::RequestCertificate {
        handle: Handle::Certificate(certificate),
        spec: Box::new(CertificateRequest { key: key.clone(), tags: tags.clone() }),
    };
    let made = site.cloud.perform(&AwsAction::Acm(request)).await.unwrap();
    let id = made.id().unwrap().clone();
    // By one call for all: without others, which carry no such tag.
    assert_eq!(site.cloud.certificates_tagged(TAG_REQUEST).await.unwrap(), [(id.clone(), tags)]);
    assert_eq!(site.cloud.certificates_tagged(TAG_SECRET).await.unwrap(), []);
    let listed = site.cloud.requested().await.unwrap();
    let one = listed.iter().find(|one| one.id == id).unwrap();
    assert_eq!((one.decision, one.since.is_some()), (Decision::Open, true));
    let facts = site.cloud.request(&id).await.unwrap();
    assert!(facts.are_of(&key), "{facts:?}");
    let gone = AwsAction::Acm(AcmAction::DeleteCertificate { id });
    site.cloud.perform(&gone).await.unwrap();
    assert_eq!(site.cloud.certificates_tagged(TAG_REQUEST).await.unwrap(), []);
}

pub async fn imported_certificates_are_listed_as_they_are<C: Cloud>(site: Site<C>) {
    for one in site.cloud.imported().await.unwrap() {
        let facts = site.cloud.imported_detail(&one.id).await.unwrap();
        assert!(one.since.is_some(), "{one:?}");
        assert!(one.listed.unwrap().is_of(&facts), "{facts:?}");
    }
}
