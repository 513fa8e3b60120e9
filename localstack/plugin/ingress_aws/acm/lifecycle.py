"""What is done with certificates that are there: export, renewal on request, options, e-mails."""

from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ingress_aws.acm import issuing, renewal
from ingress_aws.acm.certificate import PRIVATE, REQUESTED, Certificate
from ingress_aws.acm.errors import in_progress, invalid
from ingress_aws.acm.store import Store, stores
from ingress_aws.errors import AwsError

Json = dict[str, Any]
ENABLED = "ENABLED"
EMAIL = "EMAIL"


def export(store: Store, request: Json) -> Json:
    """ExportCertificate: with its key, which the passphrase encrypts."""
    with store.lock:
        found = _exportable(store.find(request["CertificateArn"]))
        texts = issuing.pem_of(found)
        assert texts is not None, "an issued certificate has its texts"
        key = load_pem_private_key(texts.key, password=None).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(request["Passphrase"]),
        )
        return {
            "Certificate": texts.certificate,
            "CertificateChain": texts.chain,
            "PrivateKey": key.decode(),
        }


def renew(store: Store, request: Json) -> Json:
    """RenewCertificate: those that can be exported; the others ACM renews by itself."""
    with store.lock:
        found = _exportable(store.find(request["CertificateArn"]))
        renewal.renew(store.account, found, store.now())
        return {}


def set_options(store: Store, request: Json) -> Json:
    """UpdateCertificateOptions: whether its name is told to transparency logs."""
    with store.lock:
        found = store.find(request["CertificateArn"])
        if found.type != REQUESTED:
            raise _invalid_state("Only certificates that Amazon issues have this option.")
        wanted = request["Options"].get("CertificateTransparencyLoggingPreference")
        found.transparency_logging = wanted or found.transparency_logging
        return {}


def resend(store: Store, request: Json) -> Json:
    """ResendValidationEmail; the e-mail itself is not sent, as none is."""
    with store.lock:
        found = store.find(request["CertificateArn"])
        methods = {one.domain: one.method for one in found.validations}
        if found.status != "PENDING_VALIDATION" or EMAIL not in methods.values():
            raise _invalid_state("The certificate does not wait for an answer to an e-mail.")
        domain, to = request["Domain"].lower(), request["ValidationDomain"].lower()
        base = domain.removeprefix("*.")
        if domain not in methods or not f".{base}".endswith(f".{to}"):
            text = "The validation domain is the domain of the certificate or one above it."
            raise AwsError("InvalidDomainValidationOptionsException", text)
        return {}


def approve(wish: Json) -> Json:
    """Answer the e-mails of a certificate as the owner of its domains would: `/_albedo/approve`."""
    account, arn = wish.get("account"), wish.get("certificate")
    if not isinstance(account, str) or not isinstance(arn, str) or arn.count(":") < 5:
        raise ValueError('expected {"account": "...", "certificate": an ARN}')
    store = stores.get(account, arn.split(":")[3])
    with store.lock:
        found = store.certificates.get(arn)
        asked = [one for one in found.validations if one.method == EMAIL] if found else []
        if not asked:
            raise ValueError(f"'{arn}' is no certificate that waits for an answer to an e-mail")
        for one in asked:
            one.succeeded = True
        return {"certificate": arn, "status": store.find(arn).status}


def _exportable(certificate: Certificate) -> Certificate:
    """A certificate that leaves ACM with its key: from a private CA, or requested to be so."""
    if certificate.type != PRIVATE and certificate.exporting != ENABLED:
        raise invalid(f"Certificate {certificate.arn} cannot be exported.")
    if certificate.facts is None:
        raise in_progress()
    return certificate


def _invalid_state(text: str) -> AwsError:
    return AwsError("InvalidStateException", text)
