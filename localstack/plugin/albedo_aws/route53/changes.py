"""ChangeResourceRecordSets and GetChange."""

from typing import Any

from albedo_aws.route53 import change_batch, health_checks, identifiers, limits, transaction
from albedo_aws.route53.store import Store


def apply(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Apply a batch, all of it or nothing."""
    batch = request["ChangeBatch"]
    zone = store.zone(request["HostedZoneId"])
    changes = change_batch.read(batch["Changes"])
    for change in changes:
        wanted = change.record_set.health_check
        # Deleting a set asks nothing of its health check, which may be gone already.
        if wanted is not None and change.action != "DELETE":
            health_checks.check_exists(store.account, wanted)
    draft = transaction.draft(zone, changes, limits.RECORDS.number(store.account))
    zone.records.become(draft)
    return {"ChangeInfo": store.changes.record(batch.get("Comment"))}


def get(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Say whether every name server has a change."""
    return {"ChangeInfo": store.changes.find(identifiers.bare(request["Id"]))}
