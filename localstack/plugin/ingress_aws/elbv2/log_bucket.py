"""May the load balancer write its logs to this bucket?

AWS refuses to switch logs on unless the bucket exists and its policy lets Elastic Load Balancing
put objects there.
"""

import json
from typing import Any

from ingress_aws.elbv2 import errors
from ingress_aws.elbv2.store import Store


def check(store: Store, bucket: str) -> None:
    """Refuse a bucket that is missing, in another region, or closed to log delivery."""
    if not bucket:
        raise errors.configuration("The bucket must be specified when logs are enabled")
    policy = _policy(store, bucket)
    if policy is None or not any(map(_allows_writing, _statements(policy))):
        raise errors.log_bucket_denied(bucket)


def _policy(store: Store, bucket: str) -> str | None:
    # Imported late: most runs never touch S3.
    from localstack.services.s3.models import s3_stores

    found = s3_stores[store.account][store.region].buckets.get(bucket)
    if found is None or found.bucket_region != store.region:
        return None
    return found.policy


def _statements(policy: str) -> list[Any]:
    statements = json.loads(policy).get("Statement", [])
    return statements if isinstance(statements, list) else [statements]


def _allows_writing(statement: dict[str, Any]) -> bool:
    """Whom it allows is not checked: regions differ in whether an account or a service writes."""
    actions = statement.get("Action", [])
    actions = [actions] if isinstance(actions, str) else actions
    return statement.get("Effect") == "Allow" and any(
        action in ("s3:PutObject", "s3:Put*", "s3:*", "*") for action in actions
    )
