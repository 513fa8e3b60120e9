//! The page of every annotation of ingress-nginx, made of the code's table and of examples that are
//! applied here.
//!
//! `ALBEDO_WRITE_DOCS=1 cargo test --test it nginx` writes it anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use albedo::desired::nginx::table::{Effect, PREFIX, ROWS, Row, Unless};

use super::super::support::world::CERTIFICATE;
use super::{A, ingress, told, world};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nginx.md");

/// The annotations that ingress-nginx's documentation and code have.
const OFFICIAL: &[&str] = &[
    "affinity",
    "affinity-canary-behavior",
    "affinity-mode",
    "allowlist-source-range",
    "app-root",
    "auth-always-set-cookie",
    "auth-cache-duration",
    "auth-cache-key",
    "auth-keepalive",
    "auth-keepalive-requests",
    "auth-keepalive-share-vars",
    "auth-keepalive-timeout",
    "auth-method",
    "auth-proxy-set-headers",
    "auth-realm",
    "auth-request-redirect",
    "auth-response-headers",
    "auth-secret",
    "auth-secret-type",
    "auth-signin",
    "auth-signin-redirect-param",
    "auth-snippet",
    "auth-tls-error-page",
    "auth-tls-match-cn",
    "auth-tls-pass-certificate-to-upstream",
    "auth-tls-secret",
    "auth-tls-verify-client",
    "auth-tls-verify-depth",
    "auth-type",
    "auth-url",
    "backend-protocol",
    "canary",
    "canary-by-cookie",
    "canary-by-header",
    "canary-by-header-pattern",
    "canary-by-header-value",
    "canary-weight",
    "canary-weight-total",
    "client-body-buffer-size",
    "configuration-snippet",
    "connection-proxy-header",
    "cors-allow-credentials",
    "cors-allow-headers",
    "cors-allow-methods",
    "cors-allow-origin",
    "cors-expose-headers",
    "cors-max-age",
    "custom-headers",
    "custom-http-errors",
    "default-backend",
    "denylist-source-range",
    "disable-proxy-intercept-errors",
    "enable-access-log",
    "enable-cors",
    "enable-global-auth",
    "enable-modsecurity",
    "enable-opentelemetry",
    "enable-owasp-core-rules",
    "enable-rewrite-log",
    "fastcgi-index",
    "fastcgi-params-configmap",
    "force-ssl-redirect",
    "from-to-www-redirect",
    "http2-push-preload",
    "limit-allowlist",
    "limit-burst-multiplier",
    "limit-connections",
    "limit-rate",
    "limit-rate-after",
    "limit-rpm",
    "limit-rps",
    "limit-whitelist",
    "load-balance",
    "mirror-host",
    "mirror-request-body",
    "mirror-target",
    "modsecurity-snippet",
    "modsecurity-transaction-id",
    "opentelemetry-operation-name",
    "opentelemetry-trust-incoming-span",
    "permanent-redirect",
    "permanent-redirect-code",
    "preserve-trailing-slash",
    "proxy-body-size",
    "proxy-buffer-size",
    "proxy-buffering",
    "proxy-buffers-number",
    "proxy-busy-buffers-size",
    "proxy-connect-timeout",
    "proxy-cookie-domain",
    "proxy-cookie-path",
    "proxy-http-version",
    "proxy-max-temp-file-size",
    "proxy-next-upstream",
    "proxy-next-upstream-timeout",
    "proxy-next-upstream-tries",
    "proxy-read-timeout",
    "proxy-redirect-from",
    "proxy-redirect-to",
    "proxy-request-buffering",
    "proxy-send-timeout",
    "proxy-ssl-ciphers",
    "proxy-ssl-name",
    "proxy-ssl-protocols",
    "proxy-ssl-secret",
    "proxy-ssl-server-name",
    "proxy-ssl-verify",
    "proxy-ssl-verify-depth",
    "relative-redirects",
    "rewrite-target",
    "satisfy",
    "server-alias",
    "server-snippet",
    "service-upstream",
    "session-cookie-change-on-failure",
    "session-cookie-conditional-samesite-none",
    "session-cookie-domain",
    "session-cookie-expires",
    "session-cookie-max-age",
    "session-cookie-name",
    "session-cookie-path",
    "session-cookie-samesite",
    "session-cookie-secure",
    "ssl-ciphers",
    "ssl-passthrough",
    "ssl-prefer-server-ciphers",
    "ssl-redirect",
    "stream-snippet",
    "temporal-redirect",
    "temporal-redirect-code",
    "upstream-hash-by",
    "upstream-hash-by-subset",
    "upstream-hash-by-subset-size",
    "upstream-vhost",
    "use-port-in-redirects",
    "use-regex",
    "whitelist-source-range",
    "x-forwarded-prefix",
];

/// For each annotation that is translated a value.
const EXAMPLES: &[(&str, &str)] = &[
    ("ssl-redirect", "true"),
    ("force-ssl-redirect", "true"),
    ("permanent-redirect", "https://b.example.com$request_uri"),
    ("permanent-redirect-code", "308"),
    ("temporal-redirect", "https://b.example.com/new"),
    ("temporal-redirect-code", "307"),
    ("app-root", "/app"),
    ("from-to-www-redirect", "true"),
    ("rewrite-target", "/$2"),
    ("use-regex", "true"),
    ("upstream-vhost", "inner.example.com"),
    ("server-alias", "b.example.com,c.example.com"),
    ("affinity", "cookie"),
    ("affinity-canary-behavior", "legacy"),
    ("session-cookie-max-age", "3600"),
    ("load-balance", "ewma"),
    ("canary", "true"),
    ("canary-weight", "10"),
    ("canary-weight-total", "1000"),
    ("canary-by-header", "X-Canary"),
    ("canary-by-header-value", "yes"),
    ("canary-by-header-pattern", "^beta-[0-9]+$"),
    ("canary-by-cookie", "canary"),
    ("whitelist-source-range", "10.0.0.0/8,192.0.2.7"),
    ("allowlist-source-range", "2001:db8::/32"),
    ("denylist-source-range", "198.51.100.0/24"),
    ("backend-protocol", "HTTPS"),
    ("proxy-read-timeout", "120"),
    ("proxy-send-timeout", "120"),
    ("enable-cors", "true"),
    ("cors-allow-origin", "https://b.example.com"),
    ("cors-allow-methods", "GET, PUT"),
    ("cors-allow-headers", "X-Token"),
    ("cors-expose-headers", "X-Count"),
    ("cors-allow-credentials", "true"),
    ("cors-max-age", "600"),
];

#[test]
fn every_annotation_of_ingress_nginx_has_a_row() {
    let mut names: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
    names.sort_unstable();
    assert_eq!(names, OFFICIAL);
}

#[test]
fn every_translated_annotation_has_an_example_that_can_be_applied() {
    let is_translated = |row: &&Row| matches!(row.effect, Effect::Translated { .. });
    let names: Vec<&str> = ROWS.iter().filter(is_translated).map(|row| row.name).collect();
    assert_eq!(names, EXAMPLES.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    for (name, value) in EXAMPLES {
        let key = format!("n/{name}");
        let all = vec![(key.as_str(), *value), ("certificate-arn", CERTIFICATE)];
        let path = "a.example.com ImplementationSpecific /a(/|$)(.*) web:80";
        let path = if *name == "rewrite-target" { path } else { A };
        let world = world(&[ingress("web", path, &all)]);
        let problems = world.problems("shop/web");
        let is_alone = told(&problems) == ["Warning InvalidAnnotation web n/canary"];
        assert!(problems.is_empty() || is_alone, "{name}: {problems:?}");
    }
}

/// The page as it should be.
fn page() -> String {
    let mut page = format!(
        "# From ingress-nginx\n\n\
         Made by `tests/it/nginx/page.rs`, which applies every example. A class with the \
         annotation `alb.ingress.k8s.aws/nginx: \"true\"` reads its Ingresses as ingress-nginx \
         does, and translates annotations that begin with `{PREFIX}`. Without it they change \
         nothing.\n\n\
         ```sh\nalbedo adopt --from nginx -f manifests/\n\
         kubectl get ingress -A -o yaml | albedo adopt --from nginx -f -\n```\n\n\
         says what becomes of each Ingress of manifests, without AWS and without a cluster: its \
         rules, what is translated to what, what is lost and what to write instead. It exits with \
         2 while anything is lost; `-o json` says the same to programs. How one moves then is in \
         [migration.md](migration.md#from-ingress-nginx).\n\n\
         * Paths of type ImplementationSpecific are starts of paths, unless they hold the load \
         balancer's wildcards. The narrowest rule comes first, whoever asks for it.\n\
         * With `spec.tls` or a certificate it listens on 80 and 443. TLS Secrets are imported as \
         for every class of Albedo's own.\n\
         * Targets are pods (`target-type: ip`), unless the Service, the Ingress or the class says \
         otherwise.\n\
         * What `alb.ingress.kubernetes.io/` says goes over what is translated.\n\
         * Put Ingresses that share hosts, and canaries, into one group: `group.name`, or that of \
         the class's IngressClassParams.\n\
         * Nothing that asks for a login, a certificate of clients or a list of addresses is \
         served without it: such an Ingress is *refused* as a whole, and what stood of it answers \
         503. So is one with a misspelt name of that kind, or with a snippet that holds any \
         directive which may keep somebody out. What else is *lost* leaves the rest served.\n\n\
         ## Translated\n\n| annotation | example | to | differs |\n|---|---|---|---|\n"
    );
    let examples: BTreeMap<&str, &str> = EXAMPLES.iter().copied().collect();
    for row in ROWS {
        let Effect::Translated { to, differs } = row.effect else { continue };
        let example = examples[row.name];
        writeln!(page, "| `{}` | `{example}` | {to} | {differs} |", row.name).unwrap();
    }
    page.push_str("\n## Refused\n\n| annotation | write instead |\n|---|---|\n");
    for row in ROWS {
        let Effect::Closed { instead, unless } = row.effect else { continue };
        let served = if unless == Unless::Never { "" } else { "; beside it, it is served" };
        writeln!(page, "| `{}` | {instead}{served} |", row.name).unwrap();
    }
    page.push_str("\n## Lost\n\n| annotation | write instead, or what does it |\n|---|---|\n");
    for row in ROWS {
        match row.effect {
            Effect::Without { instead } => writeln!(page, "| `{}` | {instead} |", row.name),
            Effect::Snippet => {
                let refused = "refused where it may keep somebody out";
                writeln!(page, "| `{}` | annotations that say the same; {refused} |", row.name)
            }
            Effect::Translated { .. } | Effect::Closed { .. } | Effect::Harmless { .. } => Ok(()),
        }
        .unwrap();
    }
    page.push_str("\n## Harmless\n\n| annotation | why |\n|---|---|\n");
    for row in ROWS {
        let Effect::Harmless { why } = row.effect else { continue };
        writeln!(page, "| `{}` | {why} |", row.name).unwrap();
    }
    page
}

#[test]
fn the_page_of_ingress_nginx_is_as_it_should_be() {
    let expected = page();
    if std::env::var_os("ALBEDO_WRITE_DOCS").is_some() {
        fs::write(PAGE, &expected).unwrap();
    }
    let found = fs::read_to_string(PAGE).unwrap_or_default();
    assert!(found == expected, "ALBEDO_WRITE_DOCS=1 writes docs/nginx.md anew");
}
