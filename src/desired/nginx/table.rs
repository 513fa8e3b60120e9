//! Every annotation of ingress-nginx, once: what it comes to on an Application Load Balancer.

use std::collections::BTreeSet;

use super::super::annotations::boolean;

/// What the names of ingress-nginx's annotations begin with.
pub const PREFIX: &str = "nginx.ingress.kubernetes.io/";

/// An annotation of ingress-nginx.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its name without the prefix.
    pub name: &'static str,
    /// What its values look like.
    pub form: Form,
    /// What it comes to.
    pub effect: Effect,
}

/// What values look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Anything.
    Text,
    /// Yes or no, as Go spells them.
    Truth,
    /// A whole number between these bounds, both included.
    Number(u32, u32),
    /// One of these words.
    Word(&'static [&'static str]),
    /// Addresses and CIDRs between commas, at least one.
    Sources,
}

/// What an annotation comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The load balancer does the same.
    Translated {
        /// By what.
        to: &'static str,
        /// Where it does not; empty where it does throughout.
        differs: &'static str,
    },
    /// The load balancer cannot do it, and without it more would be served than is meant: the
    /// Ingress is not served.
    Closed {
        /// What does the same.
        instead: &'static str,
        /// What there has to be besides so that it is served all the same.
        unless: Unless,
    },
    /// The load balancer cannot do it, and the Ingress is served without it.
    Without {
        /// What does the same, or comes close.
        instead: &'static str,
    },
    /// A snippet of nginx's language: what directives it has decides.
    Snippet,
    /// There is nothing to do.
    Harmless {
        /// Why.
        why: &'static str,
    },
}

/// What of ours takes the place of what ingress-nginx guards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unless {
    /// Nothing does.
    Never,
    /// Clients log in: `auth-type`, or `jwt-validation`.
    Login,
    /// Clients show certificates: `mutual-authentication`.
    ClientCertificates,
    /// A web ACL: `wafv2-acl-arn`, `wafv2-acl-name`, or the class's.
    WebAcl,
}

const fn row(name: &'static str, form: Form, effect: Effect) -> Row {
    Row { name, form, effect }
}

const fn to(name: &'static str, form: Form, to: &'static str, differs: &'static str) -> Row {
    row(name, form, Effect::Translated { to, differs })
}

const fn closed(name: &'static str, unless: Unless, instead: &'static str) -> Row {
    row(name, Form::Text, Effect::Closed { instead, unless })
}

const fn without(name: &'static str, instead: &'static str) -> Row {
    row(name, Form::Text, Effect::Without { instead })
}

const fn harmless(name: &'static str, why: &'static str) -> Row {
    row(name, Form::Text, Effect::Harmless { why })
}

const LOGIN: &str = "alb.ingress.kubernetes.io/auth-type with oidc or cognito, or jwt-validation";
const LOGIN_PART: &str = "alb.ingress.kubernetes.io/auth-idp-oidc, which says how clients log in";
const SHOWN: &str = "alb.ingress.kubernetes.io/mutual-authentication";
const WAF: &str = "a web ACL by alb.ingress.kubernetes.io/wafv2-acl-arn";
const RATE: &str = "a rate-based rule of a web ACL by alb.ingress.kubernetes.io/wafv2-acl-arn";
const PODS: &str = "the pods, which have to do it themselves";
const COOKIE: &str = "the cookie is the load balancer's, AWSALB, which only it reads";
const STREAMS: &str = "the load balancer passes on what comes, and holds nothing back";
const LOGS: &str = "access logs are the load balancer's: access_logs.s3.enabled of \
                    alb.ingress.kubernetes.io/load-balancer-attributes";
const BACK: &str = "the load balancer takes any certificate of pods, and shows none";
const MIRROR: &str = "VPC traffic mirroring, or the pods";
const CORS: &str = "the listener's attribute routing.http.response.access_control_*";
const CORS_DIFFERS: &str = "only where the load balancer is this Ingress's alone; pods answer \
                            preflights, and the header goes out whatever the Origin";
const CANARY: &str = "rules of the Ingress that has the same host and path";
const CANARY_DIFFERS: &str = "both have to be in one namespace and one group";
const TIMES: &str = "idle_timeout.timeout_seconds of the load balancer";
const TIMES_DIFFERS: &str = "the longest of the group counts, up to 4000 s";

/// The most seconds or shares that numbers may be.
const MOST: u32 = i32::MAX as u32;

/// Every annotation, by what it is for.
pub const ROWS: &[Row] = &[
    // Redirects.
    to(
        "ssl-redirect",
        Form::Truth,
        "on HTTP, redirects to HTTPS; also where nobody says, with spec.tls for all hosts",
        "301 instead of 308; only where there is a listener for HTTPS",
    ),
    to(
        "force-ssl-redirect",
        Form::Truth,
        "on HTTP, redirects to HTTPS, also without spec.tls",
        "301 instead of 308; only where there is a listener for HTTPS",
    ),
    to(
        "permanent-redirect",
        Form::Text,
        "a redirect",
        "to http:// only where there is no HTTPS; of variables only $scheme, $host, $http_host \
         and, at the end, $request_uri",
    ),
    to(
        "permanent-redirect-code",
        Form::Number(300, 308),
        "the redirect's status code",
        "301 for 301 and 308, 302 for the others",
    ),
    to("temporal-redirect", Form::Text, "a redirect", "as permanent-redirect"),
    to(
        "temporal-redirect-code",
        Form::Number(300, 308),
        "the redirect's status code",
        "301 for 301 and 308, 302 for the others",
    ),
    to("app-root", Form::Text, "a redirect from / alone", ""),
    to(
        "from-to-www-redirect",
        Form::Truth,
        "a redirect from the host with www. in front, or without it",
        "301 instead of 308; names and certificates for that host are asked for apart",
    ),
    harmless("preserve-trailing-slash", "redirects leave paths as they are"),
    without("use-port-in-redirects", "redirects name the listener's port"),
    without("relative-redirects", "absolute redirects, which is what load balancers answer"),
    without("proxy-redirect-from", PODS),
    without("proxy-redirect-to", PODS),
    // Paths.
    to(
        "rewrite-target",
        Form::Text,
        "a url-rewrite transform",
        "upper and lower case count; of variables only $1 to $9; where the target has a query, an \
         & follows it",
    ),
    to(
        "use-regex",
        Form::Truth,
        "a path condition with a regular expression from the start of the path",
        "upper and lower case count; at most 128 characters, and no looking around or back; paths \
         of other Ingresses for the host stay what they are",
    ),
    to("upstream-vhost", Form::Text, "a host-header-rewrite transform", "no variables"),
    to(
        "server-alias",
        Form::Text,
        "more hosts in the conditions",
        "no regular expressions; names and certificates for them are asked for apart",
    ),
    without("x-forwarded-prefix", PODS),
    harmless("enable-rewrite-log", "access logs say which rule took a request"),
    // Who stays where.
    to("affinity", Form::Word(&["cookie"]), "stickiness of the target group", ""),
    harmless("affinity-mode", "the load balancer's own way: a client stays while its pod does"),
    to(
        "affinity-canary-behavior",
        Form::Word(&["sticky", "legacy"]),
        "stickiness between target groups, unless it is legacy",
        "",
    ),
    to(
        "session-cookie-max-age",
        Form::Number(0, MOST),
        "how long a client stays; else a day",
        "at most 604800 s",
    ),
    harmless("session-cookie-name", COOKIE),
    harmless("session-cookie-path", COOKIE),
    harmless("session-cookie-domain", COOKIE),
    harmless("session-cookie-samesite", COOKIE),
    harmless("session-cookie-conditional-samesite-none", COOKIE),
    harmless("session-cookie-secure", COOKIE),
    harmless("session-cookie-expires", COOKIE),
    harmless("session-cookie-change-on-failure", "a client goes elsewhere when its pod fails"),
    to(
        "load-balance",
        Form::Word(&["round_robin", "ewma"]),
        "load_balancing.algorithm.type of the target group",
        "least_outstanding_requests for ewma",
    ),
    without("upstream-hash-by", "affinity, by a cookie"),
    without("upstream-hash-by-subset", "affinity, by a cookie"),
    without("upstream-hash-by-subset-size", "affinity, by a cookie"),
    // Canaries.
    to("canary", Form::Truth, CANARY, CANARY_DIFFERS),
    to(
        "canary-weight",
        Form::Number(0, MOST),
        "weights of both target groups",
        "in steps of 1/999 where the total is more",
    ),
    to("canary-weight-total", Form::Number(1, MOST), "what the weights are of", ""),
    to("canary-by-header", Form::Text, "a condition on the header", "case does not count"),
    to("canary-by-header-value", Form::Text, "the header's value", "case does not count"),
    to(
        "canary-by-header-pattern",
        Form::Text,
        "a regular expression for the header's value",
        "at most 128 characters, and no looking around or back",
    ),
    to("canary-by-cookie", Form::Text, "a condition on the header Cookie", ""),
    // Who may come.
    to(
        "whitelist-source-range",
        Form::Sources,
        "source-ip conditions, and 403 for all others",
        "the address is the one that connects to the load balancer; redirects are under it, too",
    ),
    to("allowlist-source-range", Form::Sources, "as whitelist-source-range", ""),
    to(
        "denylist-source-range",
        Form::Sources,
        "403 under source-ip conditions, in front",
        "as whitelist-source-range; not beside it",
    ),
    row(
        "satisfy",
        Form::Word(&["all"]),
        Effect::Harmless { why: "all that is asked for has to be met" },
    ),
    closed("auth-type", Unless::Login, LOGIN),
    closed("auth-secret", Unless::Login, LOGIN),
    closed("auth-secret-type", Unless::Login, LOGIN),
    closed("auth-realm", Unless::Login, LOGIN),
    closed("auth-url", Unless::Login, LOGIN),
    closed("auth-signin", Unless::Login, LOGIN_PART),
    closed("auth-signin-redirect-param", Unless::Login, LOGIN_PART),
    closed("auth-method", Unless::Login, LOGIN_PART),
    closed("auth-response-headers", Unless::Login, LOGIN_PART),
    closed("auth-request-redirect", Unless::Login, LOGIN_PART),
    closed("auth-always-set-cookie", Unless::Login, LOGIN_PART),
    closed("auth-cache-key", Unless::Login, LOGIN_PART),
    closed("auth-cache-duration", Unless::Login, LOGIN_PART),
    closed("auth-keepalive", Unless::Login, LOGIN_PART),
    closed("auth-keepalive-share-vars", Unless::Login, LOGIN_PART),
    closed("auth-keepalive-requests", Unless::Login, LOGIN_PART),
    closed("auth-keepalive-timeout", Unless::Login, LOGIN_PART),
    closed("auth-proxy-set-headers", Unless::Login, LOGIN_PART),
    closed("auth-snippet", Unless::Login, LOGIN_PART),
    row(
        "enable-global-auth",
        Form::Truth,
        Effect::Closed { instead: LOGIN, unless: Unless::Login },
    ),
    closed("auth-tls-secret", Unless::ClientCertificates, SHOWN),
    closed("auth-tls-verify-client", Unless::ClientCertificates, SHOWN),
    closed("auth-tls-verify-depth", Unless::ClientCertificates, SHOWN),
    closed(
        "auth-tls-match-cn",
        Unless::Never,
        "the pods, which see X-Amzn-Mtls-Clientcert-Subject",
    ),
    closed("auth-tls-error-page", Unless::ClientCertificates, SHOWN),
    closed("auth-tls-pass-certificate-to-upstream", Unless::ClientCertificates, SHOWN),
    row(
        "ssl-passthrough",
        Form::Truth,
        Effect::Closed {
            instead: "a Service of type LoadBalancer, whose Network Load Balancer passes TLS on",
            unless: Unless::Never,
        },
    ),
    row("enable-modsecurity", Form::Truth, Effect::Closed { instead: WAF, unless: Unless::WebAcl }),
    row(
        "enable-owasp-core-rules",
        Form::Truth,
        Effect::Closed { instead: WAF, unless: Unless::WebAcl },
    ),
    closed("modsecurity-snippet", Unless::WebAcl, WAF),
    harmless("modsecurity-transaction-id", "requests carry X-Amzn-Trace-Id"),
    without("limit-connections", RATE),
    without("limit-rps", RATE),
    without("limit-rpm", RATE),
    without("limit-burst-multiplier", RATE),
    without("limit-rate", PODS),
    without("limit-rate-after", PODS),
    without("limit-whitelist", RATE),
    without("limit-allowlist", RATE),
    // What pods speak.
    to(
        "backend-protocol",
        Form::Word(&["HTTP", "HTTPS", "GRPC", "GRPCS", "AUTO_HTTP"]),
        "backend-protocol and backend-protocol-version",
        "no FCGI",
    ),
    to("proxy-read-timeout", Form::Number(1, MOST), TIMES, TIMES_DIFFERS),
    to("proxy-send-timeout", Form::Number(1, MOST), TIMES, TIMES_DIFFERS),
    harmless("proxy-connect-timeout", "the load balancer's is fixed"),
    harmless("proxy-next-upstream", "requests that no pod has answered are sent to another"),
    harmless("proxy-next-upstream-timeout", "the load balancer's is fixed"),
    harmless("proxy-next-upstream-tries", "the load balancer's are fixed"),
    harmless("proxy-body-size", "bodies may be of any size"),
    harmless("client-body-buffer-size", STREAMS),
    harmless("proxy-request-buffering", STREAMS),
    harmless("proxy-buffering", STREAMS),
    harmless("proxy-buffers-number", STREAMS),
    harmless("proxy-buffer-size", STREAMS),
    harmless("proxy-busy-buffers-size", STREAMS),
    harmless("proxy-max-temp-file-size", STREAMS),
    row("proxy-http-version", Form::Word(&["1.1"]), Effect::Harmless { why: "it is 1.1" }),
    harmless(
        "service-upstream",
        "requests go to pods, or to nodes where target-type says instance",
    ),
    without("proxy-cookie-domain", PODS),
    without("proxy-cookie-path", PODS),
    without("proxy-ssl-secret", BACK),
    without("proxy-ssl-verify", BACK),
    without("proxy-ssl-verify-depth", BACK),
    harmless("proxy-ssl-ciphers", BACK),
    harmless("proxy-ssl-name", BACK),
    harmless("proxy-ssl-protocols", BACK),
    harmless("proxy-ssl-server-name", BACK),
    without("fastcgi-index", "pods that speak HTTP"),
    without("fastcgi-params-configmap", "pods that speak HTTP"),
    harmless("connection-proxy-header", "the load balancer keeps its own connections to pods"),
    without("custom-headers", "routing.http.response.* of listener-attributes, for those it has"),
    without("custom-http-errors", PODS),
    harmless("disable-proxy-intercept-errors", "answers of pods are left as they are"),
    without("default-backend", "spec.defaultBackend"),
    // CORS.
    to("enable-cors", Form::Truth, CORS, CORS_DIFFERS),
    to("cors-allow-origin", Form::Text, CORS, "one origin, or *"),
    to("cors-allow-methods", Form::Text, CORS, ""),
    to("cors-allow-headers", Form::Text, CORS, ""),
    to("cors-expose-headers", Form::Text, CORS, ""),
    to("cors-allow-credentials", Form::Truth, CORS, "only where it says so, and not beside *"),
    to("cors-max-age", Form::Number(0, MOST), CORS, ""),
    // The rest.
    row("configuration-snippet", Form::Text, Effect::Snippet),
    row("server-snippet", Form::Text, Effect::Snippet),
    row("stream-snippet", Form::Text, Effect::Snippet),
    without("mirror-target", MIRROR),
    without("mirror-host", MIRROR),
    without("mirror-request-body", MIRROR),
    without("ssl-ciphers", "alb.ingress.kubernetes.io/ssl-policy"),
    without("ssl-prefer-server-ciphers", "alb.ingress.kubernetes.io/ssl-policy"),
    harmless("http2-push-preload", "browsers have given it up"),
    harmless("enable-access-log", LOGS),
    harmless("enable-opentelemetry", "requests carry X-Amzn-Trace-Id"),
    harmless("opentelemetry-operation-name", "requests carry X-Amzn-Trace-Id"),
    harmless("opentelemetry-trust-incoming-span", "requests carry X-Amzn-Trace-Id"),
];

/// What is known of an annotation by its name without the prefix.
#[must_use]
pub fn lookup(name: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == name)
}

/// The names, for whoever looks for a neighbour.
pub fn names() -> impl Iterator<Item = &'static str> {
    ROWS.iter().map(|row| row.name)
}

impl Row {
    /// Whether a value asks for nothing at all.
    #[must_use]
    pub fn is_idle(&self, text: &str) -> bool {
        let is_off = matches!(boolean(text), Ok(false)) || text == "off";
        match self.form {
            Form::Truth => is_off,
            Form::Text if matches!(self.effect, Effect::Translated { .. }) => text.is_empty(),
            Form::Text => text.is_empty() || is_off,
            Form::Sources | Form::Word(_) => text.is_empty(),
            Form::Number(..) => false,
        }
    }

    /// What is allowed instead of a value, where it cannot be read.
    #[must_use]
    pub fn fault(&self, text: &str) -> Option<String> {
        match self.form {
            Form::Text => None,
            Form::Truth => boolean(text).err().map(|_| "true, false".to_owned()),
            Form::Number(min, max) => {
                let number = text.parse().ok().filter(|number| (min..=max).contains(number));
                number.is_none().then(|| format!("a whole number from {min} to {max}"))
            }
            Form::Word(words) => {
                let mut known = words.iter().filter(|word| word.eq_ignore_ascii_case(text));
                (!text.is_empty() && known.next().is_none()).then(|| words.join(", "))
            }
            Form::Sources => sources(text).err(),
        }
    }
}

/// Addresses and CIDRs between commas, as CIDRs.
///
/// # Errors
/// What is allowed.
pub fn sources(text: &str) -> Result<BTreeSet<String>, String> {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    let whole = items.map(|item| match item.parse() {
        Ok(std::net::IpAddr::V4(_)) => format!("{item}/32"),
        Ok(std::net::IpAddr::V6(_)) => format!("{item}/128"),
        Err(_) => item.to_owned(),
    });
    let text = whole.collect::<Vec<_>>().join(",");
    let found = super::super::annotations::cidrs(&text).map_err(|error| {
        format!("{}, where \"{}\" is none", error.allowed, error.found.unwrap_or_default())
    })?;
    if found.is_empty() { Err("at least one address or CIDR".to_owned()) } else { Ok(found) }
}
