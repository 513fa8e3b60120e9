//! The edge towards Kubernetes: objects come in as nouns of the model, actions and reports go out.
//!
//! Nowhere but here and in `commands` is a `kube::Client` named.

mod decode;
mod error;
mod lease;
mod ledger;
mod recorder;
mod secrets;
mod store;
mod watch;
mod wire;
mod write;

pub use decode::{DecodeError, Object, decode, decode_all, insert};
pub use error::{ClusterError, Kind};
pub use lease::elect;
pub use recorder::{EventQueue, EventRecorder};
pub use secrets::{read_secrets, watch_secrets};
pub use store::apply;
pub use watch::{Progress, watch_all};
pub use write::{ApiServer, Cluster, Recalled};
