"""A certificate as ACM keeps it, imported or requested."""

from dataclasses import dataclass, field
from datetime import datetime

from ingress_aws.acm.facts import Facts
from ingress_aws.acm.pem import Pem

IMPORTED = "IMPORTED"
REQUESTED = "AMAZON_ISSUED"
PRIVATE = "PRIVATE"


@dataclass
class Validation:
    """The proof that the requester owns a domain: a CNAME that only ACM knows beforehand."""

    domain: str
    method: str
    validation_domain: str
    record_name: str
    record_value: str
    succeeded: bool = False


@dataclass
class Renewal:
    """How the last renewal went, and when that became so."""

    status: str
    since: datetime


@dataclass
class Certificate:
    """One certificate. `facts` and `pem` are missing until a requested one is issued."""

    arn: str
    type: str
    status: str
    domains: tuple[str, ...]
    key_algorithm: str
    created_at: datetime
    tags: dict[str, str] = field(default_factory=dict)
    facts: Facts | None = None
    pem: Pem | None = None
    imported_at: datetime | None = None
    issued_at: datetime | None = None
    transparency_logging: str = "DISABLED"
    exporting: str = "DISABLED"
    authority_arn: str | None = None
    validations: list[Validation] = field(default_factory=list)
    failure: str | None = None
    renewal: Renewal | None = None

    def expire(self, now: datetime) -> None:
        """An issued certificate whose time is over says so; an import of a new one revives it."""
        if self.status == "ISSUED" and self.facts is not None and now > self.facts.not_after:
            self.status = "EXPIRED"
