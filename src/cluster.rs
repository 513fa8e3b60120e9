//! The edge towards Kubernetes: objects come in as nouns of the model, actions and reports go out.
//!
//! Nowhere but here and in `commands` is a `kube::Client` named.

mod connect;
mod course;
mod decode;
mod error;
pub mod evidence;
mod feed;
mod follow;
mod grant;
mod intake;
mod lease;
pub mod memory;
mod name_keepers;
mod neighbour;
mod object;
mod progress;
mod recorder;
mod secrets;
mod store;
mod told;
mod watch;
mod webhook;
mod wire;
mod write;

pub use connect::connect;
pub use decode::{DecodeError, decode, decode_all, insert};
pub use error::{ClusterError, Kind};
pub use intake::Intake;
pub use lease::Election;
pub use memory::Recalled;
pub use name_keepers::name_keepers;
pub use neighbour::neighbour;
pub use object::Object;
pub use progress::{Progress, SILENCE_MAX, Sight};
pub use recorder::{EventQueue, EventRecorder};
pub use secrets::{read_secrets, watch_secrets};
pub use told::{ToldEvent, told_of};
pub use watch::watch_all;
pub use webhook::WebhookConfiguration;
pub use write::{ApiServer, Cluster, Sought};
