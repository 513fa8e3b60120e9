"""Renewal: what ACM has issued and a service uses does not expire, if its CNAMEs still stand."""

from datetime import datetime, timedelta

from ingress_aws.acm import authority, dns_validation, issuing
from ingress_aws.acm.certificate import REQUESTED, Certificate, Renewal

# "Managed certificate renewal" in the user guide: 60 days before the end.
AHEAD = timedelta(days=60)


def run(account: str, certificate: Certificate, now: datetime, *, used: bool) -> None:
    """Renew a certificate if its time has come, or say why that cannot be done."""
    if certificate.type != REQUESTED or certificate.facts is None or not used:
        return
    if certificate.status != "ISSUED" or now < certificate.facts.not_after - AHEAD:
        return
    if not dns_validation.all_published(account, certificate):
        if certificate.renewal is None or certificate.renewal.status == "SUCCESS":
            certificate.renewal = Renewal("PENDING_VALIDATION", now)
        return
    renew(account, certificate, now)


def renew(account: str, certificate: Certificate, now: datetime) -> None:
    """Issue a certificate anew, under its ARN; a private CA may not be able to any more."""
    arn, signer = certificate.authority_arn, None
    if arn is not None:
        found = authority.find(account, arn)
        if isinstance(found, str):
            certificate.renewal = Renewal("FAILED", now)
            return
        signer = found
    issued = certificate.issued_at
    certificate.pem = None
    issuing.issue(certificate, now, signer)
    # IssuedAt stays: it is when the certificate was issued first [M].
    certificate.issued_at = issued
    certificate.renewal = Renewal("SUCCESS", now)
