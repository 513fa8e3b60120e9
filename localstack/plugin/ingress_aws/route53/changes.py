"""ChangeResourceRecordSets and GetChange."""

from functools import partial
from typing import Any

from ingress_aws import clock
from ingress_aws.errors import AwsError
from ingress_aws.route53 import (
    alias_targets,
    change_batch,
    health_checks,
    identifiers,
    limits,
    transaction,
)
from ingress_aws.route53.store import Store
from ingress_aws.route53.zone import Zone


def apply(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Apply a batch, all of it or nothing."""
    batch = request["ChangeBatch"]
    zone = store.zone(request["HostedZoneId"])
    _require_idle(store, zone)
    changes = change_batch.read(batch["Changes"])
    for change in changes:
        wanted = change.record_set.health_check
        # Deleting a set asks nothing of its health check, which may be gone already.
        if wanted is not None and change.action != "DELETE":
            health_checks.check_exists(store.account, wanted)
    exists = partial(alias_targets.exists, store.account)
    draft = transaction.draft(zone, changes, limits.RECORDS.number(store.account), exists)
    zone.records.become(draft)
    zone.changed = clock.now(store.account)
    return {"ChangeInfo": store.changes.record(batch.get("Comment"))}


def _require_idle(store: Store, zone: Zone) -> None:
    """A zone takes one batch at a time; how long one takes is a setting."""
    busy = limits.PRIOR_SECONDS.of(store.account) or 0
    if zone.changed is not None and clock.now(store.account) - zone.changed < busy:
        raise AwsError(
            "PriorRequestNotComplete",
            "The request was rejected because Route 53 was still processing a prior request.",
        )


def get(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Say whether every name server has a change."""
    return {"ChangeInfo": store.changes.find(identifiers.bare(request["Id"]))}
