"""The private CAs that sign certificates: those of AWS Private CA in the same account."""

import re
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

ARN = re.compile(
    r"arn:[a-z-]+:acm-pca:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):certificate-authority/.+"
)
# FailureReason in botocore's documentation: why a private certificate is not issued.
INVALID_ARN, NOT_FOUND, INVALID_STATE = (
    "PCA_INVALID_ARN", "PCA_RESOURCE_NOT_FOUND", "PCA_INVALID_STATE",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Signer:
    """A CA that can sign."""

    certificate: x509.Certificate
    key: Any
    chain: str  # what leads from it to its root, as PEM

    @property
    def name(self) -> str:
        """How ACM tells who has signed."""
        names = self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return str(names[0].value) if names else self.certificate.subject.rfc4514_string()


def find(account: str, arn: str) -> Signer | str:
    """The CA, or the reason for which it cannot sign."""
    # Imported late: moto's services take a while to load.
    from moto.acmpca.models import acmpca_backends

    parts = ARN.fullmatch(arn)
    if parts is None:
        return INVALID_ARN
    authorities = acmpca_backends[account][parts["region"]].certificate_authorities
    found = authorities.get(arn) if parts["account"] == account else None
    if found is None:
        return NOT_FOUND
    if found.status != "ACTIVE" or found.certificate is None:
        return INVALID_STATE
    chain = (found.certificate_chain or b"").decode()
    return Signer(found.certificate, found.key, chain)
