//! A controller that watches one namespace, in an account where another one has something too.

use serde_json::Value;

use crate::life::gone;
use crate::names::{named, stage};
use crate::support::objects::{IP, in_group, ingress};
use crate::support::stage::Stage;
use crate::support::state::State;

/// What stands in AWS, names included.
async fn everything(stage: &Stage, zone: &str) -> (Value, Vec<String>) {
    (State::standing(&stage.account).await.value, named(&stage.account, zone))
}

#[tokio::test]
async fn nothing_of_another_namespace_goes() {
    let (mut seen, zone) = stage("seen").await;
    let unseen = seen.elsewhere("unseen").await;
    unseen.serve(&["web"]).await;
    let controller = unseen.run(&[]);
    let class = &seen.class;
    let group = in_group("edge");
    let last = [group[0], group[1], group[2], ("group.order", "1")];
    unseen
        .apply(&[
            ingress("web", class, &IP, &[("else.example.com", "/", "web")]),
            ingress("edge", class, &group, &[("edge.example.com", "/else", "web")]),
        ])
        .await;
    unseen.rest().await;
    drop(controller);
    let before = everything(&seen, &zone).await;
    assert_eq!(before.1.len(), 4, "an alias and a TXT record each: {:?}", before.1);

    // Neither when it starts, nor when it has made something and taken it away.
    seen.is_alone = false;
    let _controller = seen.run(&[]);
    seen.quiet().await;
    assert_eq!(everything(&seen, &zone).await, before);
    seen.serve(&["web"]).await;
    seen.apply(&[
        ingress("web", class, &IP, &[("seen.example.com", "/", "web")]),
        ingress("edge", class, &last, &[("edge.example.com", "/seen", "web")]),
    ])
    .await;
    seen.rest().await;
    assert_eq!(named(&seen.account, &zone).len(), 6);
    seen.delete("Ingress", "web").await;
    seen.delete("Ingress", "edge").await;
    gone(&seen, "web").await;
    gone(&seen, "edge").await;
    assert_eq!(everything(&seen, &zone).await, before);
}
