"""A listener's mutual TLS settings: checked, kept and echoed."""

from typing import Any

from ingress_aws.elbv2 import errors, limits, trust_store
from ingress_aws.elbv2.store import Listener, LoadBalancer, Store

Json = dict[str, Any]

# botocore's documentation of MutualAuthenticationAttributes.
MODES = ("off", "passthrough", "verify")


def canonical(store: Store, request: Json, listener: Listener | None) -> Json:
    """The settings as AWS echoes them; what an HTTPS listener has when nothing is asked is off."""
    given = request.get("MutualAuthentication")
    if given is None:
        standing = listener.mutual_authentication if listener else None
        return standing or {"Mode": "off"}
    mode = given.get("Mode", "off")
    if mode not in MODES:
        raise errors.validation(f"Mutual authentication mode '{mode}' must be one of '{MODES}'")
    store_arn = given.get("TrustStoreArn")
    if mode != "verify":
        if store_arn or given.get("IgnoreClientCertificateExpiry"):
            raise errors.validation(f"A trust store does not go with mode '{mode}'")
        return {"Mode": mode}
    if not store_arn:
        raise errors.validation("Mode 'verify' needs a trust store")
    trust_store.require_active(store, store_arn)
    return {
        "Mode": mode,
        "TrustStoreArn": store_arn,
        "IgnoreClientCertificateExpiry": given.get("IgnoreClientCertificateExpiry", False),
        "TrustStoreAssociationStatus": "active",
        "AdvertiseTrustStoreCaNames": given.get("AdvertiseTrustStoreCaNames", "off"),
    }


def check_quota(
    store: Store, load_balancer: LoadBalancer, wanted: Json | None, standing: Listener | None
) -> None:
    """Only so many listeners of a load balancer may verify; AWS's code for it is not known [M]."""
    if wanted is None or wanted["Mode"] != "verify":
        return
    others = [
        listener
        for listener in load_balancer.listeners.values()
        if listener is not standing
        and (listener.mutual_authentication or {}).get("Mode") == "verify"
    ]
    most = limits.VERIFY_LISTENERS.number(store.account)
    if len(others) >= most:
        raise errors.configuration(f"At most {most} listeners can use mutual TLS with 'verify'")
