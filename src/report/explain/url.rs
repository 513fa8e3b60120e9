//! What a person asks about: a URL, as far as load balancers look at it.

use std::fmt;
use std::str::FromStr;

use crate::model::listener::Protocol;
use crate::model::rule::Request;

/// A URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// Its scheme.
    pub protocol: Protocol,
    /// Its host, in lower case.
    pub host: String,
    /// Its port, or that of the scheme.
    pub port: u16,
    /// Its path and query.
    pub target: String,
}

impl Protocol {
    /// The port of URLs that name none.
    fn port(self) -> u16 {
        match self {
            Self::Http | Self::Tcp => 80,
            Self::Https => 443,
        }
    }
}

impl FromStr for Url {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let allowed = || format!("{text:?} is no URL such as https://app.example.com/path");
        let (scheme, rest) = text.split_once("://").ok_or_else(allowed)?;
        let protocol = match scheme.to_ascii_lowercase().as_str() {
            "http" => Protocol::Http,
            "https" => Protocol::Https,
            _ => return Err(allowed()),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let target = target.split('#').next().unwrap_or_default();
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| allowed())?),
            None => (authority, protocol.port()),
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        if host.is_empty() || !host.chars().all(is_name) {
            return Err(allowed());
        }
        Ok(Self { protocol, host: host.to_ascii_lowercase(), port, target })
    }
}

impl Url {
    /// What a browser asks for there.
    #[must_use]
    pub fn request(&self) -> Request {
        Request::get(&self.authority(), &self.target)
    }

    fn authority(&self) -> String {
        if self.port == self.protocol.port() {
            self.host.clone()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.protocol.as_str().to_ascii_lowercase();
        write!(f, "{scheme}://{}{}", self.authority(), self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_as_browsers_read_them() {
        for (text, expected) in [
            ("https://A.example.com", "https://a.example.com/"),
            ("http://a.b:8080/x?y=1#z", "http://a.b:8080/x?y=1"),
            ("HTTPS://a.b:443?x", "https://a.b/?x"),
        ] {
            assert_eq!(text.parse::<Url>().map(|url| url.to_string()).as_deref(), Ok(expected));
        }
        for text in
            ["a.b/x", "ftp://a.b", "https://", "https://a b/", "http://a.b:x/", "http://:80"]
        {
            assert!(text.parse::<Url>().is_err(), "{text}");
        }
        let url: Url = "http://a.b:8080/x?y=1".parse().unwrap();
        assert_eq!(url.request(), Request::get("a.b:8080", "/x?y=1"));
    }
}
