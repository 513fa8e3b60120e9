"""Sessions of EKS Pod Identity: how a pod gets one is EKS's business, who gets one the role's."""

import uuid
from typing import Any

from ingress_aws.elbv2 import regions
from ingress_aws.iam import caller
from ingress_aws.iam.need import Call
from ingress_aws.iam.needs import needs
from ingress_aws.iam.trust import Applicant
from ingress_aws.sts import sessions

Json = dict[str, Any]

SERVICE = "pods.eks.amazonaws.com"
# What a request names beside the account and the region.
NAMES = ("cluster", "namespace", "service_account", "role")


def begin(body: Json) -> Json:
    """A session for a pod, with the tags that EKS gives it; ValueError says why there is none."""
    wanted = {name: str(body.get(name) or "") for name in ("account", "region", *NAMES)}
    if not all(wanted.values()):
        raise ValueError(f"a pod has account, region, {', '.join(NAMES)}")
    account, region, role_arn = wanted["account"], wanted["region"], wanted["role"]
    role = caller.role_of(role_arn) if role_arn.startswith("arn:") else None
    if role is None:
        raise ValueError(f"there is no role {role_arn!r}")
    tags = _tags(wanted)
    request = {
        "RoleArn": role_arn,
        "RoleSessionName": f"eks-{wanted['cluster']}-{wanted['service_account']}"[:64],
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        "TransitiveTagKeys": list(tags),
    }
    applicant = Applicant({"Service": (SERVICE,)}, {"aws:sourceaccount": [account]})
    for need in needs(Call(account, region, "sts", sessions.ASSUME, request)):
        said = sessions.judged(role, applicant, need)
        if said.denied or not said.allowed:
            raise ValueError(f"{SERVICE} is not authorized to perform: {need.action}")
    return _keys(account, region, request)


def _tags(wanted: dict[str, str]) -> dict[str, str]:
    """The six tags ("List of session tags added by EKS Pod Identity", EKS User Guide)."""
    partition = regions.partition(wanted["region"])
    place = f"{wanted['region']}:{wanted['account']}"
    return {
        "eks-cluster-arn": f"arn:{partition}:eks:{place}:cluster/{wanted['cluster']}",
        "eks-cluster-name": wanted["cluster"],
        "kubernetes-namespace": wanted["namespace"],
        "kubernetes-service-account": wanted["service_account"],
        "kubernetes-pod-name": f"{wanted['service_account']}-0",
        "kubernetes-pod-uid": str(uuid.uuid4()),
    }


def _keys(account: str, region: str, request: Json) -> Json:
    """The session itself: moto's, with its tags where LocalStack's STS keeps them."""
    from localstack.services.sts.models import SessionConfig, sts_stores
    from moto.sts.models import sts_backends

    made = sts_backends[account][regions.partition(region)].assume_role(
        region_name=region,
        role_session_name=request["RoleSessionName"],
        role_arn=request["RoleArn"],
        policy="",
        duration=sessions.DEFAULT,
        external_id="",
    )
    tags = {tag["Key"].lower(): tag for tag in request["Tags"]}
    sts_stores[account]["us-east-1"].sessions[made.access_key_id] = SessionConfig(
        tags=tags, transitive_tags=list(tags), iam_context={}
    )
    answer = {
        "Credentials": {
            "AccessKeyId": made.access_key_id,
            "SecretAccessKey": made.secret_access_key,
            "SessionToken": made.session_token,
        },
        "AssumedRoleUser": {"Arn": made.arn},
    }
    sessions.begin(request, answer)
    return {name: str(value) for name, value in answer["Credentials"].items()}
