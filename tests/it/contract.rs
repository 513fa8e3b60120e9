//! The fake keeps the contract that AWS keeps.

use super::support::fake::Fake;
use albedo::aws::Cloud;
use albedo::model::id::AwsId;
use suite::Site;

#[macro_use]
#[path = "contract/suite.rs"]
mod suite;

async fn site() -> Site<Fake> {
    let cloud = Fake::new();
    let certificate =
        |name| AwsId::new(format!("arn:aws:acm:us-east-1:123456789012:certificate/{name}"));
    let certificates = [certificate("one"), certificate("two")];
    cloud.change(|state| state.certificates.extend(certificates.clone()));
    let vpc = cloud.vpc().await.unwrap();
    Site { cloud, vpc, certificates }
}

contract_tests!(site);
contract_tests!(site, EC2 is strict);
