"""TagResources and UntagResources: each service's own tagging, by ARN; some may fail alone."""

from collections.abc import Callable
from typing import Any

from ingress_aws.acm import tag as of_certificates
from ingress_aws.acm.store import stores as ACM
from ingress_aws.ec2 import backend
from ingress_aws.elbv2 import tag as of_balancing
from ingress_aws.elbv2.store import STORES as ELBV2
from ingress_aws.errors import AwsError
from ingress_aws.route53 import tag as of_zones
from ingress_aws.route53.store import store_of
from ingress_aws.tagging import once
from ingress_aws.tagging.resources import Tags

Json = dict[str, Any]


def tag(account: str, region: str, request: Json) -> Json:
    """TagResources."""
    return _each(account, region, request, request["Tags"], [])


def untag(account: str, region: str, request: Json) -> Json:
    """UntagResources."""
    return _each(account, region, request, {}, request["TagKeys"])


def _each(account: str, region: str, request: Json, added: Tags, removed: list[str]) -> Json:
    failed: Json = {}
    for arn in dict.fromkeys(request["ResourceARNList"]):
        try:
            _change(account, region, arn, added, removed)
        except AwsError as refusal:
            failed[arn] = {
                "StatusCode": 400,
                "ErrorCode": "InvalidParameterException",
                "ErrorMessage": str(refusal.message),
            }
    return {"FailedResourcesMap": failed}


def _change(account: str, region: str, arn: str, added: Tags, removed: list[str]) -> None:
    parts = arn.split(":", 5)
    change = SERVICES.get(parts[2]) if len(parts) == 6 else None
    if change is None or parts[4] not in ("", account) or parts[3] not in ("", region):
        raise AwsError("InvalidParameterException", f"{arn} is not a resource that can be tagged")
    once.note(account, region, [arn])
    change(account, region, arn, added, removed)


def _pairs(tags: Tags) -> list[Json]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _balancing(account: str, region: str, arn: str, added: Tags, removed: list[str]) -> None:
    store = ELBV2.get(account, region)
    with store.lock:
        if added:
            of_balancing.add(store, {"ResourceArns": [arn], "Tags": _pairs(added)})
        else:
            of_balancing.remove(store, {"ResourceArns": [arn], "TagKeys": removed})
        store.version += 1


def _certificates(account: str, region: str, arn: str, added: Tags, removed: list[str]) -> None:
    store = ACM.get(account, region)
    if added:
        of_certificates.add(store, {"CertificateArn": arn, "Tags": _pairs(added)})
    else:
        keys = [{"Key": key} for key in removed]
        of_certificates.remove(store, {"CertificateArn": arn, "Tags": keys})


def _zones(account: str, _region: str, arn: str, added: Tags, removed: list[str]) -> None:
    kind, _, name = arn.rpartition(":")[2].partition("/")
    store = store_of(account)
    with store.lock:
        wish: Json = {"ResourceType": kind, "ResourceId": name}
        wish |= {"AddTags": _pairs(added)} if added else {"RemoveTagKeys": removed}
        of_zones.change(store, wish)


def _network(account: str, region: str, arn: str, added: Tags, removed: list[str]) -> None:
    ec2, name = backend.of(account, region), arn.rpartition("/")[2]
    if added:
        ec2.create_tags([name], added)
    else:
        ec2.delete_tags([name], dict.fromkeys(removed))


SERVICES: dict[str, Callable[[str, str, str, Tags, list[str]], None]] = {
    "acm": _certificates,
    "ec2": _network,
    "elasticloadbalancing": _balancing,
    "route53": _zones,
}
