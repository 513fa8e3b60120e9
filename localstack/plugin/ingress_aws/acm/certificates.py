"""Reading and deleting certificates. ELBv2 is always asked before the store is locked."""

from typing import Any

from ingress_aws.acm import describing, issuing, limits, listing
from ingress_aws.acm.errors import in_progress
from ingress_aws.acm.store import Store, users
from ingress_aws.errors import AwsError


def describe(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeCertificate."""
    arn = request["CertificateArn"]
    in_use_by = users(store.account, store.region, arn)
    with store.lock:
        found = store.find(arn)
        age = (store.now() - found.created_at).total_seconds()
        told = age >= (limits.DETAILS_SECONDS.of(store.account) or 0)
        return {"Certificate": describing.detail(found, in_use_by, records=told)}


def page(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """ListCertificates."""
    with store.lock:
        found, following = listing.page(store.all(), request)
    answer: dict[str, Any] = {
        "CertificateSummaryList": [
            describing.summary(one, users(store.account, store.region, one.arn)) for one in found
        ]
    }
    if following is not None:
        answer["NextToken"] = following
    return answer


def get(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """GetCertificate: the PEM texts, never the key."""
    with store.lock:
        texts = issuing.pem_of(store.find(request["CertificateArn"]))
    if texts is None:
        raise in_progress()
    answer = {"Certificate": texts.certificate}
    if texts.chain is not None:
        answer["CertificateChain"] = texts.chain
    return answer


def delete(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """DeleteCertificate: only one that no load balancer uses."""
    arn = request["CertificateArn"]
    in_use_by = users(store.account, store.region, arn)
    with store.lock:
        store.find(arn)
        if in_use_by:
            raise AwsError(
                "ResourceInUseException",
                f"Certificate {arn} in account {store.account} is in use.",
            )
        del store.certificates[arn]
    return {}
