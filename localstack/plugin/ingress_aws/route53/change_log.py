"""The changes of an account: PENDING at first, INSYNC once every name server has them."""

from datetime import datetime, timedelta
from typing import Any

from ingress_aws import clock
from ingress_aws.errors import AwsError
from ingress_aws.route53 import identifiers, limits


class ChangeLog:
    """Every change since the account was reset, by id."""

    def __init__(self, account: str) -> None:
        self._account = account
        self._changes: dict[str, tuple[datetime, str | None]] = {}

    def record(self, comment: str | None = None) -> dict[str, Any]:
        """Note a change that was just made; returns its ChangeInfo."""
        change_id = identifiers.new("C")
        submitted = clock.moment(self._account)
        self._changes[change_id] = (submitted, comment)
        return _info(change_id, "PENDING", submitted, comment)

    def find(self, change_id: str) -> dict[str, Any]:
        """The ChangeInfo of a change as of now."""
        if change_id not in self._changes:
            # 404: botocore's service model.
            raise AwsError("NoSuchChange", f"Could not find resource with ID: {change_id}", 404)
        submitted, comment = self._changes[change_id]
        due = submitted + timedelta(seconds=float(limits.INSYNC_SECONDS.of(self._account) or 0))
        status = "INSYNC" if clock.moment(self._account) >= due else "PENDING"
        return _info(change_id, status, submitted, comment)


def _info(change_id: str, status: str, submitted: datetime, comment: str | None) -> dict[str, Any]:
    info: dict[str, Any] = {
        "Id": f"/change/{change_id}",
        "Status": status,
        "SubmittedAt": submitted,
    }
    if comment is not None:
        info["Comment"] = comment
    return info
