"""Lists of revoked certificates in trust stores."""

from functools import partial
from typing import Any

from cryptography import x509

from ingress_aws.elbv2 import arns, errors, limits, paging, s3_object
from ingress_aws.elbv2.s3_object import Place
from ingress_aws.elbv2.store import Revocation, Store, TrustStore
from ingress_aws.errors import AwsError

Json = dict[str, Any]


def add(store: Store, request: Json) -> Json:
    """AddTrustStoreRevocations."""
    found = arns.trust_store(store, request["TrustStoreArn"])
    lists = [_read(store, content) for content in request.get("RevocationContents") or []]
    if not lists:
        raise errors.validation("At least one revocation content must be specified")
    most_entries = limits.REVOCATION_ENTRIES.number(store.account)
    if sum(one.entries for one in [*lists, *found.revocations.values()]) > most_entries:
        text = "You have reached the maximum number of entries in a trust store"
        raise errors.too_many("TooManyTrustStoreRevocationEntries", text, most_entries)
    most = limits.REVOCATION_LISTS.number(store.account)
    if len(lists) + len(found.revocations) > most:
        # AWS declares no code of its own for the number of lists.
        text = "You have reached the maximum number of revocation lists of a trust store"
        raise errors.too_many("TooManyTrustStoreRevocationEntries", text, most)
    made = []
    for one in lists:
        found.last_revocation += 1
        found.revocations[found.last_revocation] = one
        made.append(_view(found, found.last_revocation))
    return {"TrustStoreRevocations": made}


def remove(store: Store, request: Json) -> Json:
    """RemoveTrustStoreRevocations: all of them, or none if one is not there."""
    found = arns.trust_store(store, request["TrustStoreArn"])
    for number in request["RevocationIds"]:
        _require(found, number)
    for number in set(request["RevocationIds"]):
        del found.revocations[number]
    return {}


def describe(store: Store, request: Json) -> Json:
    """DescribeTrustStoreRevocations."""
    found = arns.trust_store(store, request["TrustStoreArn"])
    wanted = request.get("RevocationIds") or list(found.revocations)
    for number in wanted:
        _require(found, number)
    return paging.answer("TrustStoreRevocations", wanted, request, partial(_view, found))


def content(store: Store, request: Json) -> Json:
    """GetTrustStoreRevocationContent."""
    found = arns.trust_store(store, request["TrustStoreArn"])
    _require(found, request["RevocationId"])
    return {"Location": found.revocations[request["RevocationId"]].place.location}


def _read(store: Store, given: Json) -> Revocation:
    if not given.get("S3Bucket") or not given.get("S3Key"):
        raise errors.validation("A revocation content needs a bucket and a key")
    place = Place(given["S3Bucket"], given["S3Key"], given.get("S3ObjectVersion"))
    content = s3_object.read(store, place)
    if content is None:
        text = "The specified revocation file does not exist"
        raise AwsError("RevocationContentNotFound", text)
    try:
        entries = len(list(x509.load_pem_x509_crl(content)))
    except ValueError as broken:
        text = "The provided revocation file is an invalid format, or uses an incorrect algorithm"
        raise AwsError("InvalidRevocationContent", text) from broken
    kind = given.get("RevocationType", "CRL")
    return Revocation(place, kind, entries, content.decode("latin-1"))


def _require(found: TrustStore, number: int) -> None:
    if number not in found.revocations:
        raise AwsError("RevocationIdNotFound", "The specified revocation ID does not exist")


def _view(found: TrustStore, number: int) -> Json:
    return {
        "TrustStoreArn": found.arn,
        "RevocationId": number,
        "RevocationType": found.revocations[number].type,
        "NumberOfRevokedEntries": found.revocations[number].entries,
    }
