//! Another account: what is there is looked after by its roles.

use albedo::aws::{CloudError, ElbPart, Kind, Part};
use albedo::model::action::{AwsAction, ElbAction};
use albedo::model::id::AwsId;
use albedo::model::role::Role;

use super::Fake;

/// The account of everybody else.
pub const OTHER_ACCOUNT: &str = "999999999999";

/// Whose calls these are.
#[derive(Clone)]
pub struct Session {
    pub role: Role,
    pub name: String,
}

impl Fake {
    /// From now on a role lets whoever gives this id look after what its account has.
    pub fn trust(&self, role: &str, external_id: &str) {
        self.lock().trusted.insert(role.to_owned(), external_id.to_owned());
    }

    /// The names of the sessions in which calls were made, by the role's ARN.
    pub fn sessions(&self) -> Vec<(String, String)> {
        self.lock().sessions.iter().cloned().collect()
    }

    pub(super) fn may_read(&self, part: &Part) -> Result<(), CloudError> {
        match part {
            Part::Elb(
                ElbPart::Targets(id) | ElbPart::Traits(id) | ElbPart::TargetGroupTags(id),
            ) => self.may(id),
            _ => Ok(()),
        }
    }

    pub(super) fn may_perform(&self, action: &AwsAction) -> Result<(), CloudError> {
        match action {
            AwsAction::Elb(ElbAction::RegisterTargets { target_group, .. }) => {
                target_group.given().map_or(Ok(()), |id| self.may(id))
            }
            AwsAction::Elb(ElbAction::DeregisterTargets { target_group, .. }) => {
                self.may(target_group)
            }
            _ => Ok(()),
        }
    }

    /// Whether something may be used: of each account by its own people.
    fn may(&self, id: &AwsId) -> Result<(), CloudError> {
        let is_others = id.as_str().split(':').nth(4) == Some(OTHER_ACCOUNT);
        let refused = |code: &str| {
            Err(CloudError {
                kind: Kind::Refused,
                operation: "elbv2.Call".to_owned(),
                code: code.to_owned(),
                message: "no".to_owned(),
            })
        };
        let mut shared = self.lock();
        match &self.session {
            None if is_others => refused("TargetGroupNotFound"),
            Some(session) if !is_others => refused(&format!("NotOf{}", session.role.arn)),
            Some(Session { role, name }) => {
                if shared.trusted.get(&role.arn) != role.external_id.as_ref() {
                    return refused("AccessDenied");
                }
                shared.sessions.insert((role.arn.clone(), name.clone()));
                Ok(())
            }
            None => Ok(()),
        }
    }
}
