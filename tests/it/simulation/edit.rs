//! What people do, and what that changes in the cluster.

use std::sync::Arc;

use albedo::cluster::Object;
use albedo::model::id::ObjectKey;
use albedo::model::index::Seen;
use jiff::Timestamp;

use super::dice::Dice;
use crate::support::clock::BEGINNING;
use crate::support::cluster::FakeCluster;
use crate::support::sketch;

/// What people do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edit {
    Add,
    Rules,
    Own,
    Front,
    Order,
    Tags,
    Tls,
    Ask,
    Listens,
    MoveGroup,
    MoveClass,
    MoveNamespace,
    HandOver,
    Delete,
    Break,
    Mend,
    Class,
    Params,
    Service,
    ServiceGone,
    Scale,
    Roll,
    Pod,
    Node,
    Namespace,
    SecretNew,
    SecretRenewed,
    SecretGone,
    BindingGone,
    BindingTouched,
    /// Only in some lives (`naming`).
    Naming,
}

impl Edit {
    /// What may happen in any life.
    pub const ALL: [Self; 30] = [
        Self::Add,
        Self::Rules,
        Self::Own,
        Self::Front,
        Self::Order,
        Self::Tags,
        Self::Tls,
        Self::Ask,
        Self::Listens,
        Self::MoveGroup,
        Self::MoveClass,
        Self::MoveNamespace,
        Self::HandOver,
        Self::Delete,
        Self::Break,
        Self::Mend,
        Self::Class,
        Self::Params,
        Self::Service,
        Self::ServiceGone,
        Self::Scale,
        Self::Roll,
        Self::Pod,
        Self::Node,
        Self::Namespace,
        Self::SecretNew,
        Self::SecretRenewed,
        Self::SecretGone,
        Self::BindingGone,
        Self::BindingTouched,
    ];
}

/// One change of one object.
#[derive(Clone, Debug)]
pub enum Change {
    /// It is applied, as a sketch says; of an Ingress, with when it was made.
    Apply(String, i64),
    /// An Ingress is deleted.
    Delete(ObjectKey),
    /// An object is now this.
    Now(Seen),
}

/// Somebody's hand on a TargetGroupBinding of ours.
pub fn meddle(edit: Edit, dice: &mut Dice, cluster: &FakeCluster) -> Vec<Change> {
    let bindings = cluster.objects.read().unwrap().bindings.clone();
    let keys: Vec<&ObjectKey> = bindings.keys().collect();
    if keys.is_empty() {
        return Vec::new();
    }
    let key = *dice.one_of(&keys);
    let mut binding = bindings[key].as_ref().clone();
    if edit == Edit::BindingGone {
        binding.leaving = true;
        let is_held = !binding.finalizers.is_empty();
        let new = is_held.then(|| Arc::new(binding));
        return vec![Change::Now(Seen::Binding(key.clone(), new))];
    }
    binding.labels.insert("note".into(), format!("seen {}", dice.below(9)).into());
    vec![Change::Now(Seen::Binding(key.clone(), Some(Arc::new(binding))))]
}

impl Change {
    /// Does it.
    pub fn make(&self, cluster: &FakeCluster) {
        match self {
            Self::Apply(sketch, made) => {
                for object in sketch::objects(sketch) {
                    cluster.put(with_date(object, *made));
                }
            }
            Self::Delete(key) => cluster.delete(key),
            Self::Now(seen) => cluster.see(seen),
        }
    }
}

fn with_date(object: Object, made: i64) -> Object {
    match object {
        Object::Ingress(key, ingress) => {
            let mut ingress = ingress.as_ref().clone();
            let made = Timestamp::from_second(BEGINNING + made).unwrap();
            ingress.metadata.creation_timestamp = Some(made);
            Object::Ingress(key, Arc::new(ingress))
        }
        other => other,
    }
}
