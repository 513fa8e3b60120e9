//! What an Ingress asks to happen to requests: `actions.<name>`.

use super::Unreadable;
use super::json::{self, Fields, Noted, Place};
use crate::model::binding::PortRef;
use crate::model::id::AwsId;
use crate::model::rule::{GroupStickiness, Redirect, RuleAction};

/// The heaviest weight of a target group (AWS).
const WEIGHT_MAX: i32 = 999;
/// The most seconds for which a client stays with a target group (AWS: a week).
const STICKY_SECONDS_MAX: i32 = 604_800;
/// The most target groups of one action (AWS).
const GROUPS_MAX: usize = 5;
/// The longest host or path of a redirect (AWS), and the longest query.
const REDIRECT_LENGTH_MAX: usize = 128;
/// The longest body of a fixed answer (AWS).
const BODY_LENGTH_MAX: usize = 1024;
/// What a fixed answer may be (AWS).
const CONTENT_TYPES: [&str; 5] =
    ["text/plain", "text/css", "text/html", "application/javascript", "application/json"];

/// What happens to requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// They go to targets.
    Forward {
        /// Where to, each with its share.
        destinations: Vec<(Destination, Option<i32>)>,
        /// Whether a client stays where it went first.
        stickiness: Option<GroupStickiness>,
    },
    /// The load balancer sees to them itself.
    Itself(RuleAction),
}

/// Where requests go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// To a Service of the Ingress's namespace.
    Service(String, PortRef),
    /// To a target group that somebody else made.
    TargetGroup(AwsId),
    /// To one by its name.
    Named(String),
    /// To what stands in the place of one's ARN and is none.
    Unmeant(String),
}

/// Reads an action.
pub fn action(text: &str) -> Result<Noted<Asked>, Unreadable> {
    json::read(text, |place, ignored| {
        let mut fields = place.object()?;
        let kind = fields.text("type", ignored)?;
        let asked = match kind.as_deref() {
            Some("forward") => forward(&mut fields, ignored)?,
            Some("redirect") => Asked::Itself(redirect(&mut fields, ignored)?),
            Some("fixed-response") => Asked::Itself(fixed_response(&mut fields, ignored)?),
            Some(_) | None => {
                return Err(fields.place.wrong("a type of forward, redirect or fixed-response"));
            }
        };
        fields.finish(ignored);
        Ok(asked)
    })
}

fn forward(fields: &mut Fields<'_>, ignored: &mut Vec<String>) -> Result<Asked, Unreadable> {
    let simple = target_group(fields, ignored)?;
    let config = fields.take("forwardConfig", ignored);
    let (destinations, stickiness) = match (simple, config) {
        (Some(destination), None) => (vec![(destination, None)], None),
        (None, Some(config)) => forward_config(config, ignored)?,
        (Some(_), Some(_)) => {
            let allowed = "either forwardConfig or one of targetGroupARN and targetGroupName";
            return Err(fields.place.wrong(allowed));
        }
        (None, None) => {
            let allowed = "forwardConfig, targetGroupARN or targetGroupName, which are missing";
            return Err(fields.place.wrong(allowed));
        }
    };
    Ok(Asked::Forward { destinations, stickiness })
}

/// A target group by its ARN, which goes over its name (LBC).
fn target_group(
    fields: &mut Fields<'_>,
    ignored: &mut Vec<String>,
) -> Result<Option<Destination>, Unreadable> {
    let arn = fields.take("targetGroupARN", ignored);
    let name = fields.text("targetGroupName", ignored)?;
    match arn {
        None => Ok(name.map(Destination::Named)),
        Some(arn) => {
            let text = arn.text()?;
            let is_arn = text.starts_with("arn:") && text.contains(":targetgroup/");
            Ok(Some(if is_arn {
                Destination::TargetGroup(AwsId::new(text))
            } else {
                Destination::Unmeant(text.to_owned())
            }))
        }
    }
}

type Shares = (Vec<(Destination, Option<i32>)>, Option<GroupStickiness>);

fn forward_config(place: Place<'_>, ignored: &mut Vec<String>) -> Result<Shares, Unreadable> {
    let mut fields = place.object()?;
    let groups = fields.take("targetGroups", ignored);
    let groups = groups.map(|groups| groups.list()).transpose()?.unwrap_or_default();
    if groups.is_empty() || groups.len() > GROUPS_MAX {
        return Err(fields.place.wrong(format!("targetGroups with 1 to {GROUPS_MAX} of them")));
    }
    let is_only = groups.len() == 1;
    let mut destinations = Vec::new();
    for group in groups {
        let mut fields = group.object()?;
        let weight = fields.take("weight", ignored);
        let weight = weight.map(|weight| weight.integer(0, WEIGHT_MAX)).transpose()?;
        if weight.is_none() && !is_only {
            return Err(fields.place.wrong("a weight beside other target groups"));
        }
        destinations.push((destination(&mut fields, ignored)?, weight));
        fields.finish(ignored);
    }
    let stickiness = fields.take("targetGroupStickinessConfig", ignored);
    let stickiness = stickiness.map(|place| stickiness_of(place, ignored)).transpose()?;
    fields.finish(ignored);
    Ok((destinations, stickiness))
}

fn destination(
    fields: &mut Fields<'_>,
    ignored: &mut Vec<String>,
) -> Result<Destination, Unreadable> {
    let target_group = target_group(fields, ignored)?;
    let service = fields.text("serviceName", ignored)?;
    let port = fields.take("servicePort", ignored);
    match (service, port, target_group) {
        (Some(service), Some(port), None) => {
            Ok(Destination::Service(service, port_ref(port.integer_or_text()?)))
        }
        (None, _, Some(target_group)) => Ok(target_group),
        (Some(_), None, None) => Err(fields.place.wrong("servicePort, which is missing")),
        (Some(_), _, Some(_)) => {
            let allowed = "either serviceName or one of targetGroupARN and targetGroupName";
            Err(fields.place.wrong(allowed))
        }
        (None, _, None) => {
            Err(fields.place.wrong("serviceName, targetGroupARN or targetGroupName"))
        }
    }
}

/// A port; one that is written as a text of digits is a number (LBC).
fn port_ref(port: Result<i32, &str>) -> PortRef {
    match port {
        Ok(number) => PortRef::Number(number),
        Err(text) => text.parse().map_or_else(|_| PortRef::Name(text.to_owned()), PortRef::Number),
    }
}

fn stickiness_of(
    place: Place<'_>,
    ignored: &mut Vec<String>,
) -> Result<GroupStickiness, Unreadable> {
    let mut fields = place.object()?;
    let enabled = fields.take("enabled", ignored).map(|enabled| enabled.truth()).transpose()?;
    let seconds = fields.take("durationSeconds", ignored);
    let duration_seconds =
        seconds.map(|seconds| seconds.integer(1, STICKY_SECONDS_MAX)).transpose()?;
    if enabled == Some(true) && duration_seconds.is_none() {
        return Err(fields.place.wrong("durationSeconds where enabled is true"));
    }
    fields.finish(ignored);
    Ok(GroupStickiness { enabled, duration_seconds })
}

fn redirect(fields: &mut Fields<'_>, ignored: &mut Vec<String>) -> Result<RuleAction, Unreadable> {
    let mut fields = fields.section("redirectConfig", ignored)?;
    let status_code = fields.required("statusCode", ignored)?;
    if !["HTTP_301", "HTTP_302"].contains(&status_code.as_str()) {
        return Err(fields.place.wrong("a statusCode of HTTP_301 or HTTP_302"));
    }
    let mut part = |name: &str, allowed: &str, is_good: &dyn Fn(&str) -> bool| {
        let Some(place) = fields.take(name, ignored) else { return Ok(None) };
        let text = place.text()?;
        if is_good(text) { Ok(Some(text.to_owned())) } else { Err(place.wrong(allowed)) }
    };
    let is_port = |text: &str| text.parse::<u16>().is_ok_and(|port| port > 0);
    let is_short = |text: &str| text.chars().count() <= REDIRECT_LENGTH_MAX;
    let redirect = Redirect {
        host: part("host", "1 to 128 characters", &|text| !text.is_empty() && is_short(text))?,
        path: part("path", "up to 128 characters, with a / in front", &|text| {
            text.starts_with('/') && is_short(text)
        })?,
        port: part("port", "a port number from 1 to 65535 in quotes, or \"#{port}\"", &|text| {
            text == "#{port}" || is_port(text)
        })?,
        protocol: part("protocol", "HTTP, HTTPS, #{protocol}", &|text| {
            ["HTTP", "HTTPS", "#{protocol}"].contains(&text)
        })?,
        query: part("query", "up to 128 characters", &is_short)?,
        status_code,
    };
    fields.finish(ignored);
    Ok(RuleAction::Redirect(Box::new(redirect)))
}

fn fixed_response(
    fields: &mut Fields<'_>,
    ignored: &mut Vec<String>,
) -> Result<RuleAction, Unreadable> {
    let mut fields = fields.section("fixedResponseConfig", ignored)?;
    let status_code = fields.required("statusCode", ignored)?;
    let digits = status_code.as_bytes();
    let is_code = digits.len() == 3
        && digits.iter().all(u8::is_ascii_digit)
        && matches!(digits.first(), Some(b'2' | b'4' | b'5'));
    if !is_code {
        return Err(fields.place.wrong("a statusCode of 2xx, 4xx or 5xx in quotes"));
    }
    let content_type = fields.text("contentType", ignored)?;
    let is_type = |text: &String| text.is_empty() || CONTENT_TYPES.contains(&text.as_str());
    if !content_type.as_ref().is_none_or(is_type) {
        let types = CONTENT_TYPES.join(", ");
        return Err(fields.place.wrong(format!("a contentType of {types}")));
    }
    let body = fields.text("messageBody", ignored)?;
    if body.as_ref().is_some_and(|body| body.chars().count() > BODY_LENGTH_MAX) {
        let allowed = format!("a messageBody of at most {BODY_LENGTH_MAX} characters");
        return Err(fields.place.wrong(allowed));
    }
    fields.finish(ignored);
    Ok(RuleAction::FixedResponse { status_code, content_type, body })
}
