//! The topology page, for whoever may reach it: on loopback those who may forward a port to the
//! pod.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::page::Answer;

/// How many answers are written at once: a look takes milliseconds, and one is as much as it may
/// take from the controller's own work.
const ANSWERS_AT_ONCE: usize = 1;

/// What browsers are told with each answer: nothing is run, nothing is loaded from elsewhere or
/// framed, nothing is kept and nobody is told from where a link was followed.
const HEADERS: [(HeaderName, HeaderValue); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; \
             base-uri 'none'; frame-ancestors 'none'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// Serves the page for ever. `answer` is asked with the path, the query, and whether JSON is
/// preferred; it may take its time.
///
/// On loopback only those are answered who ask for a name of loopback: a browser that somebody's
/// name has led there, by which a page of his could read this one, asks for that name.
///
/// # Errors
/// The server broke down.
pub async fn page<F>(listener: TcpListener, answer: F) -> io::Result<()>
where
    F: Fn(&str, &str, bool) -> Answer + Clone + Send + Sync + 'static,
{
    let is_loopback = listener.local_addr()?.ip().is_loopback();
    let turns = Arc::new(Semaphore::new(ANSWERS_AT_ONCE));
    let asked = async move |uri: Uri, headers: HeaderMap| {
        if is_loopback && !is_for_loopback(&headers) {
            let text = "this page answers to localhost, 127.0.0.1 and [::1] only\n";
            return (StatusCode::MISDIRECTED_REQUEST, HEADERS, text).into_response();
        }
        // It is never closed; if it were, answering unbounded would be the right thing.
        let _turn = turns.acquire().await.ok();
        let takes_json = prefers_json(&headers);
        let written = tokio::task::spawn_blocking(move || {
            answer(uri.path(), uri.query().unwrap_or_default(), takes_json)
        });
        match written.await {
            Ok(answer) => respond(answer),
            Err(_panic) => (StatusCode::INTERNAL_SERVER_ERROR, HEADERS).into_response(),
        }
    };
    axum::serve(listener, Router::new().fallback_service(get(asked))).await
}

fn respond(answer: Answer) -> Response {
    let Answer { status, content_type, body } = answer;
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, HEADERS, [(header::CONTENT_TYPE, content_type)], body).into_response()
}

/// Whether somebody asks for a name of this machine by itself.
fn is_for_loopback(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// Whether JSON is asked for, and HTML is not: browsers ask for both.
fn prefers_json(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let accepted: Vec<&str> = accepted.collect();
    let names = |kind: &str| accepted.iter().any(|value| value.contains(kind));
    names("application/json") && !names("text/html")
}
