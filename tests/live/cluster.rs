//! The edge towards Kubernetes, on a real API server.

use std::time::Duration;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde_json::Value;

#[path = "../it/support/actions.rs"]
mod actions;
mod crds;
mod lease;
mod rbac;
mod replica;
mod secrets;
mod watch;
mod world;
mod write;

/// How long anything here may take on two busy cores before it counts as never.
const PATIENCE: Duration = Duration::from_mins(1);

/// Waits for something that has to happen.
async fn soon<T>(what: &str, happening: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, happening).await.expect(what)
}

/// Does something while something else, which has no end, goes on.
///
/// In boxes, because both together are too large for anybody's stack.
fn during<'a, T: 'a>(
    background: impl Future<Output = ()> + 'a,
    body: impl Future<Output = T> + 'a,
) -> LocalBoxFuture<'a, T> {
    let (background, body) = (background.boxed_local(), body.boxed_local());
    async {
        tokio::select! {
            () = background => unreachable!("what should go on has ended"),
            result = body => result,
        }
    }
    .boxed_local()
}

/// The name that a manifest gives its object.
fn name(manifest: &Value) -> &str {
    manifest["metadata"]["name"].as_str().expect("it has a name")
}
