"""The service-linked role in which ELB acts for an account ("Elastic Load Balancing service-linked
role" in its user guide): made with the first load balancer or target group.
"""

import json
from typing import Any

SERVICE = "elasticloadbalancing.amazonaws.com"
NAME = "AWSServiceRoleForElasticLoadBalancing"
PATH = f"/aws-service-role/{SERVICE}/"
# The operations that make it where there is none.
MAKERS = ("CreateLoadBalancer", "CreateTargetGroup")

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": SERVICE}, "Action": "sts:AssumeRole"},
    ],
}
# The longest session of a service-linked role, in seconds, as IAM makes it.
SESSION = "3600"


def arn(account: str, partition: str) -> str:
    """The ARN that the role has, or would have."""
    return f"arn:{partition}:iam::{account}:role{PATH}{NAME}"


def is_there(account: str, partition: str) -> bool:
    """Whether the account has the role."""
    return any(role.name == NAME for role in _iam(account, partition).get_roles())


def ensure(account: str, partition: str) -> None:
    """Make the role if the account has none."""
    if not is_there(account, partition):
        _iam(account, partition).create_role(
            role_name=NAME,
            assume_role_policy_document=json.dumps(TRUST),
            path=PATH,
            permissions_boundary=None,
            description="",
            tags=[],
            max_session_duration=SESSION,
            linked_service=SERVICE,
        )


def _iam(account: str, partition: str) -> Any:
    """moto's IAM of an account; imported late, as it takes a while to load."""
    from moto.iam.models import iam_backends

    return iam_backends[account][partition]
