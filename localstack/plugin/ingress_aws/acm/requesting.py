"""RequestCertificate: a certificate that waits for its domains to be proved."""

from datetime import timedelta
from typing import Any

from ingress_aws.acm import authority, dns_validation, issuing, quotas, tag
from ingress_aws.acm.certificate import PRIVATE, REQUESTED, Certificate, Validation
from ingress_aws.acm.errors import invalid, invalid_parameter, invalid_validation
from ingress_aws.acm.store import Store

# RequestCertificate in botocore's model: the common name has at most 64 bytes (RFC 5280), what
# can be requested, and how long a token stands for one certificate.
MAX_COMMON_NAME = 64
ALGORITHMS = ("RSA_2048", "EC_prime256v1", "EC_secp384r1")
TOKEN_LIFETIME = timedelta(hours=1)

# The API still asks by e-mail if the request does not say DNS.
DEFAULT_METHOD = "EMAIL"


def run(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Note the request; the same token within an hour gives the same certificate."""
    with store.lock:
        _check(request)
        wanted_tags = tag.read(request.get("Tags") or [])
        token = request.get("IdempotencyToken")
        if (known := _known(store, token)) is not None:
            return {"CertificateArn": known}
        certificate = _new(store, request, wanted_tags)
        quotas.check_request(store, len(certificate.domains))
        store.certificates[certificate.arn] = certificate
        store.requests.append(certificate.created_at)
        if token is not None:
            store.tokens[token] = (certificate.arn, certificate.created_at)
        return {"CertificateArn": certificate.arn}


def _new(store: Store, request: dict[str, Any], wanted_tags: dict[str, str]) -> Certificate:
    """The certificate that the request asks for; a private CA signs it at once."""
    private = request.get("CertificateAuthorityArn")
    options = request.get("Options") or {}
    certificate = Certificate(
        arn=store.new_arn(),
        type=REQUESTED if private is None else PRIVATE,
        status="PENDING_VALIDATION",
        domains=_domains(request),
        key_algorithm=_algorithm(request),
        created_at=store.now(),
        tags=wanted_tags,
        transparency_logging=options.get("CertificateTransparencyLoggingPreference") or "ENABLED",
        exporting=options.get("Export") or "DISABLED",
        authority_arn=private,
    )
    if private is None:
        certificate.validations = _validations(store, request, certificate.domains)
    else:
        _sign(store, certificate, private)
    return certificate


def _sign(store: Store, certificate: Certificate, ca: str) -> None:
    """Have a private CA sign; if it cannot, the request has failed."""
    signer = authority.find(store.account, ca)
    if isinstance(signer, str):
        certificate.status, certificate.failure = "FAILED", signer
    else:
        issuing.issue(certificate, store.now(), signer)


def _domains(request: dict[str, Any]) -> tuple[str, ...]:
    """DomainName first, then the alternative names in the order of the request."""
    asked = [request["DomainName"], *(request.get("SubjectAlternativeNames") or [])]
    return tuple(dict.fromkeys(domain.lower() for domain in asked))


def _algorithm(request: dict[str, Any]) -> str:
    return request.get("KeyAlgorithm") or ALGORITHMS[0]


def _check(request: dict[str, Any]) -> None:
    if len(request["DomainName"]) > MAX_COMMON_NAME:
        raise invalid(f"The first domain name can be no longer than {MAX_COMMON_NAME} characters.")
    if _algorithm(request) not in ALGORITHMS:
        raise invalid_parameter(f"{_algorithm(request)} keys can only be imported.")
    if request.get("ValidationMethod") == "HTTP":
        raise invalid_parameter("HTTP validation is for certificates that CloudFront manages.")


def _known(store: Store, token: str | None) -> str | None:
    arn, since = store.tokens.get(token or "", ("", None))
    if since is None or arn not in store.certificates:
        return None
    return arn if store.now() - since < TOKEN_LIFETIME else None


def _validations(
    store: Store, request: dict[str, Any], domains: tuple[str, ...]
) -> list[Validation]:
    method = request.get("ValidationMethod") or DEFAULT_METHOD
    asked = {
        option["DomainName"].lower(): option["ValidationDomain"]
        for option in request.get("DomainValidationOptions") or []
    }
    for domain, by in asked.items():
        base = domain.removeprefix("*.")
        if by.lower() != base and not base.endswith(f".{by.lower()}"):
            raise invalid_validation(f"{by} is not a superdomain of {domain}.")
    return [
        dns_validation.validation(store.account, domain, method, asked.get(domain, domain))
        for domain in domains
    ]
