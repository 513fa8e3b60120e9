"""A hosted zone under test, with short ways to change and read it."""

import itertools
from typing import Any

from aws import Account
from botocore.exceptions import ClientError

_references = itertools.count()


class Zone:
    """A public zone in an account of its own."""

    def __init__(self, account: Account, name: str = "example.com", **more: Any) -> None:
        self.account = account
        self.route53 = account.client("route53")
        made = self.route53.create_hosted_zone(Name=name, CallerReference=reference(), **more)
        self.id = str(made["HostedZone"]["Id"]).rpartition("/")[2]
        self.name = str(made["HostedZone"]["Name"])

    def change(self, *changes: dict[str, Any], **batch: Any) -> dict[str, Any]:
        """Send one batch; returns its ChangeInfo."""
        answer = self.route53.change_resource_record_sets(
            HostedZoneId=self.id, ChangeBatch={"Changes": list(changes), **batch}
        )
        return answer["ChangeInfo"]

    def refusal(self, *changes: dict[str, Any]) -> tuple[str, str]:
        """Send a batch that must be refused; returns code and message. Nothing may change."""
        before = self.all()
        try:
            self.change(*changes)
        except ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400
            assert self.all() == before, "a refused batch left something behind"
            return error.response["Error"]["Code"], error.response["Error"]["Message"]
        raise AssertionError("the batch was not refused")

    def refuses(self, *changes: dict[str, Any]) -> bool:
        """Whether a batch is refused as AWS refuses batches."""
        return self.refusal(*changes)[0] == "InvalidChangeBatch"

    def page(self, **wanted: Any) -> dict[str, Any]:
        """One answer of ListResourceRecordSets."""
        return self.route53.list_resource_record_sets(HostedZoneId=self.id, **wanted)

    def all(self) -> list[dict[str, Any]]:
        """Every record set, over all pages."""
        pages = self.route53.get_paginator("list_resource_record_sets")
        return [
            record_set
            for page in pages.paginate(HostedZoneId=self.id)
            for record_set in page["ResourceRecordSets"]
        ]

    def get(self, name: str, kind: str = "A") -> list[dict[str, Any]]:
        """The record sets with this echoed name and type."""
        return [one for one in self.all() if (one["Name"], one["Type"]) == (name, kind)]


def reference() -> str:
    """A caller reference that this run has not used."""
    return f"reference-{next(_references)}"


def change(action: str, name: str, kind: str = "A", *values: str, **more: Any) -> dict[str, Any]:
    """A change of a record set; without values and alias it has one address."""
    record_set: dict[str, Any] = {"Name": name, "Type": kind, **more}
    if "AliasTarget" not in more:
        record_set.setdefault("TTL", 300)
        chosen = [{"Value": value} for value in values or ("192.0.2.1",)]
        record_set.setdefault("ResourceRecords", chosen)
    return {"Action": action, "ResourceRecordSet": record_set}


def create(name: str, kind: str = "A", *values: str, **more: Any) -> dict[str, Any]:
    return change("CREATE", name, kind, *values, **more)


def upsert(name: str, kind: str = "A", *values: str, **more: Any) -> dict[str, Any]:
    return change("UPSERT", name, kind, *values, **more)


def delete(name: str, kind: str = "A", *values: str, **more: Any) -> dict[str, Any]:
    return change("DELETE", name, kind, *values, **more)


def alias(target: str, zone: str = "Z35SXDOTRQ7X7K", health: bool = True) -> dict[str, Any]:
    """An alias target; the default zone is that of load balancers in us-east-1."""
    return {
        "AliasTarget": {"HostedZoneId": zone, "DNSName": target, "EvaluateTargetHealth": health}
    }
