"""How a certificate looks in DescribeCertificate and in ListCertificates."""

from typing import Any

from ingress_aws.acm.certificate import IMPORTED, REQUESTED, Certificate, Validation
from ingress_aws.acm.facts import Facts

# CertificateSummary in botocore's model: "the first 100".
MAX_SUMMARY_NAMES = 100

# What AWS shows for a certificate that has no such extension, as seen in its answers.
NO_KEY_USAGE = "ANY"
NO_EXTENDED_KEY_USAGE = "NONE"

# E-mail validation writes to these mailboxes of a domain ("Email validation" in the user guide).
MAILBOXES = ("admin", "administrator", "hostmaster", "postmaster", "webmaster")


def detail(
    certificate: Certificate, in_use_by: list[str], *, records: bool = True
) -> dict[str, Any]:
    """The CertificateDetail of a certificate; what to prove is told some seconds late."""
    shown: dict[str, Any] = {
        "CertificateArn": certificate.arn,
        "SubjectAlternativeNames": list(certificate.domains),
        "Status": certificate.status,
        "Type": certificate.type,
        "KeyAlgorithm": _algorithm(certificate),
        "CreatedAt": certificate.created_at,
        "InUseBy": in_use_by,
        "RenewalEligibility": _renewal(certificate, in_use_by),
        "Options": {
            "CertificateTransparencyLoggingPreference": certificate.transparency_logging,
            "Export": certificate.exporting,
        },
        "KeyUsages": [],
        "ExtendedKeyUsages": [],
    }
    shown |= _name_and_moments(certificate)
    if certificate.authority_arn is not None:
        shown["CertificateAuthorityArn"] = certificate.authority_arn
    if certificate.type == REQUESTED:
        shown["DomainValidationOptions"] = [_validation(one) for one in certificate.validations]
        for told in shown["DomainValidationOptions"] if not records else []:
            told.pop("ResourceRecord", None)
    if certificate.failure is not None:
        shown["FailureReason"] = certificate.failure
    if certificate.renewal is not None:
        shown["RenewalSummary"] = {
            "RenewalStatus": certificate.renewal.status,
            "DomainValidationOptions": shown.get("DomainValidationOptions", []),
            "UpdatedAt": certificate.renewal.since,
        }
    if certificate.facts is not None:
        shown |= _fact_details(certificate.facts)
    return shown


def summary(certificate: Certificate, in_use_by: list[str]) -> dict[str, Any]:
    """The CertificateSummary of a certificate."""
    shown: dict[str, Any] = {
        "CertificateArn": certificate.arn,
        "SubjectAlternativeNameSummaries": list(certificate.domains[:MAX_SUMMARY_NAMES]),
        "HasAdditionalSubjectAlternativeNames": len(certificate.domains) > MAX_SUMMARY_NAMES,
        "Status": certificate.status,
        "Type": certificate.type,
        "KeyAlgorithm": _algorithm(certificate),
        "KeyUsages": key_usages(certificate),
        "ExtendedKeyUsages": extended_key_usages(certificate),
        "ExportOption": certificate.exporting,
        "InUse": bool(in_use_by),
        "RenewalEligibility": _renewal(certificate, in_use_by),
        "CreatedAt": certificate.created_at,
    }
    shown |= _name_and_moments(certificate)
    if certificate.facts is not None:
        shown["NotBefore"] = certificate.facts.not_before
        shown["NotAfter"] = certificate.facts.not_after
    return shown


def key_usages(certificate: Certificate) -> list[str]:
    """Key usages by name; none before the certificate is issued."""
    if certificate.facts is None:
        return []
    return list(certificate.facts.key_usages) or [NO_KEY_USAGE]


def extended_key_usages(certificate: Certificate) -> list[str]:
    """Extended key usages by name; none before the certificate is issued."""
    if certificate.facts is None:
        return []
    return [name for name, _ in certificate.facts.extended_key_usages] or [NO_EXTENDED_KEY_USAGE]


def _algorithm(certificate: Certificate) -> str:
    """Answers say RSA-2048 where requests and filters say RSA_2048 (ACK's issue 2394)."""
    return certificate.key_algorithm.replace("_", "-", 1)


def _renewal(certificate: Certificate, in_use_by: list[str]) -> str:
    """ACM renews what it issued itself, once a service uses it."""
    is_renewed = certificate.type == REQUESTED and certificate.status == "ISSUED"
    return "ELIGIBLE" if is_renewed and in_use_by else "INELIGIBLE"


def _name_and_moments(certificate: Certificate) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if certificate.domains:
        shown["DomainName"] = certificate.domains[0]
    if certificate.type == IMPORTED:
        shown["ImportedAt"] = certificate.imported_at
    elif certificate.issued_at is not None:
        shown["IssuedAt"] = certificate.issued_at
    return shown


def _fact_details(told: Facts) -> dict[str, Any]:
    usages = told.extended_key_usages
    return {
        "Serial": told.serial,
        "Subject": told.subject,
        "Issuer": told.issuer,
        "SignatureAlgorithm": told.signature_algorithm,
        "NotBefore": told.not_before,
        "NotAfter": told.not_after,
        "KeyUsages": [{"Name": name} for name in told.key_usages or (NO_KEY_USAGE,)],
        "ExtendedKeyUsages": [{"Name": name, "OID": oid} for name, oid in usages]
        or [{"Name": NO_EXTENDED_KEY_USAGE}],
    }


def _validation(one: Validation) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "DomainName": one.domain,
        "ValidationDomain": one.validation_domain,
        "ValidationStatus": "SUCCESS" if one.succeeded else "PENDING_VALIDATION",
        "ValidationMethod": one.method,
    }
    if one.method == "DNS":
        shown["ResourceRecord"] = {
            "Name": one.record_name,
            "Type": "CNAME",
            "Value": one.record_value,
        }
    else:
        domain = one.validation_domain.removeprefix("*.")
        shown["ValidationEmails"] = [f"{mailbox}@{domain}" for mailbox in MAILBOXES]
    return shown
