//! The values of what is asked of the network load balancer in front of a load balancer.

use std::collections::BTreeMap;

use super::{Unreadable, list, map, port};
use crate::model::target_group::TRAFFIC_PORT;

/// Ports, each with the one that connections go on to.
pub fn port_mapping(text: &str) -> Result<BTreeMap<u16, u16>, Unreadable> {
    const PORTS: &str = "pairs of ports from 1 to 65535 between commas, such as 80=8080";
    let wrong = |key: &str, value: &str| Unreadable {
        found: Some(format!("{key}={value}")),
        allowed: PORTS.into(),
    };
    let pairs = map(text).map_err(|_| Unreadable::from(PORTS))?;
    let each = pairs.iter().map(|(key, value)| match (port(key), port(value)) {
        (Ok(from), Ok(to)) => Ok((from, to)),
        (Err(_), _) | (_, Err(_)) => Err(wrong(key, value)),
    });
    each.collect()
}

/// Elastic IP addresses, by the ids of their allocations, each once.
pub fn allocations(text: &str) -> Result<Vec<String>, Unreadable> {
    let items = list(text);
    let is_wrong = |(place, item): &(usize, &String)| {
        !item.starts_with("eipalloc-") || items[..*place].contains(item)
    };
    let wrong = items.iter().enumerate().find(is_wrong).map(|(_, item)| item.clone());
    match wrong {
        None => Ok(items),
        found => Err(Unreadable {
            found,
            allowed: "ids of allocations between commas, each once, such as \
                      eipalloc-0123456789abcdef0"
                .into(),
        }),
    }
}

/// The port of health checks: a load balancer has no names for its own.
pub fn healthcheck_port(text: &str) -> Result<String, Unreadable> {
    if text == TRAFFIC_PORT || port(text).is_ok() {
        Ok(text.to_owned())
    } else {
        Err(format!("{TRAFFIC_PORT}, or a port number from 1 to 65535").into())
    }
}

/// The path of health checks (AWS: at most 1024 characters).
pub fn healthcheck_path(text: &str) -> Result<String, Unreadable> {
    const LENGTH_MAX: usize = 1024;
    if text.starts_with('/') && text.len() <= LENGTH_MAX {
        Ok(text.to_owned())
    } else {
        Err(format!("a path of at most {LENGTH_MAX} characters that starts with /").into())
    }
}

/// The status codes of good health checks (AWS, behind network load balancers: 200 to 599).
pub fn success_codes(text: &str) -> Result<String, Unreadable> {
    let is_code = |code: &str| {
        let is_digits = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
        is_digits && (200..=599).contains(&code.parse().unwrap_or(0))
    };
    let is_good = |item: &str| match item.split_once('-') {
        Some((from, to)) => is_code(from) && is_code(to) && from <= to,
        None => is_code(item),
    };
    if text.split(',').all(is_good) {
        Ok(text.to_owned())
    } else {
        Err("status codes from 200 to 599, such as 200, 200,302 or 200-299".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_lead_to_ports() {
        assert_eq!(port_mapping("80=8080, 443=443"), Ok([(80, 8080), (443, 443)].into()));
        assert_eq!(port_mapping(""), Ok(BTreeMap::new()));
        for bad in ["80", "http=80", "80=0", "65536=80", "80=-1"] {
            assert!(port_mapping(bad).is_err(), "{bad}");
        }
        assert_eq!(port_mapping("80=8080,x=1").unwrap_err().found.as_deref(), Some("x=1"));
    }

    #[test]
    fn allocations_are_named_once_each() {
        assert_eq!(allocations("eipalloc-1, eipalloc-2").unwrap(), ["eipalloc-1", "eipalloc-2"]);
        for bad in ["eipalloc-1,eipalloc-1", "192.0.2.1", "subnet-1"] {
            assert!(allocations(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn health_checks_of_load_balancers() {
        assert!(healthcheck_port("traffic-port").is_ok() && healthcheck_port("8080").is_ok());
        for bad in ["http", "0", "65536", ""] {
            assert!(healthcheck_port(bad).is_err(), "{bad}");
        }
        for good in ["200", "200,302", "200-399"] {
            assert!(success_codes(good).is_ok(), "{good}");
        }
        for bad in ["", "600", "200-", "ok", "399-200", "0200"] {
            assert!(success_codes(bad).is_err(), "{bad}");
        }
        assert!(healthcheck_path("/healthz").is_ok());
        assert!(healthcheck_path("healthz").is_err());
    }
}
