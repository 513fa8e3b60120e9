//! Attributes of load balancers and listeners: what AWS documents of them, and which are set
//! together.

use std::collections::BTreeMap;
use std::fmt;

use smol_str::SmolStr;

use super::listener::Protocol;
use super::load_balancer::Attributes;

/// How many attributes one call may set (AWS).
const IN_A_CALL_MAX: usize = 20;
/// The longest value of an attribute (AWS).
const VALUE_LENGTH_MAX: usize = 1024;
/// The longest name of a header that AWS lets people choose.
const NAME_LENGTH_MAX: usize = 40;

/// What AWS documents an attribute to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// Yes or no.
    Truth,
    /// A whole number between two bounds, both included.
    Number(u32, u32),
    /// One of these words.
    Word(&'static [&'static str]),
    /// Some of these words, between commas.
    Words(&'static [&'static str]),
    /// Any text that is no longer than that.
    Text(usize),
}

impl Values {
    /// Whether a value is one of them.
    #[must_use]
    pub fn take(self, value: &str) -> bool {
        match self {
            Self::Truth => matches!(value, "true" | "false"),
            Self::Number(min, max) => {
                let digits = value.bytes().all(|byte| byte.is_ascii_digit());
                digits && value.parse().is_ok_and(|number| (min..=max).contains(&number))
            }
            Self::Word(words) => words.contains(&value),
            Self::Words(words) => {
                value.is_empty() || value.split(',').all(|word| words.contains(&word.trim()))
            }
            Self::Text(length_max) => value.chars().count() <= length_max,
        }
    }
}

impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truth => f.write_str("true, false"),
            Self::Number(min, max) => write!(f, "a whole number from {min} to {max}"),
            Self::Word(words) => {
                let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
                f.write_str(&quoted.join(", "))
            }
            Self::Words(words) => write!(f, "some of {} between commas", words.join(", ")),
            Self::Text(length_max) => write!(f, "at most {length_max} characters"),
        }
    }
}

/// The attributes that AWS documents of a kind of thing, each with what it takes.
pub type Documented = fn(&str) -> Option<Values>;

/// What is logged, and with which attributes each: they make sense together only.
const LOGS: [&str; 3] = ["access_logs.s3.", "connection_logs.s3.", "health_check_logs.s3."];

/// What an attribute of an application load balancer takes; `None` for one that AWS does not
/// document (its page of LoadBalancerAttribute).
#[must_use]
pub fn of_load_balancer(key: &str) -> Option<Values> {
    let of_logs = LOGS.iter().find_map(|start| key.strip_prefix(start));
    match (of_logs, key) {
        (Some("enabled"), _)
        | (
            None,
            "deletion_protection.enabled"
            | "ipv6.deny_all_igw_traffic"
            | "routing.http.drop_invalid_header_fields.enabled"
            | "routing.http.preserve_host_header.enabled"
            | "routing.http.x_amzn_tls_version_and_cipher_suite.enabled"
            | "routing.http.xff_client_port.enabled"
            | "routing.http2.enabled"
            | "waf.fail_open.enabled"
            | "zonal_shift.config.enabled",
        ) => Some(Values::Truth),
        (Some("bucket" | "prefix"), _) => Some(Values::Text(VALUE_LENGTH_MAX)),
        (None, "client_keep_alive.seconds") => Some(Values::Number(60, 604_800)),
        (None, "idle_timeout.timeout_seconds") => Some(Values::Number(1, 4000)),
        (None, "load_balancing.cross_zone.enabled") => Some(Values::Word(&["true"])),
        (None, "routing.http.desync_mitigation_mode") => {
            Some(Values::Word(&["monitor", "defensive", "strictest"]))
        }
        (None, "routing.http.xff_header_processing.mode") => {
            Some(Values::Word(&["append", "preserve", "remove"]))
        }
        (Some(_) | None, _) => None,
    }
}

/// What an attribute of a listener that speaks HTTP takes; `None` for one that AWS does not
/// document (its page of ListenerAttribute).
#[must_use]
pub fn of_http(key: &str) -> Option<Values> {
    const METHODS: &[&str] =
        &["GET", "HEAD", "POST", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PUT", "PATCH", "*"];
    match key.strip_prefix("routing.http.response.")? {
        "server.enabled" => Some(Values::Truth),
        "access_control_allow_methods.header_value" => Some(Values::Words(METHODS)),
        "access_control_allow_credentials.header_value" => Some(Values::Word(&["true", ""])),
        "x_content_type_options.header_value" => Some(Values::Word(&["nosniff", ""])),
        "strict_transport_security.header_value"
        | "access_control_allow_origin.header_value"
        | "access_control_allow_headers.header_value"
        | "access_control_expose_headers.header_value"
        | "access_control_max_age.header_value"
        | "content_security_policy.header_value"
        | "x_frame_options.header_value" => Some(Values::Text(VALUE_LENGTH_MAX)),
        _ => None,
    }
}

/// The same of one that speaks HTTPS: it tells targets of the connection besides.
#[must_use]
pub fn of_https(key: &str) -> Option<Values> {
    const TOLD: [&str; 8] = [
        "x_amzn_mtls_clientcert_serial_number",
        "x_amzn_mtls_clientcert_issuer",
        "x_amzn_mtls_clientcert_subject",
        "x_amzn_mtls_clientcert_validity",
        "x_amzn_mtls_clientcert_leaf",
        "x_amzn_mtls_clientcert",
        "x_amzn_tls_version",
        "x_amzn_tls_cipher_suite",
    ];
    let told = key.strip_prefix("routing.http.request.");
    let told = told.and_then(|told| told.strip_suffix(".header_name"));
    match told {
        Some(told) => TOLD.contains(&told).then_some(Values::Text(NAME_LENGTH_MAX)),
        None => of_http(key),
    }
}

/// The same of one that passes connections on.
#[must_use]
pub fn of_tcp(key: &str) -> Option<Values> {
    (key == "tcp.idle_timeout.seconds").then_some(Values::Number(60, 6000))
}

/// What an attribute of a network load balancer takes; `None` for one that AWS does not document
/// (its page of LoadBalancerAttribute).
#[must_use]
pub fn of_network_load_balancer(key: &str) -> Option<Values> {
    const ROUTING: &[&str] = &[
        "availability_zone_affinity",
        "partial_availability_zone_affinity",
        "any_availability_zone",
    ];
    match key {
        "access_logs.s3.bucket" | "access_logs.s3.prefix" => Some(Values::Text(VALUE_LENGTH_MAX)),
        "access_logs.s3.enabled"
        | "deletion_protection.enabled"
        | "ipv6.deny_all_igw_traffic"
        | "load_balancing.cross_zone.enabled"
        | "zonal_shift.config.enabled" => Some(Values::Truth),
        "dns_record.client_routing_policy" => Some(Values::Word(ROUTING)),
        "secondary_ips.auto_assigned.per_subnet" => Some(Values::Number(0, 7)),
        _ => None,
    }
}

/// What AWS documents of the attributes of a listener.
#[must_use]
pub fn of_listener(protocol: Protocol) -> Documented {
    match protocol {
        Protocol::Http => of_http,
        Protocol::Tcp => of_tcp,
        Protocol::Https => of_https,
    }
}

/// What an attribute of an application load balancer is until somebody sets it (AWS's page of
/// LoadBalancerAttribute); `None` where that depends on something, or it says nothing by itself.
#[must_use]
pub fn default_of_load_balancer(key: &str) -> Option<&'static str> {
    let of_logs = LOGS.iter().find_map(|start| key.strip_prefix(start));
    match (of_logs, key) {
        // Where logs go counts for nothing while there are none.
        (Some("enabled"), _)
        | (
            None,
            "deletion_protection.enabled"
            | "routing.http.drop_invalid_header_fields.enabled"
            | "routing.http.preserve_host_header.enabled"
            | "routing.http.x_amzn_tls_version_and_cipher_suite.enabled"
            | "routing.http.xff_client_port.enabled"
            | "waf.fail_open.enabled"
            | "zonal_shift.config.enabled",
        ) => Some("false"),
        (Some("prefix"), _) => Some(""),
        (None, "client_keep_alive.seconds") => Some("3600"),
        (None, "idle_timeout.timeout_seconds") => Some("60"),
        (None, "routing.http2.enabled") => Some("true"),
        (None, "routing.http.desync_mitigation_mode") => Some("defensive"),
        (None, "routing.http.xff_header_processing.mode") => Some("append"),
        (Some(_) | None, _) => None,
    }
}

/// The same of a network load balancer.
#[must_use]
pub fn default_of_network_load_balancer(key: &str) -> Option<&'static str> {
    match key {
        "access_logs.s3.enabled"
        | "deletion_protection.enabled"
        | "load_balancing.cross_zone.enabled"
        | "zonal_shift.config.enabled" => Some("false"),
        "access_logs.s3.prefix" => Some(""),
        "dns_record.client_routing_policy" => Some("any_availability_zone"),
        "secondary_ips.auto_assigned.per_subnet" => Some("0"),
        _ => None,
    }
}

/// The same of a listener that speaks HTTP or HTTPS (AWS's guide, "HTTP header modification").
#[must_use]
pub fn default_of_listener(key: &str) -> Option<&'static str> {
    if let Some(told) = key.strip_prefix("routing.http.request.") {
        return match told.strip_suffix(".header_name")? {
            "x_amzn_mtls_clientcert_serial_number" => Some("X-Amzn-Mtls-Clientcert-Serial-Number"),
            "x_amzn_mtls_clientcert_issuer" => Some("X-Amzn-Mtls-Clientcert-Issuer"),
            "x_amzn_mtls_clientcert_subject" => Some("X-Amzn-Mtls-Clientcert-Subject"),
            "x_amzn_mtls_clientcert_validity" => Some("X-Amzn-Mtls-Clientcert-Validity"),
            "x_amzn_mtls_clientcert_leaf" => Some("X-Amzn-Mtls-Clientcert-Leaf"),
            "x_amzn_mtls_clientcert" => Some("X-Amzn-Mtls-Clientcert"),
            "x_amzn_tls_version" => Some("X-Amzn-Tls-Version"),
            "x_amzn_tls_cipher_suite" => Some("X-Amzn-Tls-Cipher-Suite"),
            _ => None,
        };
    }
    if key == "routing.http.response.server.enabled" {
        return Some("true");
    }
    of_http(key).map(|_| "")
}

/// The same of a target group that speaks HTTP or HTTPS (AWS's page of TargetGroupAttribute).
#[must_use]
pub fn default_of_target_group(key: &str) -> Option<&'static str> {
    let of_health = key.strip_prefix("target_group_health.");
    match (of_health, key) {
        (
            Some(
                "dns_failover.minimum_healthy_targets.count"
                | "unhealthy_state_routing.minimum_healthy_targets.count",
            ),
            _,
        ) => Some("1"),
        (
            Some(
                "dns_failover.minimum_healthy_targets.percentage"
                | "unhealthy_state_routing.minimum_healthy_targets.percentage",
            ),
            _,
        )
        | (None, "load_balancing.algorithm.anomaly_mitigation") => Some("off"),
        (None, "deregistration_delay.timeout_seconds") => Some("300"),
        (None, "load_balancing.algorithm.type") => Some("round_robin"),
        (None, "load_balancing.cross_zone.enabled") => Some("use_load_balancer_configuration"),
        (None, "slow_start.duration_seconds") => Some("0"),
        (None, "stickiness.enabled") => Some("false"),
        (None, "stickiness.type") => Some("lb_cookie"),
        (
            None,
            "stickiness.app_cookie.duration_seconds" | "stickiness.lb_cookie.duration_seconds",
        ) => Some("86400"),
        (Some(_) | None, _) => None,
    }
}

/// Attributes in as few calls as can be, and yet so that what AWS may refuse holds up nothing else:
/// it takes all of a call or none. Where logs go is somebody's bucket, and what AWS does not
/// document may be a slip.
#[must_use]
pub fn calls(attributes: &Attributes, documented: Documented) -> Vec<Attributes> {
    let mut calls: BTreeMap<&str, Vec<(&SmolStr, &SmolStr)>> = BTreeMap::new();
    for (key, value) in attributes {
        let is_sound = documented(key).is_some_and(|values| values.take(value));
        let logs = LOGS.iter().find(|start| is_sound && key.starts_with(**start));
        let name = logs.copied().unwrap_or(if is_sound { "" } else { key });
        calls.entry(name).or_default().push((key, value));
    }
    let calls = calls.values().flat_map(|pairs| pairs.chunks(IN_A_CALL_MAX));
    let owned = |pairs: &[(&SmolStr, &SmolStr)]| {
        pairs.iter().map(|(key, value)| ((*key).clone(), (*value).clone())).collect()
    };
    calls.map(owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Attributes {
        pairs.iter().map(|(key, value)| (SmolStr::new(key), SmolStr::new(value))).collect()
    }

    #[test]
    fn what_may_be_refused_is_set_apart() {
        let asked = [
            ("access_logs.s3.bucket", "logs"),
            ("access_logs.s3.enabled", "true"),
            ("idle_timeout.timeout_seconds", "0"),
            ("no.such.attribute", "1"),
            ("routing.http2.enabled", "false"),
            ("waf.fail_open.enabled", "true"),
        ];
        let expected =
            [pairs(&asked[4..]), pairs(&asked[..2]), pairs(&asked[2..3]), pairs(&asked[3..4])];
        assert_eq!(calls(&pairs(&asked), of_load_balancer), expected);
        assert_eq!(calls(&Attributes::new(), of_load_balancer), Vec::<Attributes>::new());
    }

    #[test]
    fn values_are_held_against_what_aws_documents() {
        let check = |documented: Documented, key: &str, value: &str, expected: bool| {
            let taken = documented(key).is_some_and(|values| values.take(value));
            assert_eq!(taken, expected, "{key}={value}");
        };
        check(of_load_balancer, "idle_timeout.timeout_seconds", "4000", true);
        check(of_load_balancer, "idle_timeout.timeout_seconds", "+60", false);
        check(of_load_balancer, "access_logs.s3.enabled", "yes", false);
        check(of_load_balancer, "access_logs.s3.key", "a", false);
        check(of_load_balancer, "routing.http.response.server.enabled", "true", false);
        let methods = "routing.http.response.access_control_allow_methods.header_value";
        check(of_http, methods, "GET, PUT", true);
        check(of_http, methods, "get", false);
        let name = "routing.http.request.x_amzn_tls_version.header_name";
        check(of_http, name, "X-TLS", false);
        check(of_https, name, "X-TLS", true);
        check(of_https, name, &"x".repeat(41), false);
    }
}
