//! Listeners.

use crate::aws::answer::Answer;
use crate::aws::arn;
use crate::aws::belief::Belief;
use crate::aws::part::{ElbPart, Part};
use crate::model::id::{AwsId, Id};
use crate::model::inventory::LiveListener;
use crate::model::known::Known;
use crate::model::listener::{Listener, Protocol};

pub(super) fn create(belief: &mut Belief, load_balancer: &Id, spec: &Listener, answer: &Answer) {
    change_all(belief, load_balancer.given(), |listeners| {
        let Answer::Listener(made) = answer else { return None };
        if listeners.iter().all(|listener| listener.live.id != made.live.id) {
            let mut made = made.clone();
            made.live.spec.tags.clone_from(&spec.tags);
            listeners.push(made);
            listeners.sort_by_key(|listener| listener.port);
        }
        Some(())
    });
}

pub(super) fn modify(belief: &mut Belief, id: &AwsId, answer: &Answer) {
    change(belief, id, |listener| {
        let Answer::Listener(now) = answer else { return None };
        let spec = &mut listener.live.spec;
        *spec = Listener {
            tags: std::mem::take(&mut spec.tags),
            certificates: match now.live.spec.protocol {
                Protocol::Https => std::mem::take(&mut spec.certificates),
                // What speaks in the clear has no certificates.
                Protocol::Http | Protocol::Tcp => now.live.spec.certificates.clone(),
            },
            ..now.live.spec.clone()
        };
        listener.port = now.port;
        Some(())
    });
}

pub(super) fn delete(belief: &mut Belief, id: &AwsId) {
    belief.forget(&Part::Elb(ElbPart::ListenerAttributes(id.clone())));
    change_all(belief, arn::load_balancer_of(id).as_ref(), |listeners| {
        listeners.retain(|listener| listener.live.id != *id);
        Some(())
    });
}

pub(super) fn add_certificate(belief: &mut Belief, id: &Id, certificate: &Id) {
    let Some(id) = id.given() else { return };
    change(belief, id, |listener| {
        listener.live.spec.certificates.insert(certificate.clone());
        Some(())
    });
}

pub(super) fn remove_certificate(belief: &mut Belief, id: &AwsId, certificate: &AwsId) {
    change(belief, id, |listener| {
        listener.live.spec.certificates.remove(&Id::Is(certificate.clone()));
        Some(())
    });
}

/// Changes one listener; `None` puts all listeners of its load balancer in doubt.
pub(super) fn change(
    belief: &mut Belief,
    id: &AwsId,
    change: impl FnOnce(&mut LiveListener) -> Option<()>,
) {
    change_all(belief, arn::load_balancer_of(id).as_ref(), |listeners| {
        change(listeners.iter_mut().find(|listener| listener.live.id == *id)?)
    });
}

/// Changes the listeners of a load balancer; `None` puts all of them in doubt.
pub(super) fn change_all(
    belief: &mut Belief,
    load_balancer: Option<&AwsId>,
    change: impl FnOnce(&mut Vec<LiveListener>) -> Option<()>,
) {
    let Some(id) = load_balancer else { return };
    if let Some(Known::Is(listeners, _)) = belief.elb.listeners.get_mut(id)
        && change(listeners).is_none()
    {
        belief.forget(&Part::Elb(ElbPart::Listeners(id.clone())));
    }
}
