"""Trust stores: bundles of CA certificates that listeners check clients by."""

from functools import partial
from typing import Any

from cryptography import x509

from ingress_aws import clock
from ingress_aws.elbv2 import arns, errors, limits, paging, s3_object, tag
from ingress_aws.elbv2.s3_object import Place
from ingress_aws.elbv2.store import Listener, Store, TrustStore, new_id
from ingress_aws.errors import AwsError
from ingress_aws.settings import knob

Json = dict[str, Any]

CREATING = knob("elbv2.trust-store-creating-seconds", 0, "how long a new trust store is 'CREATING'")
# "Quotas for your Application Load Balancers": size of a CA certificate.
LARGEST_CERTIFICATE = 16 * 1024


def create(store: Store, request: Json) -> Json:
    """CreateTrustStore."""
    name, tags = request["Name"], tag.checked(request.get("Tags"))
    if any(one.name == name for one in store.trust_stores.values()):
        text = f"A trust store with the same name '{name}' exists"
        raise AwsError("DuplicateTrustStoreName", text)
    most = limits.TRUST_STORES.number(store.account)
    if len(store.trust_stores) >= most:
        text = "You have reached the maximum number of trust stores"
        raise errors.too_many("TooManyTrustStores", text, most)
    place, count, text = _bundle(store, request)
    arn = store.arn(f"truststore/{name}/{new_id()}")
    made = TrustStore(arn, name, place, count, clock.now(store.account), tags, text=text)
    store.trust_stores[arn] = made
    return {"TrustStores": [_view(store, made) | {"Status": "CREATING"}]}


def modify(store: Store, request: Json) -> Json:
    """ModifyTrustStore: another bundle."""
    found = arns.trust_store(store, request["TrustStoreArn"])
    found.bundle, found.certificates, found.text = _bundle(store, request)
    return {"TrustStores": [_view(store, found)]}


def delete(store: Store, request: Json) -> Json:
    """DeleteTrustStore, unless a listener uses it."""
    found = arns.trust_store(store, request["TrustStoreArn"])
    if users(store, found.arn):
        text = f"Trust store '{found.arn}' is currently in use by a listener"
        raise AwsError("TrustStoreInUse", text)
    del store.trust_stores[found.arn]
    return {}


def describe(store: Store, request: Json) -> Json:
    """DescribeTrustStores; one that is missing fails the whole call."""
    wanted, names = request.get("TrustStoreArns"), request.get("Names")
    if wanted and names:
        raise errors.validation("Trust store names and ARNs cannot be specified together")
    found = list(store.trust_stores.values())
    if wanted:
        found = [arns.trust_store(store, arn) for arn in dict.fromkeys(wanted)]
    elif names:
        by_name = {one.name: one for one in found}
        missing = [name for name in names if name not in by_name]
        if missing:
            raise arns.no_trust_stores(missing)
        found = [by_name[name] for name in dict.fromkeys(names)]
    return paging.answer("TrustStores", found, request, partial(_view, store))


def associations(store: Store, request: Json) -> Json:
    """DescribeTrustStoreAssociations: the load balancers that use it."""
    found = arns.trust_store(store, request["TrustStoreArn"])
    used_by = dict.fromkeys(one.load_balancer.arn for one in users(store, found.arn))
    return paging.answer("TrustStoreAssociations", [{"ResourceArn": a} for a in used_by], request)


def bundle(store: Store, request: Json) -> Json:
    """GetTrustStoreCaCertificatesBundle."""
    return {"Location": arns.trust_store(store, request["TrustStoreArn"]).bundle.location}


def resource_policy(store: Store, request: Json) -> Json:
    """GetResourcePolicy. AWS RAM writes such policies, and nobody here shares anything by it."""
    arn = request["ResourceArn"]
    arns.require(store, arn, arns.TRUST_STORE)
    raise AwsError("ResourceNotFound", f"No resource policy found for '{arn}'")


def delete_shared_association(store: Store, request: Json) -> Json:
    """DeleteSharedTrustStoreAssociation: no other account has any, and the own ones stay."""
    found, user = arns.trust_store(store, request["TrustStoreArn"]), request["ResourceArn"]
    if any(one.load_balancer.arn == user for one in users(store, found.arn)):
        text = f"'{user}' is of the same account as the trust store"
        raise AwsError("DeleteAssociationSameAccount", text)
    raise AwsError("AssociationNotFound", f"'{user}' is not associated with the trust store")


def users(store: Store, arn: str) -> list[Listener]:
    """The listeners that check clients by a trust store."""
    return [
        listener
        for listener in store.listeners.values()
        if (listener.mutual_authentication or {}).get("TrustStoreArn") == arn
    ]


def require_active(store: Store, arn: str) -> None:
    """Refuse a trust store that is missing or not ready yet."""
    if _status(store, arns.trust_store(store, arn)) != "ACTIVE":
        raise AwsError("TrustStoreNotReady", f"Trust store '{arn}' is not active")


def _bundle(store: Store, request: Json) -> tuple[Place, int, str]:
    """Where the certificates are, how many, and what they are."""
    place = Place(
        request["CaCertificatesBundleS3Bucket"],
        request["CaCertificatesBundleS3Key"],
        request.get("CaCertificatesBundleS3ObjectVersion"),
    )
    content = s3_object.read(store, place)
    if content is None:
        text = "The specified ca certificate bundle does not exist"
        raise AwsError("CaCertificatesBundleNotFound", text)
    try:
        certificates = x509.load_pem_x509_certificates(content)
    except ValueError as broken:
        raise _invalid("it is not a list of PEM certificates") from broken
    most = limits.CERTIFICATES_PER_TRUST_STORE.number(store.account)
    if len(certificates) > most:
        raise _invalid(f"it has more than {most} certificates")
    if any(len(piece) > LARGEST_CERTIFICATE for piece in content.split(b"-----BEGIN")):
        raise _invalid(f"a certificate is larger than {LARGEST_CERTIFICATE} bytes")
    if not all(map(_is_authority, certificates)):
        raise _invalid("a certificate in it is not one of a CA")
    return place, len(certificates), content.decode("latin-1")


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _invalid(reason: str) -> AwsError:
    text = f"The specified ca certificate bundle is in an invalid format: {reason}"
    return AwsError("InvalidCaCertificatesBundle", text)


def _status(store: Store, found: TrustStore) -> str:
    age = clock.now(store.account) - found.created
    return "CREATING" if age < (CREATING.of(store.account) or 0) else "ACTIVE"


def _view(store: Store, found: TrustStore) -> Json:
    return {
        "Name": found.name,
        "TrustStoreArn": found.arn,
        "Status": _status(store, found),
        "NumberOfCaCertificates": found.certificates,
        "TotalRevokedEntries": sum(one.entries for one in found.revocations.values()),
    }
