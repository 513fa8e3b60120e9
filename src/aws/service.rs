//! The trait on AWS itself: each part and each action goes to the service whose it is.

use std::pin::pin;

use futures::FutureExt;
use futures::future::{Either, select};

use super::answer::Answer;
use super::call::Call;
use super::error::{CloudError, Kind};
use super::part::{Part, Reading};
use super::sdk::{Sdk, WRITE_MAX};
use super::{Cloud, acm, arn, ec2, elb, route53, shield, wafv2};
use crate::clock;
use crate::model::action::AwsAction;
use crate::model::id::AwsId;
use crate::model::role::Role;

impl Cloud for Sdk {
    async fn read(&self, part: &Part) -> Result<Reading, CloudError> {
        Ok(match part {
            Part::Ec2(part) => Reading::Ec2(ec2::read(self, part).await?),
            Part::Elb(part) => Reading::Elb(elb::read(self, part).await?),
            Part::Acm(part) => Reading::Acm(acm::read(self, part).await?),
            Part::Route53(part) => Reading::Route53(route53::read(self, part).await?),
            Part::Wafv2(part) => Reading::Wafv2(wafv2::read(self, part).await?),
            Part::Shield(part) => Reading::Shield(shield::read(self, part).await?),
            Part::Tags(ids) => {
                let (certificates, others): (Vec<AwsId>, Vec<AwsId>) =
                    ids.iter().cloned().partition(|id| arn::is(id, arn::CERTIFICATE));
                let mut found = elb::tag::list(self, &others).boxed().await?;
                found.extend(acm::certificate::tags(self, &certificates).boxed().await?);
                Reading::Tags(found)
            }
        })
    }

    async fn turn(&self, action: &AwsAction) {
        let (service, operation) = action.operation();
        self.turns.wait(&format!("{service}.{operation}")).await;
    }

    fn assume(&self, role: &Role, session: &str) -> Option<Self> {
        self.by_role(role, session)
    }

    async fn perform(&self, action: &AwsAction) -> Result<Answer, CloudError> {
        let (service, operation) = action.operation();
        let call = Call { sdk: self, operation: format!("{service}.{operation}") };
        let request = match action {
            AwsAction::Elb(action) => elb::perform(&call, action),
            AwsAction::Ec2(action) => ec2::perform(&call, action),
            AwsAction::Acm(action) => acm::perform(&call, action),
            AwsAction::Route53(action) => route53::perform(&call, action),
            AwsAction::Wafv2(action) => wafv2::perform(&call, action),
            AwsAction::Shield(action) => shield::perform(&call, action),
        };
        match select(request, pin!(clock::sleep(WRITE_MAX))).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => Err(CloudError {
                kind: Kind::Transient,
                operation: call.operation.clone(),
                code: String::new(),
                message: format!("no answer within {} s", WRITE_MAX.as_secs()),
            }),
        }
    }
}
