"""DNS validation: ACM issues a certificate once it sees its CNAMEs in public zones.

The CNAME of a name depends on the account and the name alone. It is the same for a wildcard and
its base, in every region and for every certificate ("DNS validation" in the user guide).
"""

import hashlib
import string
from datetime import datetime, timedelta

from ingress_aws.acm import caa, issuing, limits
from ingress_aws.acm.certificate import Certificate, Validation
from ingress_aws.route53 import name as names
from ingress_aws.route53.store import public_record_sets

# Seen in AWS's own examples: `_<32 hex>.<10 letters>.acm-validations.aws.`
ZONE = "acm-validations.aws."
LETTERS = 10

# "Request status Validation timed out" in the user guide: 72 hours.
PATIENCE = timedelta(hours=72)


def validation(account: str, domain: str, method: str, validation_domain: str) -> Validation:
    """What to prove for one domain."""
    base = domain.removeprefix("*.").lower()
    name_hash, value_hash = _hash(account, "name", base), _hash(account, "value", base)
    return Validation(
        domain=domain,
        method=method,
        validation_domain=validation_domain,
        record_name=f"_{name_hash[:32]}.{base}.",
        record_value=f"_{value_hash[:32]}.{_letters(value_hash)}.{ZONE}",
    )


def look(account: str, certificate: Certificate, now: datetime) -> None:
    """Look for the CNAMEs that are still missing; issue the certificate once none is.

    Where CAA records forbid it the request fails, and after three days without proof it is over.
    """
    if certificate.status != "PENDING_VALIDATION":
        return
    age = now - certificate.created_at
    for one in certificate.validations:
        one.succeeded = one.succeeded or (one.method == "DNS" and _is_published(account, one))
    if all(one.succeeded for one in certificate.validations):
        if any(caa.forbids(account, domain) for domain in certificate.domains):
            certificate.status, certificate.failure = "FAILED", "CAA_ERROR"
        elif age >= timedelta(seconds=float(limits.ISSUING_SECONDS.of(account) or 0)):
            issuing.issue(certificate, now)
    elif age > PATIENCE:
        certificate.status = "VALIDATION_TIMED_OUT"


def all_published(account: str, certificate: Certificate) -> bool:
    """Whether every CNAME stands, proved once or not."""
    return all(_is_published(account, one) for one in certificate.validations)


def _is_published(account: str, wanted: Validation) -> bool:
    try:
        name = names.parse(wanted.record_name)
    except names.BadName:
        # A domain of almost 253 bytes leaves no room for the prefix; nobody can prove that one.
        return False
    found = public_record_sets(account, name, "CNAME")
    return any(
        value.rstrip(".").lower() == wanted.record_value.rstrip(".")
        for record_set in found
        for value in record_set.values
    )


def _hash(account: str, purpose: str, base: str) -> str:
    return hashlib.sha256(f"{account}/{purpose}/{base}".encode()).hexdigest()


def _letters(digest: str) -> str:
    """Letters that depend on the part of a hash that is not used otherwise."""
    rest = bytes.fromhex(digest)[16 : 16 + LETTERS]
    return "".join(string.ascii_lowercase[byte % 26] for byte in rest)
