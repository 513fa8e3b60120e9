//! External-dns's flags that are none of ours, so that its arguments can be taken over: accepted
//! wherever they ask for what is done here anyway.

use super::lbc::Effect::{Nothing, Only};
use super::lbc::ForeignFlag;
use super::lbc::Value::{Boolean, Duration, Integer, List, Text};
use super::lbc::flag;

const PACE: &str = "what has to be looked at again is looked at again at its own pace";
const CACHES: &str = "what is known of Route 53 is kept, and read again where it is in doubt";
const ACCOUNT: &str =
    "zones of one account are kept: the controller's own, or that of --aws-assume-role";
const TEMPLATES: &str = "external-dns does not use it of Ingresses either";
const SERVICES: &str = "names of Services are not kept here";

/// External-dns's flags that are none of ours, by name.
pub const FLAGS: &[ForeignFlag] = &[
    flag("aws-api-retries", Integer, Nothing(PACE)),
    flag("aws-profile", Text, Only("", ACCOUNT)),
    flag("aws-zones-cache-duration", Duration, Nothing(CACHES)),
    flag("create-ptr", Boolean, Only("false", "PTR records are not kept here")),
    flag("dry-run", Boolean, Only("false", "albedo plan shows what would be done")),
    flag("events", Boolean, Nothing("every change is looked at as it happens")),
    flag("events-emit", List, Nothing("Events say what is wrong, and nothing of what is done")),
    flag("fqdn-target-template", List, Nothing(TEMPLATES)),
    flag("interval", Duration, Nothing(PACE)),
    flag("min-event-sync-interval", Duration, Nothing(PACE)),
    flag("namespace", Text, Only("", "--watch-namespace says so here")),
    flag("once", Boolean, Only("false", "albedo plan looks once")),
    flag("provider", Text, Only("aws", "names are kept in Route 53 only")),
    flag("provider-cache-time", Duration, Nothing(CACHES)),
    flag("publish-host-ip", Boolean, Nothing(SERVICES)),
    flag("publish-internal-services", Boolean, Nothing(SERVICES)),
    flag("registry", Text, Only("txt", "owners are told by TXT records only")),
    flag("source", List, Only("ingress", "names are those of Ingresses only")),
    flag("target-template", List, Nothing(TEMPLATES)),
    flag("txt-cache-interval", Duration, Nothing(CACHES)),
    flag(
        "txt-new-format-only",
        Boolean,
        Nothing("every form is read, and the present one written"),
    ),
];
