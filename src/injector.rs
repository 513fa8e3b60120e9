//! The injector: an optional webhook that gives new pods the readiness gates of the bindings that
//! will serve them. Without it, and where it fails, pods come as they were written.
//!
//! The API server asks for the pods of labelled namespaces only (its configuration says so), and
//! trusts what the configuration's `caBundle` holds. Each process makes its own certificate, keeps
//! its key to itself, and writes the certificate into that bundle; so replicas need no Secret and
//! no word with each other.

pub use bundle::{Bundle, CERTIFICATES_MAX};
pub use certificate::{Certificate, LIFE, Shown};
pub use keeper::{Hook, Keeper, LOOK_PAUSE, Registry};
pub use review::review;
pub use server::serve;

mod bundle;
mod certificate;
mod keeper;
mod review;
mod server;
