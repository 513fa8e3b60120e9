//! How we speak to AWS: in AWS Load Balancer Controller's words, and how patiently.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::process::Command;
use std::time::Duration;

use albedo::aws::{
    Cloud, CloudError, ElbPart, ElbReading, Kind, Part, Reading, Sdk, WRITE_MAX, configure,
};
use albedo::model::action::{AwsAction, Ec2Action, ElbAction};
use albedo::model::id::{AwsId, Id};
use albedo::model::record::HostedZone;
use albedo::model::role::Role;
use albedo::model::security::Peer;
use albedo::model::target::Target;
use aws_sdk_ec2::config::{Credentials, SharedCredentialsProvider};
use serde_json::{Value, json};

use super::contract::suite::{Looks as _, Site, wishes};
use super::support::localstack::{self, Account};

/// Far more than a refused connection takes, and far less than the SDK's own attempts would.
const AT_ONCE: Duration = Duration::from_secs(5);

async fn site() -> (Account, Site<Sdk>) {
    let account = localstack::account();
    let config = account.config().await;
    let cloud = Sdk::new(&config, localstack::only_vpc(&config).await);
    let vpc = cloud.vpc().await.unwrap();
    let certificates = [AwsId::new("unused"), AwsId::new("unused")];
    let (id, name) = (AwsId::new("unused"), "unused.example.com".to_owned());
    let zone = HostedZone { id, name, is_private: false };
    let web_acls = [AwsId::new("unused"), AwsId::new("unused")];
    (account, Site { cloud, vpc, certificates, zone, web_acls, activate: |_| {} })
}

/// The HTTP statuses that an operation was answered with.
async fn statuses(account: &Account, name: &str) -> Vec<u16> {
    let calls = account.calls().await;
    calls.iter().filter(|call| call.name() == name).map(|call| call.status).collect()
}

/// The requests made since the log was forgotten, in their order.
async fn requests(account: &Account) -> Vec<Value> {
    let calls = account.calls().await;
    let errors: Vec<_> = calls.iter().filter_map(|call| call.error.as_ref()).collect();
    assert_eq!(errors, Vec::<&String>::new());
    calls.into_iter().map(|call| call.params).collect()
}

/// The words are those of the observed case V01 and, for `ModifyRule`, V21.
#[tokio::test]
async fn writes_are_worded_as_lbc_words_them() {
    let (account, site) = site().await;
    account.forget_calls().await;
    let vpc = site.vpc.id.as_str();
    let made_by = json!([{ "Key": "made-by", "Value": "contract" }]);
    let front = wishes::made(&site, wishes::security_group(&site, "front")).await;
    let rules = [wishes::ingress(80, Peer::Cidr("0.0.0.0/0".to_owned()))].into();
    let (group, description) = (Id::Is(front.clone()), String::new());
    wishes::done(&site, AwsAction::Ec2(Ec2Action::AuthorizeIngress { group, rules, description }))
        .await;
    let group = wishes::target_group(wishes::target_group_spec(&site, "group"));
    let group = wishes::made(&site, group).await;
    let spec = wishes::load_balancer_spec(&site, "balancer", &front);
    let subnets = spec.subnets.clone();
    let balancer = wishes::made(&site, wishes::load_balancer(spec)).await;
    let listener = wishes::listener(&balancer, 80, wishes::http_spec());
    let listener = wishes::made(&site, listener).await;
    let spec = wishes::rule_spec("a.example.com", wishes::forward(&group));
    let rule = wishes::made(&site, wishes::rule(&listener, 1, spec.clone())).await;
    wishes::done(&site, AwsAction::Elb(ElbAction::ModifyRule { id: rule.clone(), spec })).await;
    let actions = json!([{
        "ForwardConfig": { "TargetGroups": [{ "TargetGroupArn": group.as_str() }] },
        "Order": 1, "Type": "forward",
    }]);
    let conditions = json!([
        { "Field": "host-header", "HostHeaderConfig": { "Values": ["a.example.com"] } },
        { "Field": "path-pattern", "PathPatternConfig": { "Values": ["/*"] } },
    ]);
    let expected = [
        json!({
            "Description": "for a check", "GroupName": "front", "VpcId": vpc,
            "TagSpecifications": [{ "ResourceType": "security-group", "Tags": made_by }],
        }),
        json!({
            "GroupId": front.as_str(),
            "IpPermissions": [{
                "FromPort": 80, "IpProtocol": "tcp", "ToPort": 80,
                "IpRanges": [{ "CidrIp": "0.0.0.0/0", "Description": "" }],
            }],
        }),
        json!({
            "HealthCheckEnabled": true, "HealthCheckIntervalSeconds": 15, "HealthCheckPath": "/",
            "HealthCheckPort": "traffic-port", "HealthCheckProtocol": "HTTP",
            "HealthCheckTimeoutSeconds": 5, "HealthyThresholdCount": 2, "UnhealthyThresholdCount": 2,
            "Matcher": { "HttpCode": "200" }, "Name": "group", "Port": 8080, "Protocol": "HTTP",
            "ProtocolVersion": "HTTP1", "TargetType": "ip", "VpcId": vpc, "Tags": made_by,
        }),
        json!({
            "IpAddressType": "ipv4", "Name": "balancer", "Scheme": "internet-facing",
            "SecurityGroups": [front.as_str()], "Tags": made_by, "Type": "application",
            "SubnetMappings": [{ "SubnetId": subnets[0] }, { "SubnetId": subnets[1] }],
        }),
        json!({
            "DefaultActions": [{
                "FixedResponseConfig": { "ContentType": "text/plain", "StatusCode": "404" },
                "Order": 1, "Type": "fixed-response",
            }],
            "LoadBalancerArn": balancer.as_str(), "Port": 80, "Protocol": "HTTP", "Tags": made_by,
        }),
        json!({
            "Actions": actions, "Conditions": conditions, "ListenerArn": listener.as_str(),
            "Priority": 1, "Tags": made_by,
        }),
        json!({
            "Actions": actions, "Conditions": conditions, "ResetTransforms": true,
            "RuleArn": rule.as_str(),
        }),
    ];
    assert_eq!(requests(&account).await, expected);
}

#[tokio::test]
async fn a_throttled_call_is_tried_again() {
    let (account, site) = site().await;
    let name = "elbv2.DescribeLoadBalancers";
    let fault = json!({ "match": name, "times": 1, "code": "Throttling" });
    account.ask("POST", "faults", Some(fault)).await;
    assert_eq!(site.cloud.load_balancers().await, Ok(Vec::new()));
    assert_eq!(statuses(&account, name).await, [400, 200]);
}

#[tokio::test]
async fn a_refused_call_is_not_tried_again() {
    let (account, site) = site().await;
    let name = "elbv2.DescribeTargetGroups";
    let fault = json!({ "match": name, "code": "AccessDenied", "status": 403, "message": "no" });
    account.ask("POST", "faults", Some(fault)).await;
    let expected = CloudError {
        kind: Kind::Refused,
        operation: name.to_owned(),
        code: "AccessDenied".to_owned(),
        message: "no".to_owned(),
    };
    assert_eq!(site.cloud.target_groups().await, Err(expected));
    assert_eq!(statuses(&account, name).await, [403]);
}

#[tokio::test]
async fn a_lost_reply_makes_nothing_twice() {
    let (account, site) = site().await;
    let name = "elbv2.CreateTargetGroup";
    let fault = json!({ "match": name, "times": 1, "after": true, "drop": true });
    account.ask("POST", "faults", Some(fault)).await;
    let action = wishes::target_group(wishes::target_group_spec(&site, "once"));
    let made = site.cloud.perform(&action).await.unwrap();
    let stand = site.cloud.target_groups().await.unwrap();
    assert_eq!(stand.iter().map(|live| &live.id).collect::<Vec<_>>(), [made.id().unwrap()]);
    // The SDK asked again, and AWS answered with what stood.
    assert_eq!(account.counts().await.get(name), Some(&2));
}

#[tokio::test]
async fn a_write_that_is_not_answered_is_given_up_while_its_writer_may_still_write() {
    let (account, site) = site().await;
    let name = "ec2.CreateSecurityGroup";
    account.ask("POST", "faults", Some(json!({ "match": name, "latency": 30 }))).await;
    let action = wishes::security_group(&site, "slow");
    let patience = WRITE_MAX + Duration::from_secs(1);
    let answer = tokio::time::timeout(patience, site.cloud.perform(&action)).await;
    let error = answer.expect("in time").unwrap_err();
    let text = format!("{name}: no answer within {} s", WRITE_MAX.as_secs());
    assert_eq!((error.kind, error.to_string()), (Kind::Transient, text));
}

#[tokio::test]
async fn an_answer_of_several_pages_is_read_whole() {
    let (account, site) = site().await;
    // One more than a page holds.
    for n in 0..401 {
        let action = wishes::target_group(wishes::target_group_spec(&site, &format!("g{n}")));
        wishes::made(&site, action).await;
    }
    account.forget_calls().await;
    assert_eq!(site.cloud.target_groups().await.unwrap().len(), 401);
    assert_eq!(account.counts().await.get("elbv2.DescribeTargetGroups"), Some(&2));
}

#[tokio::test]
async fn an_endpoint_that_nobody_listens_at_is_told_at_once() {
    // The discard port, where nobody listens on this machine.
    let config = configure(Some("us-east-1"), Some("http://127.0.0.1:9")).await;
    let credentials = Credentials::new("123456789012", "test", None, None, "test");
    let provider = SharedCredentialsProvider::new(credentials);
    let config = config.into_builder().credentials_provider(provider).build();
    let cloud = Sdk::new(&config, AwsId::new("vpc-1"));
    let answer = tokio::time::timeout(AT_ONCE, cloud.load_balancers()).await;
    let error = answer.expect("at once").unwrap_err();
    let text = "elbv2.DescribeLoadBalancers: no answer: tcp connect error: \
                Connection refused (os error 111)";
    assert_eq!((error.kind, error.to_string().as_str()), (Kind::Transient, text));
}

/// Makes a role whose account lets another one look after its target groups, if that gives an id.
/// Answers with its ARN.
fn role_for(account: &Account, trusted: &Account) -> String {
    let script = "
import boto3, json, sys
allow = {'Effect': 'Allow'}
trust = allow | {
    'Action': 'sts:AssumeRole', 'Principal': {'AWS': f'arn:aws:iam::{sys.argv[1]}:root'},
    'Condition': {'StringEquals': {'sts:ExternalId': 'team-7'}},
}
document = lambda statement: json.dumps({'Version': '2012-10-17', 'Statement': [statement]})
iam = boto3.client('iam', region_name='us-east-1')
role = iam.create_role(
    Path='/elbv2.k8s.aws/', RoleName='targets', AssumeRolePolicyDocument=document(trust)
)
rights = allow | {'Action': ['elasticloadbalancing:*', 'ec2:Describe*'], 'Resource': '*'}
iam.put_role_policy(RoleName='targets', PolicyName='targets', PolicyDocument=document(rights))
print(role['Role']['Arn'])
";
    let mut command = Command::new(account.python());
    let output = command.args(["-c", script, &trusted.id]).envs(account.env()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn target_groups_of_another_account_are_looked_after_by_its_role() {
    let ((account, site), (other, theirs)) = (site().await, site().await);
    let group = wishes::target_group(wishes::target_group_spec(&theirs, "group"));
    let group = wishes::made(&theirs, group).await;
    let target = Target { id: "172.31.0.9".into(), port: 8080, availability_zone: None };
    let target_group = Id::Is(group.clone());
    let action = ElbAction::RegisterTargets { target_group, targets: vec![target.clone()] };
    let action = AwsAction::Elb(action);
    site.cloud.perform(&action).await.unwrap_err();
    let external_id = Some("team-7".to_owned());
    let role = Role { arn: role_for(&other, &account), external_id };
    let stranger = Role { external_id: None, ..role.clone() };
    let error = site.cloud.assume(&stranger, "AWS-LBC-demo").unwrap().perform(&action).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("not authorized to perform: sts:AssumeRole"), "{error}");
    other.forget_calls().await;
    let assumed = site.cloud.assume(&role, "AWS-LBC-demo").unwrap();
    for _ in 0..2 {
        assumed.perform(&action).await.unwrap();
    }
    let part = Part::Elb(ElbPart::Targets(group));
    let Reading::Elb(ElbReading::Targets(_, found)) = assumed.read(&part).await.unwrap() else {
        panic!("of another part");
    };
    assert_eq!(found.into_iter().map(|live| live.target).collect::<Vec<_>>(), [target]);
    let sessions = account.counts().await.get("sts.AssumeRole").copied().unwrap_or_default();
    let there = other.counts().await.get("sts.AssumeRole").copied().unwrap_or_default();
    // The stranger's too.
    assert!((1..=2).contains(&(sessions + there)), "one session for all calls");
}
