//! LBC's flags that are none of ours: accepted wherever they ask for what is done here anyway.

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::spelling;

/// A flag of another controller's that is none of ours.
#[derive(Clone, Copy, Debug)]
pub struct ForeignFlag {
    /// Its name.
    pub name: &'static str,
    /// What its values are.
    pub value: Value,
    /// What it does here.
    pub effect: Effect,
}

/// What the values of a flag are.
#[derive(Clone, Copy, Debug)]
pub enum Value {
    /// A truth value.
    Boolean,
    /// A whole number.
    Integer,
    /// A duration.
    Duration,
    /// Any text.
    Text,
    /// Any text, each time.
    List,
}

/// What such a flag does here.
#[derive(Clone, Copy, Debug)]
pub enum Effect {
    /// Nothing, whatever its value: why.
    Nothing(&'static str),
    /// Nothing with this value, which is the other controller's default, or what is done here; any
    /// other one stops the start: why.
    Only(&'static str, &'static str),
}

impl Effect {
    /// Why it is so.
    #[must_use]
    pub fn why(&self) -> &'static str {
        match self {
            Self::Nothing(why) | Self::Only(_, why) => why,
        }
    }
}

use Effect::{Nothing, Only};
use Value::{Boolean, Duration, Integer, List, Text};

const GATES: &str = "readiness gates that pods have are opened here, and --readiness-gate-webhook, \
                     which is off where nobody asks for it, puts them there";
const WEBHOOKS: &str = "--readiness-gate-webhook is the only one here, and makes its certificates";
const SERVICES: &str = "Services of type LoadBalancer are not served here";
const GATEWAYS: &str = "Gateways are not served here";
const ACCELERATORS: &str = "global accelerators are not served here";
const PACE: &str = "what has to be looked at again is looked at again at its own pace";

pub(super) const fn flag(name: &'static str, value: Value, effect: Effect) -> ForeignFlag {
    ForeignFlag { name, value, effect }
}

/// LBC's flags that are none of ours, by name.
pub const FLAGS: &[ForeignFlag] = &[
    flag("alb-gateway-max-concurrent-reconciles", Integer, Nothing(GATEWAYS)),
    flag("aws-vpc-cache-ttl", Duration, Nothing("LBC does not read it either")),
    flag("aws-vpc-tag-key", Text, Nothing("all tags of --aws-vpc-tags count, as with LBC")),
    flag(
        "enable-endpoint-slices",
        Boolean,
        Only("true", "endpoints are those of EndpointSlices here"),
    ),
    flag("enable-pod-readiness-gate-inject", Boolean, Nothing(GATES)),
    flag("gateway-class-max-concurrent-reconciles", Integer, Nothing(GATEWAYS)),
    flag("globalaccelerator-max-concurrent-reconciles", Integer, Nothing(ACCELERATORS)),
    flag("globalaccelerator-max-exponential-backoff-delay", Duration, Nothing(ACCELERATORS)),
    flag("kube-ca-pem-filepath", Text, Nothing(WEBHOOKS)),
    flag("lb-stabilization-monitor-interval", Duration, Nothing(PACE)),
    flag("load-balancer-class", Text, Nothing(SERVICES)),
    flag("nlb-gateway-max-concurrent-reconciles", Integer, Nothing(GATEWAYS)),
    flag("quic-environment-variable-name", Text, Nothing("QUIC is not served here")),
    flag(
        "required-secrets-label",
        Text,
        Only("", "which Secrets are read is for Roles to say here"),
    ),
    flag("service-max-concurrent-reconciles", Integer, Nothing(SERVICES)),
    flag("targetgroupbinding-max-exponential-backoff-delay", Duration, Nothing(PACE)),
    flag("targetgroupbinding-requeue-duration", Duration, Nothing(PACE)),
    flag("webhook-bind-port", Integer, Nothing(WEBHOOKS)),
    flag("webhook-cert-dir", Text, Nothing(WEBHOOKS)),
    flag("webhook-cert-file", Text, Nothing(WEBHOOKS)),
    flag("webhook-key-file", Text, Nothing(WEBHOOKS)),
];

/// A command that accepts such flags.
pub(super) fn accepting(mut command: Command, flags: &[ForeignFlag]) -> Command {
    for ForeignFlag { name, value, .. } in flags {
        let arg = Arg::new(*name).long(*name).hide(true).action(ArgAction::Append);
        command = command.arg(match value {
            Boolean => arg.num_args(0..=1).default_missing_value("true"),
            Integer | Duration | Text | List => arg.num_args(1).allow_hyphen_values(true),
        });
    }
    command
}

/// What is to be said of those that a command line gives.
///
/// # Errors
/// One whose value cannot be read, or asks for what this version does not do.
pub(super) fn judge(
    command: &Command,
    given: &ArgMatches,
    flags: &[ForeignFlag],
) -> Result<Vec<String>, clap::Error> {
    let mut notes = Vec::new();
    for flag in flags {
        if given.value_source(flag.name) != Some(ValueSource::CommandLine) {
            continue;
        }
        let values = || given.get_many::<String>(flag.name).into_iter().flatten();
        let strange = |value: &&String| match (flag.value, flag.effect) {
            (List, Only(wanted, _)) => *value != wanted,
            _ => false,
        };
        let Some(value) = values().find(strange).or(values().last()) else { continue };
        let wrong = |why: String| {
            let text = format!("invalid value '{value}' for '--{}': {why}", flag.name);
            command.clone().error(ErrorKind::InvalidValue, text)
        };
        let meant = flag.value.canonical(value).map_err(&wrong)?;
        match flag.effect {
            Nothing(why) => notes.push(format!("--{} changes nothing: {why}", flag.name)),
            Only(default, _) if meant == default => {}
            Only(_, why) => {
                let asks = "it asks for what this version does not do";
                return Err(wrong(format!("{asks}: {why}")));
            }
        }
    }
    Ok(notes)
}

impl Value {
    /// The one spelling of a value.
    fn canonical(self, text: &str) -> Result<String, String> {
        match self {
            Boolean => spelling::boolean(text).map(|value| value.to_string()),
            Integer => spelling::integer(text).map(|value| value.to_string()),
            Duration => {
                let span: Result<jiff::SignedDuration, _> = text.parse();
                let is_zero = text == "0";
                let meant = span.map(|span| span.to_string());
                let expected = "expected a duration such as 10h, 30m or 90s".to_owned();
                if is_zero { Ok("0s".to_owned()) } else { meant.map_err(|_| expected) }
            }
            Text | List => Ok(text.to_owned()),
        }
    }
}
