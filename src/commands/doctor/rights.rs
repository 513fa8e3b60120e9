//! What a role may do in AWS, by asking IAM: nothing is tried.

use std::collections::BTreeSet;

use crate::aws::iam::{Simulation, simulate, who};
use crate::aws::{CloudError, Site};
use crate::desired::zone::in_use;
use crate::model::evidence::{Denial, Service};
use crate::model::permission::{Ground, QUESTIONS, Question};
use crate::model::record::HostedZones;
use crate::model::settings::Settings;

/// What IAM does not allow a role, or whoever asks where none is named: of all that the settings
/// have a controller do. `zones` are those whose names it keeps by the same role.
///
/// # Errors
/// Why it could not be asked, for people.
pub async fn denials(
    site: &Site,
    settings: &Settings,
    zones: Option<&HostedZones>,
    role: Option<&str>,
) -> Result<BTreeSet<Denial>, String> {
    let asking = match role {
        Some(role) => role.to_owned(),
        None => who(site).await.map_err(|error| error.to_string())?,
    };
    let principal = principal(&asking)?;
    let used = zones.map(|zones| in_use(&settings.dns, zones).map(|id| id.to_string()));
    let used: Option<Vec<String>> = used.map(Iterator::collect);
    let mut found = BTreeSet::new();
    for question in QUESTIONS {
        let is_due = match question.service {
            Some(Service::Route53) => used.is_some(),
            Some(Service::Wafv2) => settings.protection.wafv2,
            Some(Service::Shield) => settings.protection.shield,
            _ => true,
        };
        if !is_due {
            continue;
        }
        let nowhere = [String::new()];
        let zones = if question.is_of_zone() { used.as_deref() } else { Some(&nowhere[..]) };
        let mut denied: Option<BTreeSet<Denial>> = None;
        for zone in zones.into_iter().flatten() {
            let ground = ground(&principal, settings, zone);
            let here = ask(site, &principal, question, &ground).await;
            let here = here.map_err(|error| reason(&error, &principal))?;
            // A role that may change one zone of several may well be meant to.
            denied = Some(denied.map_or_else(|| here.clone(), |all| &all & &here));
        }
        found.extend(denied.into_iter().flatten());
    }
    Ok(found)
}

/// What IAM knows of whoever asks: the role of a session, or a user.
fn principal(arn: &str) -> Result<String, String> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let &[_, partition, service, _, account, resource] = &parts[..] else {
        return Err(format!("{arn} is no ARN"));
    };
    let mut names = resource.split('/');
    match (service, names.next(), names.next()) {
        ("iam", Some("role" | "user"), Some(_)) => Ok(arn.to_owned()),
        ("sts", Some("assumed-role"), Some(role)) => {
            Ok(format!("arn:{partition}:iam::{account}:role/{role}"))
        }
        _ => Err(format!("{arn} is neither a role nor a user; --role-arn names one")),
    }
}

fn ground(principal: &str, settings: &Settings, zone: &str) -> Ground {
    let part = |number| principal.split(':').nth(number).unwrap_or_default().to_owned();
    Ground {
        partition: part(1),
        region: settings.place.region.clone(),
        account: part(4),
        vpc: settings.vpc.to_string(),
        cluster: settings.cluster_named.clone(),
        tag: settings.cluster.clone(),
        zone: zone.to_owned(),
    }
}

async fn ask(
    site: &Site,
    principal: &str,
    question: &Question,
    ground: &Ground,
) -> Result<BTreeSet<Denial>, CloudError> {
    let asked = Simulation {
        principal,
        actions: question.actions,
        resource: &question.resource(ground),
        circumstances: &question.circumstances(ground),
    };
    let decisions = simulate(site, &asked).await?;
    let denied = decisions.into_iter().filter(|decision| !decision.allowed);
    let denied = denied.map(|decision| Denial {
        service: question.service,
        action: decision.action,
        unknown: Question::unknown(decision.missing),
    });
    Ok(denied.collect())
}

/// Why IAM did not say, and what a person does who wants to know.
fn reason(error: &CloudError, principal: &str) -> String {
    match error.code.as_str() {
        "AccessDenied" => format!(
            "{error}; whoever runs this needs iam:SimulatePrincipalPolicy on {principal} \
             (docs/doctor.md)"
        ),
        // A session does not say in which path its role lies.
        "NoSuchEntity" => format!("{error}; --role-arn names the role with its path"),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_asked_about_as_its_role_and_who_is_neither_not_at_all() {
        let role = "arn:aws-cn:iam::123456789012:role/albedo";
        let session = "arn:aws-cn:sts::123456789012:assumed-role/albedo/eks-demo-1";
        let path = "arn:aws:iam::123456789012:role/eks/albedo";
        assert_eq!(principal(session).as_deref(), Ok(role));
        assert_eq!(principal(path).as_deref(), Ok(path));
        for other in ["arn:aws:iam::123456789012:root", "albedo", "arn:aws:iam::1:role"] {
            assert!(principal(other).is_err(), "{other}");
        }
    }
}
