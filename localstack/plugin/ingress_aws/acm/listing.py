"""ListCertificates: filters, order and pages."""

import base64
import binascii
from typing import Any

from ingress_aws.acm import describing
from ingress_aws.acm.certificate import Certificate
from ingress_aws.errors import AwsError

# MaxItems in botocore's model; what is given when it is left out is not documented.
MAX_PAGE = 1000

# Filters in botocore's model: "Default filtering returns only RSA_1024 and RSA_2048 certificates
# that have at least one domain."
DEFAULT_KEY_TYPES = ("RSA_1024", "RSA_2048")


def page(
    certificates: list[Certificate], request: dict[str, Any]
) -> tuple[list[Certificate], str | None]:
    """One page of the certificates that pass every filter, and the token of the next page."""
    if bool(request.get("SortBy")) != bool(request.get("SortOrder")):
        raise _invalid_args("SortBy and SortOrder are needed together.")
    matching = [one for one in certificates if _passes(one, request)]
    if request.get("SortBy"):
        descending = request["SortOrder"] == "DESCENDING"
        matching.sort(key=lambda one: one.created_at, reverse=descending)
    start = _start(request.get("NextToken"))
    end = start + (request.get("MaxItems") or MAX_PAGE)
    following = base64.b64encode(str(end).encode()).decode() if end < len(matching) else None
    return matching[start:end], following


def _passes(certificate: Certificate, request: dict[str, Any]) -> bool:
    statuses = request.get("CertificateStatuses")
    filters = request.get("Includes") or {}
    key_types = filters.get("keyTypes") or DEFAULT_KEY_TYPES
    usages = filters.get("keyUsage")
    extended = filters.get("extendedKeyUsage")
    return (
        (not statuses or certificate.status in statuses)
        and certificate.key_algorithm in key_types
        and (bool(filters.get("keyTypes")) or bool(certificate.domains))
        and (not usages or not set(usages).isdisjoint(describing.key_usages(certificate)))
        and (
            not extended
            or not set(extended).isdisjoint(describing.extended_key_usages(certificate))
        )
        # Nothing here can be exported or is managed by another service.
        and filters.get("exportOption") != "ENABLED"
        and not filters.get("managedBy")
    )


def _start(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return max(0, int(base64.b64decode(token, validate=True)))
    except (ValueError, binascii.Error) as reason:
        raise _invalid_args("The NextToken is not one that this service gave out.") from reason


def _invalid_args(reason: str) -> AwsError:
    return AwsError("InvalidArgsException", reason)
