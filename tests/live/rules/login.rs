//! Clients that have to say who they are: to a provider of OpenID Connect, to a user pool, by a
//! token.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use serde_json::{Value, json};

use crate::support::stage::Stage;

use super::client::{Answer, Client};
use super::provider::{CLIENT, ISSUER, Provider, in_an_hour};
use super::{to, with_paths};

const LOGIN: &str = "login.example.com";
const SHOP: &str = "shop.example.com";
const API: &str = "api.example.com";
const POOL: &str = "pool.example.com";
/// What of a P-256 key in DER is its point.
const POINT: usize = 65;

fn secret(text: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"},
        // What somebody writes in an editor ends with a line.
        "stringData": {"clientID": CLIENT, "clientSecret": format!("{text}\n")},
    })
}

pub async fn clients_say_who_they_are(
    stage: &Stage,
    https: &[(&str, &str)],
    client: &Client,
    provider: &Provider,
) {
    let at = |path: &str| format!("https://{}/idp/{path}", client.address);
    let oidc = json!({
        "issuer": ISSUER, "authorizationEndpoint": format!("https://{LOGIN}/authorize"),
        "tokenEndpoint": at("token"), "userInfoEndpoint": at("userinfo"), "secretName": "login",
    });
    let jwt = json!({"jwksEndpoint": at("keys"), "issuer": ISSUER,
        "additionalClaims": [{"name": "scope", "format": "string-array", "values": ["read"]}]});
    let (oidc, jwt, pool) = (oidc.to_string(), jwt.to_string(), pool(stage).to_string());
    let web = || vec![to("Prefix", "/", "web")];
    for (name, host, said) in [
        ("oidc", SHOP, vec![("auth-type", "oidc"), ("auth-idp-oidc", oidc.as_str())]),
        ("pool", POOL, vec![("auth-type", "cognito"), ("auth-idp-cognito", pool.as_str())]),
        ("api", API, vec![("jwt-validation", jwt.as_str())]),
    ] {
        let said = [https, &said].concat();
        stage.apply(&[secret("hush"), with_paths(stage, name, &said, Some(host), &web())]).await;
    }
    settled(stage).await;
    let location = client.get_securely(POOL, "/", &[]).await;
    let location = location.header("location").expect("it says where").to_owned();
    assert!(location.starts_with("https://users."), "{location}");
    round(stage, client).await;
    tokens(client, provider).await;
    // The client's secret is renewed: a log-in from now on is by the new one.
    "quiet".clone_into(&mut provider.secret.lock().expect("nobody panics with it"));
    assert_eq!(back(client, "/").await.status, 561);
    stage.apply(&[secret("quiet")]).await;
    settled(stage).await;
    assert_eq!(back(client, "/").await.status, 302);
}

async fn settled(stage: &Stage) {
    stage.rest().await;
    stage.account.ask("GET", "settled", None).await;
}

/// A user pool with a client that has a secret.
fn pool(stage: &Stage) -> Value {
    let pool = stage.account.call("cognito-idp", "CreateUserPool", &json!({"PoolName": "users"}));
    let asked = json!({"UserPoolId": pool["UserPool"]["Id"], "ClientName": "c",
        "GenerateSecret": true});
    let made = stage.account.call("cognito-idp", "CreateUserPoolClient", &asked);
    json!({"userPoolARN": pool["UserPool"]["Arn"], "userPoolDomain": "users",
        "userPoolClientID": made["UserPoolClient"]["ClientId"]})
}

/// A client that comes for the first time, is sent to log in, and comes back from there.
async fn back(client: &Client, target: &str) -> Answer {
    let sent = client.get_securely(SHOP, target, &[]).await;
    assert_eq!(sent.status, 302, "{sent:?}");
    let location = sent.header("location").expect("it says where");
    assert!(location.starts_with(&format!("https://{LOGIN}/authorize?")), "{location}");
    for part in [format!("client_id={CLIENT}"), "scope=openid".to_owned()] {
        assert!(location.contains(&part), "{location}");
    }
    let (_, state) = location.split_once("state=").expect("it has one");
    let state = state.split('&').next().unwrap_or_default();
    let target = format!("/oauth2/idpresponse?code=grant&state={state}");
    client.get_securely(SHOP, &target, &[("Cookie", &sent.cookies())]).await
}

/// The whole way to a session, and what its app is told.
async fn round(stage: &Stage, client: &Client) {
    let back = back(client, "/cart?id=7").await;
    assert_eq!(back.status, 302, "{back:?}");
    assert_eq!(back.header("location"), Some("https://shop.example.com/cart?id=7"));
    let forged = [("Cookie", &*back.cookies()), ("X-Amzn-Oidc-Identity", "somebody else")];
    let seen = client.get_securely(SHOP, "/cart?id=7", &forged).await.echo();
    assert_eq!(seen["headers"]["x-amzn-oidc-identity"], "me");
    assert_eq!(seen["headers"]["x-amzn-oidc-accesstoken"], "opaque");
    let data = seen["headers"]["x-amzn-oidc-data"].as_str().expect("it is a token");
    let (signed, signature) = data.rsplit_once('.').expect("it is signed");
    let (head, claims) = signed.split_once('.').expect("it has two parts");
    let read = |part: &str| -> Value {
        let bytes = BASE64_URL_SAFE.decode(part).expect("it is encoded");
        serde_json::from_slice(&bytes).expect("it is JSON")
    };
    assert_eq!(read(claims), json!({"sub": "me", "email": "me@example.com"}));
    let head = read(head);
    assert_eq!((&head["client"], &head["iss"]), (&json!(CLIENT), &json!(ISSUER)));
    let id = head["kid"].as_str().expect("it has an id");
    let key = stage.account.ask("GET", &format!("oidc-key?kid={id}"), None).await;
    let key = key["pem"].as_str().expect("it is text").lines().filter(|l| !l.starts_with("---"));
    let key = BASE64_STANDARD.decode(key.collect::<String>()).expect("it is encoded");
    let point = &key[key.len() - POINT..];
    let signature = BASE64_URL_SAFE.decode(signature).expect("it is encoded");
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
        .verify(signed.as_bytes(), &signature)
        .expect("the load balancer has signed it");
}

/// Tokens that let in, and those that do not.
async fn tokens(client: &Client, provider: &Provider) {
    let claims = |issuer: &str, scope: &str, end: i64| json!({"iss": issuer, "exp": end, "nbf": 1, "iat": 1, "scope": [scope]});
    let good = claims(ISSUER, "read", in_an_hour());
    let other = Provider::new();
    for (token, status) in [
        (Some(provider.token(&good)), 200),
        (None, 401),
        (Some("nonsense".to_owned()), 401),
        (Some(other.token(&good)), 401),
        (Some(provider.token(&claims("https://else.example.com", "read", in_an_hour()))), 401),
        (Some(provider.token(&claims(ISSUER, "write", in_an_hour()))), 401),
        (Some(provider.token(&claims(ISSUER, "read", 1))), 401),
    ] {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let headers: Vec<(&str, &str)> =
            bearer.iter().map(|bearer| ("Authorization", bearer.as_str())).collect();
        let answer = client.get_securely(API, "/", &headers).await;
        assert_eq!(answer.status, status, "{bearer:?}");
    }
}
