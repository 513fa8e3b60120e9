//! Core dumps: there are private keys in this process's memory.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Leaves no core dump, whatever happens: neither in a file, nor at a program that the kernel hands
/// one to, which takes no notice of the limit.
pub(super) fn switch_off() {
    let nothing = Rlimit { current: Some(0), maximum: Some(0) };
    let kept = setrlimit(Resource::Core, nothing);
    let kept = kept.and_then(|()| set_dumpable_behavior(DumpableBehavior::NotDumpable));
    if let Err(error) = kept {
        tracing::warn!(%error, "a crash may leave a core dump, which holds private keys");
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::{dumpable_behavior, getrlimit};

    use super::*;

    #[test]
    fn no_core_is_left() {
        switch_off();
        let left = getrlimit(Resource::Core);
        assert_eq!((left.current, left.maximum), (Some(0), Some(0)));
        assert_eq!(dumpable_behavior(), Ok(DumpableBehavior::NotDumpable));
        // Others of these tests look at what /proc shows only of who can be dumped.
        set_dumpable_behavior(DumpableBehavior::Dumpable).expect("it could before");
    }
}
