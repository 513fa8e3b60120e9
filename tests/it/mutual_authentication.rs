//! Clients that show certificates of theirs.

use albedo::model::id::AwsId;
use albedo::model::listener::MutualAuthentication;

use super::support::canon;
use super::support::site::Site;
use super::support::world::{CERTIFICATE, key, settings, wait};

const STORE: &str =
    "arn:aws:elasticloadbalancing:us-east-1:123456789012:truststore/ours/0123456789abcdef";

/// An Ingress on HTTPS with these annotations more, and a sibling that asks for nothing.
fn app(annotations: &str) -> String {
    format!(
        "
service shop/web: {{ports: ['80:8080']}}
ingress shop/web:
  {{group.name: edge, certificate-arn: {CERTIFICATE}, {annotations}
   rules: [any Exact /a web:80]}}
ingress shop/plain: {{group.name: edge, rules: [any Exact /o web:80]}}
"
    )
}

fn asks(json: &str) -> String {
    app(&format!("mutual-authentication: '{json}',"))
}

fn site(sketch: &str) -> Site {
    let site = Site::new(sketch);
    site.aws.change(|state| _ = state.trust_stores.insert("ours".to_owned(), AwsId::new(STORE)));
    site
}

fn asked(site: &Site) -> Option<MutualAuthentication> {
    let state = site.aws.everything();
    let listener = state.listeners.values().find(|listener| listener.port == 443)?;
    listener.spec.mutual_authentication.clone()
}

fn verify(ignores_expiry: bool) -> MutualAuthentication {
    let trust_store = AwsId::new(STORE);
    MutualAuthentication::Verify { trust_store, ignores_expiry, advertises: false }
}

#[test]
fn a_trust_store_is_found_by_its_name_or_arn_and_a_mode_changes_in_one_call() {
    wait(async {
        let site = site(&asks(r#"[{"port":443,"mode":"verify","trustStore":"ours"}]"#));
        let controller = site.settle().await;
        assert_eq!(asked(&site), Some(verify(false)));
        assert_eq!(site.aws.calls()["elbv2.DescribeTrustStores"], 1);
        let by_arn = format!(
            r#"[{{"port":443,"mode":"verify","trustStore":"{STORE}","ignoreClientCertificateExpiry":true}}]"#
        );
        for (json, expected) in [
            (by_arn.as_str(), verify(true)),
            (r#"[{"port":443,"mode":"passthrough"}]"#, MutualAuthentication::Passthrough),
            (r#"[{"port":443,"mode":"off"}]"#, MutualAuthentication::Off),
        ] {
            site.aws.forget_calls();
            controller.cluster.add(&asks(json));
            controller.settle().await;
            assert_eq!(asked(&site), Some(expected), "{json}");
            assert_eq!(site.aws.performed().len(), 1, "{:?}", site.aws.performed());
        }
        assert_eq!(site.refused(), 0);
    });
}

#[test]
fn who_says_nothing_leaves_what_stands() {
    wait(async {
        let site = site(&asks(r#"[{"port":443,"mode":"passthrough"}]"#));
        let controller = site.settle().await;
        site.aws.forget_calls();
        controller.cluster.add(&app(""));
        controller.settle().await;
        assert_eq!(asked(&site), Some(MutualAuthentication::Passthrough));
        assert_eq!(site.aws.performed(), []);
    });
}

#[test]
fn with_lbcs_gate_who_says_nothing_switches_it_off() {
    wait(async {
        let mut meant = settings();
        meant.gates.enhanced_default_behavior = true;
        let site = Site::with(meant, &asks(r#"[{"port":443,"mode":"passthrough"}]"#));
        let controller = site.settle().await;
        assert_eq!(asked(&site), Some(MutualAuthentication::Passthrough));
        site.aws.forget_calls();
        controller.cluster.add(&app(""));
        controller.settle().await;
        assert_eq!(asked(&site), Some(MutualAuthentication::Off));
        assert_eq!(site.aws.performed().len(), 1, "{:?}", site.aws.performed());
        // What is off stays so, and costs nothing.
        drop(controller);
        site.aws.forget_calls();
        site.settle().await;
        assert_eq!(site.aws.performed(), []);
    });
}

#[test]
fn a_trust_store_that_does_not_exist_is_told_and_found_once_it_does() {
    wait(async {
        let site = site(&asks(r#"[{"port":443,"mode":"verify","trustStore":"later"}]"#));
        let controller = site.start();
        controller.settle_for(60).await;
        let events = site.cluster.events();
        let told: Vec<_> = events.iter().filter(|one| one.object.key == key("shop/web")).collect();
        let [event] = &told[..] else { panic!("{events:#?}") };
        assert_eq!(event.reason, "NoTrustStore");
        assert!(event.message.contains("\"later\", which does not exist"), "{}", event.message);
        assert_eq!(canon::rules(&site.aws.everything()).len(), 1, "its sibling is served");
        let id = AwsId::new(STORE);
        site.aws.change(|state| _ = state.trust_stores.insert("later".to_owned(), id));
        controller.settle_for(120).await;
        assert_eq!(asked(&site), Some(verify(false)));
    });
}

#[test]
fn an_app_that_asks_for_it_in_vain_is_closed_and_one_that_has_it_is_left() {
    wait(async {
        let site = site(&app(""));
        let controller = site.settle().await;
        controller.cluster.add(&asks(r#"[{"port":443,"mode":"verify","trustStore":"gone"}]"#));
        controller.settle_for(60).await;
        let rules = canon::rules(&site.aws.everything());
        assert!(rules.iter().any(|rule| rule.contains("/a") && rule.contains("503")), "{rules:#?}");
        controller.cluster.add(&asks(r#"[{"port":443,"mode":"verify","trustStore":"ours"}]"#));
        controller.settle_for(60).await;
        assert_eq!(asked(&site), Some(verify(false)));
        let before = canon::aws(&site.aws.everything());
        controller.cluster.add(&asks(r#"[{"port":443,"mode":"verified"}]"#));
        controller.settle_for(60).await;
        assert_eq!(canon::aws(&site.aws.everything()), before);
    });
}

#[test]
fn where_trust_stores_may_not_be_read_only_who_names_one_waits() {
    wait(async {
        let site = site(&asks(r#"[{"port":443,"mode":"verify","trustStore":"ours"}]"#));
        site.aws.forbid(&["elbv2.DescribeTrustStores"]);
        let controller = site.start();
        controller.settle_for(60).await;
        assert_eq!(canon::rules(&site.aws.everything()).len(), 1, "its sibling is served");
        let events = site.cluster.events();
        let told = events.iter().find(|event| event.object.key == key("shop/web")).unwrap();
        assert!(told.message.contains("DescribeTrustStores is not allowed"), "{}", told.message);
        site.aws.forbid(&[]);
        controller.settle_for(120).await;
        assert_eq!(asked(&site), Some(verify(false)));
    });
}
