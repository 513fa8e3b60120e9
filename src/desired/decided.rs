//! What the classes of the members that come first decide for all of their group, whatever those
//! ask for (LBC).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::model::load_balancer::Attributes;
use crate::model::part::Part;

use super::group_class::ClassWish;

/// What classes decide for all of a group.
#[derive(Clone, Debug, Default)]
pub struct Decided {
    /// Attributes of the load balancer, key by key.
    pub attributes: Attributes,
    /// The capacity that AWS keeps ready for it.
    pub capacity: Option<u32>,
    /// The IPAM pool of its addresses; empty for none.
    pub ipv4_pool: Option<String>,
    /// Attributes of listeners, key by key, by port: the class of the first member that listens
    /// there decides.
    pub listeners: BTreeMap<u16, Attributes>,
}

impl Decided {
    /// What parts in their group's order decide, after the class that the group belongs to.
    pub fn by<'p>(
        class: Option<&ClassWish>,
        parts: impl Iterator<Item = &'p Part> + Clone,
    ) -> Self {
        let mut decided = Self::default();
        let of_parts = || parts.clone().next().map(|part| &part.load_balancer);
        if let Some(wish) = class.map(|class| &class.load_balancer).or_else(of_parts) {
            decided.attributes.clone_from(&wish.class_attributes);
            decided.capacity = wish.class_capacity;
            decided.ipv4_pool.clone_from(&wish.class_ipv4_pool);
        }
        for (port, wish) in parts.flat_map(|part| &part.listens) {
            let of_class = class.and_then(|class| class.listeners.get(&(*port, wish.protocol)));
            let first = decided.listeners.entry(*port);
            first.or_insert_with(|| of_class.unwrap_or(&wish.class_attributes).clone());
        }
        decided
    }

    /// The attributes of the listener at a port.
    #[must_use]
    pub fn of_listener(&self, port: u16) -> &Attributes {
        static NOTHING: LazyLock<Attributes> = LazyLock::new(Attributes::new);
        self.listeners.get(&port).unwrap_or(&NOTHING)
    }
}
