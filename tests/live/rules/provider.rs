//! Pods: those of apps tell what they see, and one is a provider of identities.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use axum::Router;
use axum::extract::Request;
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub const ISSUER: &str = "https://login.example.com";
pub const CLIENT: &str = "client";
/// How an RSA public key of 2048 bits begins in DER, up to the first byte of its modulus.
const HEAD: usize = 9;
const MODULUS: usize = 256;

/// A provider of identities.
pub struct Provider {
    key: RsaKeyPair,
    /// The secret by which it knows its client.
    pub secret: Mutex<String>,
}

pub fn encoded(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

impl Provider {
    pub fn new() -> Self {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).expect("it has what it takes");
        Self { key, secret: Mutex::new("hush".to_owned()) }
    }

    /// A token that it has signed.
    pub fn token(&self, claims: &Value) -> String {
        let head = json!({"alg": "RS256", "kid": "one"}).to_string();
        let signed =
            format!("{}.{}", encoded(head.as_bytes()), encoded(claims.to_string().as_bytes()));
        let mut signature = vec![0; MODULUS];
        let random = aws_lc_rs::rand::SystemRandom::new();
        self.key
            .sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature)
            .expect("it fits");
        format!("{signed}.{}", encoded(&signature))
    }

    fn keys(&self) -> Value {
        let public = self.key.public_key().as_ref();
        let modulus = encoded(&public[HEAD..HEAD + MODULUS]);
        json!({"keys": [{"kty": "RSA", "kid": "one", "n": modulus, "e": "AQAB"}]})
    }

    /// What it answers.
    fn answer(&self, request: &Request) -> Value {
        let authorization = request.headers().get("authorization");
        let authorization = authorization.and_then(|value| value.to_str().ok());
        match request.uri().path() {
            "/idp/keys" => self.keys(),
            "/idp/token" => {
                let secret = self.secret.lock().expect("nobody panics with it");
                let client = BASE64_STANDARD.encode(format!("{CLIENT}:{secret}"));
                if authorization != Some(&format!("Basic {client}")) {
                    return Value::Null;
                }
                let claims = json!({"iss": ISSUER, "aud": CLIENT, "exp": in_an_hour()});
                json!({"access_token": "opaque", "expires_in": 3600, "id_token": self.token(&claims)})
            }
            "/idp/userinfo" if authorization == Some("Bearer opaque") => {
                json!({"sub": "me", "email": "me@example.com"})
            }
            _ => Value::Null,
        }
    }
}

pub fn in_an_hour() -> i64 {
    albedo::clock::now().as_second() + 3600
}

/// A pod of a Service, for as long as the set is there.
pub async fn serve(
    pods: &mut JoinSet<()>,
    name: &'static str,
    address: &str,
    provider: &Arc<Provider>,
) {
    let (_, rest) = address.split_once('.').expect("it is IPv4");
    let reached: IpAddr = format!("127.{rest}").parse().expect("it is an address");
    let listener = TcpListener::bind((reached, 8080)).await.expect("the port is free");
    let provider = Arc::clone(provider);
    let app = Router::new().fallback(move |request: Request| async move {
        match name {
            "idp" => provider.answer(&request).to_string(),
            _ => echo(name, &request).to_string(),
        }
    });
    pods.spawn(async move {
        let _ = axum::serve(listener, app).await;
    });
}

/// What a pod sees of a request.
fn echo(pod: &str, request: &Request) -> Value {
    let headers = request
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap_or_default().into()));
    let headers: Map<String, Value> = headers.collect();
    json!({"pod": pod, "target": request.uri().to_string(), "headers": headers})
}
