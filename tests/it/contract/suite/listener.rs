//! Listeners and their certificates.

use std::collections::{BTreeMap, BTreeSet};

use albedo::aws::{Answer, Cloud, Kind};
use albedo::model::account_limits::Limit;
use albedo::model::action::{AwsAction, ElbAction};
use albedo::model::id::{AwsId, Id};
use albedo::model::inventory::LiveListener;
use albedo::model::listener::{Listener, MutualAuthentication, Protocol};
use albedo::model::marks::Tags;
use albedo::model::surroundings::{IssuedDetail, Issuer};

use super::wishes::{
    done, fixed, http_spec, listener, made, refused, standing_load_balancer, tags,
};
use super::{Looks as _, Site};

async fn read<C: Cloud>(site: &Site<C>, load_balancer: &AwsId) -> Vec<LiveListener> {
    site.cloud.listeners(load_balancer).await.unwrap()
}

fn https_spec<C>(site: &Site<C>) -> Listener {
    Listener {
        protocol: Protocol::Https,
        default_certificate: Some(Id::Is(site.certificates[0].clone())),
        ssl_policy: Some("ELBSecurityPolicy-TLS13-1-2-2021-06".to_owned()),
        mutual_authentication: Some(MutualAuthentication::Off),
        ..http_spec()
    }
}

pub async fn a_listener_is_made_as_asked_and_once<C: Cloud>(site: Site<C>) {
    let load_balancer = standing_load_balancer(&site, "listening").await;
    let answer = done(&site, listener(&load_balancer, 80, http_spec())).await;
    let Answer::Listener(answer) = answer else { panic!("{answer:?}") };
    assert_eq!(read(&site, &load_balancer).await, std::slice::from_ref(&answer));
    let spec = &answer.live.spec;
    assert_eq!(http_spec().differences(spec), Vec::<&str>::new(), "{spec:?}");
    assert_eq!((answer.port, &spec.tags, &spec.ssl_policy), (80, &Tags::new(), &None));
    let again = made(&site, listener(&load_balancer, 80, http_spec())).await;
    assert_eq!(again, answer.live.id);
    let other = Listener { default_actions: vec![fixed("503")], ..http_spec() };
    let error = refused(&site, listener(&load_balancer, 80, other), Kind::Conflict).await;
    assert_eq!(error.code, "DuplicateListener");
}

pub async fn a_listener_is_changed_in_place<C: Cloud>(site: Site<C>) {
    let load_balancer = standing_load_balancer(&site, "listening").await;
    let id = made(&site, listener(&load_balancer, 80, http_spec())).await;
    let wish = Listener { default_actions: vec![fixed("503")], ..http_spec() };
    let action =
        AwsAction::Elb(ElbAction::ModifyListener { id: id.clone(), port: 80, spec: wish.clone() });
    let answer = done(&site, action).await;
    let Answer::Listener(answer) = answer else { panic!("{answer:?}") };
    assert_eq!(wish.differences(&answer.live.spec), Vec::<&str>::new());
    assert_eq!(read(&site, &load_balancer).await, [answer]);
    done(&site, AwsAction::Elb(ElbAction::DeleteListener { id: id.clone() })).await;
    assert_eq!(read(&site, &load_balancer).await, []);
    assert_eq!(site.cloud.rules(&id).await.unwrap_err().kind, Kind::NotFound);
}

pub async fn https_needs_a_certificate<C: Cloud>(site: Site<C>) {
    let load_balancer = standing_load_balancer(&site, "listening").await;
    let bare = Listener { default_certificate: None, ..https_spec(&site) };
    refused(&site, listener(&load_balancer, 443, bare), Kind::Refused).await;
    let unknown = Id::Is(AwsId::new(format!("{}0", site.certificates[0])));
    let wrong = Listener { default_certificate: Some(unknown), ..https_spec(&site) };
    let error = refused(&site, listener(&load_balancer, 443, wrong), Kind::NotFound).await;
    assert_eq!(error.code, "CertificateNotFound");
    let spec = Listener { ssl_policy: None, ..https_spec(&site) };
    made(&site, listener(&load_balancer, 443, spec)).await;
    let found = read(&site, &load_balancer).await;
    assert!(found[0].live.spec.ssl_policy.is_some(), "AWS chooses a policy: {found:?}");
}

pub async fn certificates_come_and_go_beside_the_default_one<C: Cloud>(site: Site<C>) {
    let [first, second] = site.certificates.clone();
    let load_balancer = standing_load_balancer(&site, "listening").await;
    let answer = done(&site, listener(&load_balancer, 443, https_spec(&site))).await;
    let Answer::Listener(answer) = answer else { panic!("{answer:?}") };
    assert_eq!(read(&site, &load_balancer).await, std::slice::from_ref(&answer));
    let id = answer.live.id;
    let add = |certificate: &AwsId| {
        AwsAction::Elb(ElbAction::AddListenerCertificate {
            listener: Id::Is(id.clone()),
            certificate: Id::Is(certificate.clone()),
        })
    };
    // The default certificate may be in the list too: that is how LBC does it.
    for certificate in [&first, &second, &second] {
        done(&site, add(certificate)).await;
    }
    let [one, two] = [&first, &second].map(|id| Id::Is(id.clone()));
    let spec = read(&site, &load_balancer).await.remove(0).live.spec;
    assert_eq!(spec.default_certificate.as_ref(), Some(&one));
    assert_eq!(spec.certificates, BTreeSet::from([one, two.clone()]));
    let wish = Listener { default_certificate: Some(two.clone()), ..https_spec(&site) };
    done(
        &site,
        AwsAction::Elb(ElbAction::ModifyListener { id: id.clone(), port: 443, spec: wish }),
    )
    .await;
    let remove =
        AwsAction::Elb(ElbAction::RemoveListenerCertificate { listener: id, certificate: first });
    done(&site, remove).await;
    let spec = read(&site, &load_balancer).await.remove(0).live.spec;
    assert_eq!(spec.default_certificate.as_ref(), Some(&two));
    assert_eq!(spec.certificates, BTreeSet::from([two]));
}

pub async fn certificates_are_listed_with_the_hosts_that_they_are_for<C: Cloud>(site: Site<C>) {
    let names =
        BTreeSet::from(["contract.example.com", "*.contract.example.com"].map(str::to_owned));
    let found = site.cloud.issued().await.unwrap();
    for id in &site.certificates {
        let one = found.iter().find(|one| one.id == *id).unwrap();
        assert_eq!((&one.names, &one.issuer), (&names, &Issuer::Public));
        assert_eq!((one.key_type.as_str(), one.is_whole), ("EC_prime256v1", true));
        assert!(one.not_before < one.not_after, "{one:?}");
        let detail = site.cloud.issued_detail(id).await.unwrap();
        assert_eq!(detail, IssuedDetail { names: names.clone(), authority: None });
    }
    let gone = AwsId::new(format!("{}0", site.certificates[0]));
    assert_eq!(site.cloud.issued_detail(&gone).await.unwrap_err().kind, Kind::NotFound);
}

pub async fn clients_are_asked_for_certificates_by_mode<C: Cloud>(site: Site<C>) {
    let load_balancer = standing_load_balancer(&site, "mutual").await;
    let passthrough = Some(MutualAuthentication::Passthrough);
    let spec = Listener { mutual_authentication: passthrough.clone(), ..https_spec(&site) };
    let id = made(&site, listener(&load_balancer, 443, spec)).await;
    let standing = async || read(&site, &load_balancer).await.remove(0).live.spec;
    assert_eq!(standing().await.mutual_authentication, passthrough);
    let modify = |asked: Option<MutualAuthentication>| {
        let spec = Listener { mutual_authentication: asked, ..https_spec(&site) };
        AwsAction::Elb(ElbAction::ModifyListener { id: id.clone(), port: 443, spec })
    };
    // Who says nothing leaves it as it is.
    done(&site, modify(None)).await;
    assert_eq!(standing().await.mutual_authentication, passthrough);
    done(&site, modify(Some(MutualAuthentication::Off))).await;
    assert_eq!(standing().await.mutual_authentication, Some(MutualAuthentication::Off));
    let trust_store = AwsId::new(
        "arn:aws:elasticloadbalancing:us-east-1:123456789012:truststore/none/0123456789abcdef",
    );
    let unknown =
        MutualAuthentication::Verify { trust_store, ignores_expiry: false, advertises: false };
    refused(&site, modify(Some(unknown)), Kind::Refused).await;
    assert_eq!(site.cloud.trust_stores().await.unwrap(), BTreeMap::new());
}

pub async fn an_account_is_told_what_aws_allows_everybody<C: Cloud>(site: Site<C>) {
    let told = site.cloud.account_limits().await.unwrap();
    for limit in Limit::ALL {
        assert_eq!(told.0.get(limit.name()), Some(&limit.default()), "{limit:?}");
    }
}

pub async fn attributes_of_a_listener_are_set_all_or_none<C: Cloud>(site: Site<C>) {
    const SERVER: &str = "routing.http.response.server.enabled";
    const POLICY: &str = "routing.http.response.content_security_policy.header_value";
    let load_balancer = standing_load_balancer(&site, "headers").await;
    let id = made(&site, listener(&load_balancer, 80, http_spec())).await;
    let set = |attributes| {
        let listener = Id::Is(id.clone());
        AwsAction::Elb(ElbAction::ModifyListenerAttributes { listener, port: 80, attributes })
    };
    let standing = async || {
        let found = site.cloud.listener_attributes(&id).await.unwrap();
        [SERVER, POLICY].map(|key| found.get(key).map(ToString::to_string).unwrap())
    };
    assert_eq!(standing().await, ["true", ""]);
    let policy = "default-src 'self', script-src a=b";
    done(&site, set(tags([(SERVER, "false"), (POLICY, policy)]))).await;
    assert_eq!(standing().await, ["false", policy]);
    for bad in [("no.such.attribute", "1"), (SERVER, "maybe")] {
        refused(&site, set(tags([bad, (POLICY, "")])), Kind::Refused).await;
        assert_eq!(standing().await, ["false", policy]);
    }
    let over_tls = "routing.http.request.x_amzn_tls_version.header_name";
    refused(&site, set(tags([(over_tls, "X-TLS")])), Kind::Refused).await;
}
