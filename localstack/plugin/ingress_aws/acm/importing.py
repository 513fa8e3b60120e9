"""ImportCertificate: a new certificate, or new content under an ARN that is in use."""

from typing import Any

from ingress_aws.acm import pem, quotas, tag
from ingress_aws.acm.certificate import IMPORTED, Certificate
from ingress_aws.acm.errors import invalid
from ingress_aws.acm.facts import Facts
from ingress_aws.acm.store import Store

# "Reimport a certificate" in the user guide: usages may be added but not dropped, except that
# public CAs no longer put these two into their certificates.
DROPPABLE_EXTENDED = frozenset({"TLS_WEB_CLIENT_AUTHENTICATION"})
DROPPABLE_FROM_EC = frozenset({"KEY_ENCIPHERMENT"})


def run(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Import, or re-import in place: the ARN and everything that uses it stay."""
    with store.lock:
        current = _replaced(store, request)
        wanted_tags = tag.read(request.get("Tags") or [])
        texts, told = pem.read(
            request["Certificate"],
            request["PrivateKey"],
            request.get("CertificateChain"),
            store.now(),
        )
        if current is not None and current.facts is not None:
            _check_replacement(current.facts, told)
        quotas.check_import(store, current)
        certificate = current or _new(store, told, wanted_tags)
        _take_over(certificate, texts, told)
        certificate.imported_at = store.now()
        store.certificates[certificate.arn] = certificate
        store.imports.append(certificate.imported_at)
        return {"CertificateArn": certificate.arn}


def _new(store: Store, told: Facts, wanted_tags: dict[str, str]) -> Certificate:
    return Certificate(
        arn=store.new_arn(),
        type=IMPORTED,
        status="ISSUED",
        domains=told.domains,
        key_algorithm=told.key_algorithm,
        created_at=store.now(),
        tags=wanted_tags,
    )


def _replaced(store: Store, request: dict[str, Any]) -> Certificate | None:
    arn = request.get("CertificateArn")
    if arn is None:
        return None
    current = store.find(arn)
    if request.get("Tags") is not None:
        raise invalid("Tagging is not permitted on re-import.")
    if current.type != IMPORTED:
        raise invalid("Only an imported certificate can be replaced by an import.")
    return current


def _check_replacement(old: Facts, new: Facts) -> None:
    if new.key_algorithm != old.key_algorithm:
        raise invalid("The key type and size of an imported certificate cannot be changed.")
    if old.domains and not new.domains:
        raise invalid("You cannot remove all of the domain names from a certificate.")
    is_ec = new.key_algorithm.startswith("EC")
    droppable = DROPPABLE_FROM_EC if is_ec else frozenset()
    if set(old.key_usages) - set(new.key_usages) - droppable:
        raise invalid(
            "New certificate is missing one or more Key Usages "
            "supported by the currently imported certificate"
        )
    kept = {name for name, _ in old.extended_key_usages} - DROPPABLE_EXTENDED
    if kept - {name for name, _ in new.extended_key_usages}:
        raise invalid(
            "New certificate is missing one or more Extended Key Usages "
            "supported by the currently imported certificate"
        )


def _take_over(certificate: Certificate, texts: pem.Pem, told: Facts) -> None:
    certificate.pem = texts
    certificate.facts = told
    certificate.domains = told.domains
    certificate.status = "ISSUED"
