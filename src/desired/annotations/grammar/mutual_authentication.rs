//! How clients are asked for certificates of theirs.

use std::collections::BTreeMap;

use super::Unreadable;
use super::json::{self, Fields, Noted};
use crate::model::id::AwsId;
use crate::model::listener::MutualAuthentication;

/// Whether clients show certificates, by port; a trust store may be named in place of its ARN.
pub fn mutual_authentication(
    text: &str,
) -> Result<Noted<BTreeMap<u16, MutualAuthentication>>, Unreadable> {
    json::read(text, |place, ignored| {
        let entries = place.list()?;
        if entries.is_empty() {
            return Err(place.wrong("an array of objects with port and mode"));
        }
        let each = entries.into_iter().map(|place| entry(place.object()?, ignored));
        each.collect()
    })
}

/// One port. Of two entries for the same port the later one counts (LBC).
fn entry(
    mut fields: Fields<'_>,
    ignored: &mut Vec<String>,
) -> Result<(u16, MutualAuthentication), Unreadable> {
    let port = fields.take("port", ignored);
    let port = port.map(|port| port.integer(1, u16::MAX.into())).transpose()?;
    let port = port.and_then(|port| u16::try_from(port).ok());
    let port = port.ok_or_else(|| fields.place.wrong("a port from 1 to 65535"))?;
    let mode = fields.required("mode", ignored)?;
    let trust_store = fields.text("trustStore", ignored)?.filter(|text| !text.is_empty());
    let expiry = fields.take("ignoreClientCertificateExpiry", ignored);
    let expiry = expiry.map(|place| place.truth()).transpose()?;
    let advertises = fields.text("advertiseTrustStoreCaNames", ignored)?;
    let asked = match (mode.as_str(), trust_store) {
        ("verify", None) => {
            return Err(fields.place.wrong("a trustStore with mode verify, by its name or ARN"));
        }
        ("verify", Some(trust_store)) => MutualAuthentication::Verify {
            trust_store: AwsId::new(trust_store),
            ignores_expiry: expiry.unwrap_or_default(),
            advertises: match advertises.as_deref() {
                None | Some("off") => false,
                Some("on") => true,
                Some(_) => return Err(fields.place.wrong("advertiseTrustStoreCaNames on or off")),
            },
        },
        ("off" | "passthrough", trust_store)
            if trust_store.is_some() || expiry.is_some() || advertises.is_some() =>
        {
            return Err(fields.place.wrong(format!("no other field with mode {mode}")));
        }
        ("off", _) => MutualAuthentication::Off,
        ("passthrough", _) => MutualAuthentication::Passthrough,
        _ => return Err(fields.place.wrong("a mode of off, passthrough or verify")),
    };
    fields.finish(ignored);
    Ok((port, asked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_port_has_its_mode() {
        let read = |text: &str| mutual_authentication(text).unwrap();
        let text =
            r#"[{"Port":443,"mode":"verify","trustStore":"mine"},{"port":444,"mode":"off"}]"#;
        let Noted { value, ignored } = read(text);
        let verify = MutualAuthentication::Verify {
            trust_store: AwsId::new("mine"),
            ignores_expiry: false,
            advertises: false,
        };
        assert_eq!(value, [(443, verify), (444, MutualAuthentication::Off)].into());
        assert_eq!(ignored, [""; 0]);
        let Noted { value, ignored } =
            read(r#"[{"port":443,"mode":"off"},{"port":443,"mode":"passthrough","more":1}]"#);
        assert_eq!(value, [(443, MutualAuthentication::Passthrough)].into());
        assert_eq!(ignored, ["[1].more, a key that nobody knows"]);
    }

    #[test]
    fn what_does_not_go_together_is_quoted() {
        for (text, allowed) in [
            ("", "JSON"),
            ("{}", "a JSON array"),
            ("[]", "an array of objects with port and mode"),
            (r#"'[{"port": 443, "mode": "passthrough"}]'"#, "JSON"),
            (r#"[{"mode":"off"}]"#, "a port"),
            (r#"[{"port":0,"mode":"off"}]"#, "a whole number"),
            (r#"[{"port":443}]"#, "mode, which is missing"),
            (r#"[{"port":443,"mode":"on"}]"#, "a mode of"),
            (r#"[{"port":443,"mode":"verify"}]"#, "a trustStore"),
            (r#"[{"port":443,"mode":"off","trustStore":"x"}]"#, "no other field"),
            (
                r#"[{"port":443,"mode":"passthrough","ignoreClientCertificateExpiry":false}]"#,
                "no other field",
            ),
            (
                r#"[{"port":443,"mode":"verify","trustStore":"x","advertiseTrustStoreCaNames":"yes"}]"#,
                "on or off",
            ),
        ] {
            let Err(error) = mutual_authentication(text) else { panic!("{text} is read") };
            assert!(error.allowed.contains(allowed), "{text}: {}", error.allowed);
        }
    }
}
