//! An operation of AWS: how AWS names it, how it changes what stands, and what has to be allowed.

use super::Sign;

/// A service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// As this program names it: `elbv2`.
    pub name: &'static str,
    /// As IAM names it: `elasticloadbalancing`.
    pub iam: &'static str,
}

/// What there is to say of a call to AWS before it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The service.
    pub service: Service,
    /// Its name, as AWS spells it. The permission of that name is what IAM has to allow first.
    pub name: &'static str,
    /// Whether it makes, changes or removes something.
    pub sign: Sign,
    /// What else IAM has to allow: to tag what is made with tags, and what AWS does on the way in
    /// the caller's name ("Elastic Load Balancing API permissions" and "service-linked role" in
    /// ELB's user guide).
    pub further: &'static [&'static str],
}

impl Service {
    /// An operation that makes something.
    pub(super) const fn adds(self, name: &'static str) -> Operation {
        self.does(name, Sign::Add)
    }

    /// An operation that changes something.
    pub(super) const fn changes(self, name: &'static str) -> Operation {
        self.does(name, Sign::Change)
    }

    /// An operation that removes something.
    pub(super) const fn removes(self, name: &'static str) -> Operation {
        self.does(name, Sign::Remove)
    }

    /// An operation.
    pub(super) const fn does(self, name: &'static str, sign: Sign) -> Operation {
        Operation { service: self, name, sign, further: &[] }
    }
}

impl Operation {
    /// The same operation, for which IAM has to allow this too.
    pub(super) const fn and(self, further: &'static [&'static str]) -> Self {
        Self { further, ..self }
    }
}
