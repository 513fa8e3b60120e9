//! Listeners and their certificates.

use std::collections::BTreeSet;

use aws_sdk_elasticloadbalancingv2::types::{
    Action as RawAction, AdvertiseTrustStoreCaNamesEnum, Certificate, Listener as Raw,
    ListenerAttribute, MutualAuthenticationAttributes as RawMutual, ProtocolEnum,
};

use super::{PAGE_SIZE, rule_action, tag};
use crate::aws::answer::Answer;
use crate::aws::call::Call;
use crate::aws::error::CloudError;
use crate::aws::sdk::{Sdk, refused};
use crate::model::id::{AwsId, Id};
use crate::model::inventory::LiveListener;
use crate::model::known::{Known, Live};
use crate::model::listener::{Listener, MutualAuthentication, Protocol};
use crate::model::load_balancer::Attributes;
use crate::model::marks::Tags;

/// The listeners of a load balancer, with all of their certificates.
pub(in crate::aws) async fn list(
    sdk: &Sdk,
    load_balancer: &AwsId,
) -> Result<Vec<LiveListener>, CloudError> {
    let found = sdk
        .pages("elbv2.DescribeListeners", |token| async move {
            let page = sdk
                .elb
                .describe_listeners()
                .load_balancer_arn(load_balancer.as_str())
                .page_size(PAGE_SIZE)
                .set_marker(token);
            page.send().await.map(|answer| (answer.listeners, answer.next_marker))
        })
        .await?;
    let mut listeners: Vec<LiveListener> = found.iter().filter_map(read).collect();
    for listener in &mut listeners {
        if listener.live.spec.protocol == Protocol::Https {
            listener.live.spec.certificates = certificates(sdk, &listener.live.id).await?;
        }
    }
    listeners.sort_by_key(|listener| listener.port);
    Ok(listeners)
}

/// The certificates of a listener that are chosen by host name.
async fn certificates(sdk: &Sdk, listener: &AwsId) -> Result<BTreeSet<Id>, CloudError> {
    let found = sdk
        .pages("elbv2.DescribeListenerCertificates", |token| async move {
            let page = sdk
                .elb
                .describe_listener_certificates()
                .listener_arn(listener.as_str())
                .page_size(PAGE_SIZE)
                .set_marker(token);
            page.send().await.map(|answer| (answer.certificates, answer.next_marker))
        })
        .await?;
    // The default certificate is listed as such, and once more if it is among the others too (AWS).
    let others = found.iter().filter(|certificate| certificate.is_default() != Some(true));
    let arns = others.filter_map(|certificate| certificate.certificate_arn());
    Ok(arns.map(|arn| Id::Is(AwsId::new(arn))).collect())
}

/// The attributes of a listener.
pub(in crate::aws) async fn attributes(sdk: &Sdk, id: &AwsId) -> Result<Attributes, CloudError> {
    const OPERATION: &str = "elbv2.DescribeListenerAttributes";
    sdk.turns.wait(OPERATION).await;
    let answer = sdk
        .elb
        .describe_listener_attributes()
        .listener_arn(id.as_str())
        .send()
        .await
        .map_err(refused(OPERATION))?;
    Ok(read_attributes(answer.attributes()))
}

fn read_attributes(raw: &[ListenerAttribute]) -> Attributes {
    let pairs = raw.iter();
    pairs.filter_map(|pair| Some((pair.key.clone()?, pair.value.clone()?))).collect()
}

pub(in crate::aws) async fn create(
    call: &Call<'_>,
    load_balancer: &Id,
    port: u16,
    spec: &Listener,
) -> Result<Answer, CloudError> {
    let answer = call
        .sdk
        .elb
        .create_listener()
        .load_balancer_arn(call.given(load_balancer)?.as_str())
        .port(port.into())
        .protocol(protocol(spec))
        .set_default_actions(Some(default_actions(call, spec)?))
        .set_certificates(default_certificate(call, spec)?)
        .set_ssl_policy(spec.ssl_policy.clone())
        .set_mutual_authentication(spec.mutual_authentication.as_ref().map(raw_mutual))
        .set_tags(tag::raw(&spec.tags))
        .send()
        .await
        .map_err(refused(&call.operation))?;
    stands(call, answer.listeners())
}

pub(in crate::aws) async fn modify(
    call: &Call<'_>,
    id: &AwsId,
    port: u16,
    spec: &Listener,
) -> Result<Answer, CloudError> {
    let answer = call
        .sdk
        .elb
        .modify_listener()
        .listener_arn(id.as_str())
        .port(port.into())
        .protocol(protocol(spec))
        .set_default_actions(Some(default_actions(call, spec)?))
        .set_certificates(default_certificate(call, spec)?)
        .set_ssl_policy(spec.ssl_policy.clone())
        .set_mutual_authentication(spec.mutual_authentication.as_ref().map(raw_mutual))
        .send()
        .await
        .map_err(refused(&call.operation))?;
    stands(call, answer.listeners())
}

pub(in crate::aws) async fn modify_attributes(
    call: &Call<'_>,
    listener: &Id,
    attributes: &Attributes,
) -> Result<Answer, CloudError> {
    let pairs = attributes.iter().map(|(key, value)| {
        ListenerAttribute::builder().key(key.as_str()).value(value.as_str()).build()
    });
    let answer = call
        .sdk
        .elb
        .modify_listener_attributes()
        .listener_arn(call.given(listener)?.as_str())
        .set_attributes(Some(pairs.collect()))
        .send()
        .await
        .map_err(refused(&call.operation))?;
    Ok(Answer::Attributes(read_attributes(answer.attributes())))
}

pub(in crate::aws) async fn delete(call: &Call<'_>, id: &AwsId) -> Result<Answer, CloudError> {
    call.sdk
        .elb
        .delete_listener()
        .listener_arn(id.as_str())
        .send()
        .await
        .map_err(refused(&call.operation))?;
    Ok(Answer::Done)
}

pub(in crate::aws) async fn add_certificate(
    call: &Call<'_>,
    listener: &Id,
    certificate: &Id,
) -> Result<Answer, CloudError> {
    call.sdk
        .elb
        .add_listener_certificates()
        .listener_arn(call.given(listener)?.as_str())
        .certificates(raw_certificate(call.given(certificate)?))
        .send()
        .await
        .map_err(refused(&call.operation))?;
    Ok(Answer::Done)
}

pub(in crate::aws) async fn remove_certificate(
    call: &Call<'_>,
    listener: &AwsId,
    certificate: &AwsId,
) -> Result<Answer, CloudError> {
    call.sdk
        .elb
        .remove_listener_certificates()
        .listener_arn(listener.as_str())
        .certificates(raw_certificate(certificate))
        .send()
        .await
        .map_err(refused(&call.operation))?;
    Ok(Answer::Done)
}

fn raw_certificate(certificate: &AwsId) -> Certificate {
    Certificate::builder().certificate_arn(certificate.as_str()).build()
}

fn default_certificate(
    call: &Call<'_>,
    spec: &Listener,
) -> Result<Option<Vec<Certificate>>, CloudError> {
    let id = spec.default_certificate.as_ref().map(|id| call.given(id)).transpose()?;
    Ok(id.map(|id| vec![raw_certificate(id)]))
}

fn default_actions(call: &Call<'_>, spec: &Listener) -> Result<Vec<RawAction>, CloudError> {
    rule_action::raw(call, &spec.default_actions)
}

fn protocol(spec: &Listener) -> ProtocolEnum {
    spec.protocol.as_str().into()
}

fn raw_mutual(asked: &MutualAuthentication) -> RawMutual {
    let raw = RawMutual::builder().mode(asked.mode());
    let MutualAuthentication::Verify { trust_store, ignores_expiry, advertises } = asked else {
        return raw.build();
    };
    raw.trust_store_arn(trust_store.as_str())
        .ignore_client_certificate_expiry(*ignores_expiry)
        .advertise_trust_store_ca_names(if *advertises {
            AdvertiseTrustStoreCaNamesEnum::On
        } else {
            AdvertiseTrustStoreCaNamesEnum::Off
        })
        .build()
}

/// Nothing where AWS says a mode that the model has no word for: then it is left as it is.
fn mutual(raw: &RawMutual) -> Option<MutualAuthentication> {
    match raw.mode()? {
        "off" => Some(MutualAuthentication::Off),
        "passthrough" => Some(MutualAuthentication::Passthrough),
        "verify" => Some(MutualAuthentication::Verify {
            trust_store: AwsId::new(raw.trust_store_arn()?),
            ignores_expiry: raw.ignore_client_certificate_expiry().unwrap_or_default(),
            advertises: raw.advertise_trust_store_ca_names()
                == Some(&AdvertiseTrustStoreCaNamesEnum::On),
        }),
        _ => None,
    }
}

fn stands(call: &Call<'_>, listeners: &[Raw]) -> Result<Answer, CloudError> {
    let listener = listeners.iter().find_map(read);
    listener
        .map(Answer::Listener)
        .ok_or_else(|| CloudError::incomplete(&call.operation, "the listener"))
}

/// A listener from AWS's shape; `None` for a protocol that the model does not have.
fn read(raw: &Raw) -> Option<LiveListener> {
    let protocol = [Protocol::Http, Protocol::Https, Protocol::Tcp]
        .into_iter()
        .find(|known| Some(known.as_str()) == raw.protocol().map(ProtocolEnum::as_str))?;
    Some(LiveListener {
        port: u16::try_from(raw.port()?).ok()?,
        live: Live {
            id: AwsId::new(raw.listener_arn()?),
            spec: Listener {
                protocol,
                default_actions: rule_action::read(raw.default_actions()),
                default_certificate: raw
                    .certificates()
                    .iter()
                    .find_map(|certificate| certificate.certificate_arn())
                    .map(|arn| Id::Is(AwsId::new(arn))),
                certificates: BTreeSet::new(),
                ssl_policy: raw.ssl_policy().map(str::to_owned),
                mutual_authentication: raw.mutual_authentication().and_then(mutual),
                tags: Tags::new(),
            },
        },
        attributes: Known::Unread,
        rules: Vec::new(),
    })
}
