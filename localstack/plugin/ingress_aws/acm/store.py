"""What an account has in ACM in one region, and how other services find a certificate.

Locks are always taken in the order ELBv2, ACM, Route 53: ELBv2 asks here while it holds its own
lock, so nothing here may ask ELBv2 while holding this one.
"""

import threading
import uuid
from datetime import datetime

from ingress_aws import clock
from ingress_aws.accounts import AccountStores
from ingress_aws.acm import dns_validation, renewal
from ingress_aws.acm.certificate import Certificate
from ingress_aws.acm.errors import not_found
from ingress_aws.dataplane.changes import CHANGES
from ingress_aws.elbv2 import regions


class Store:
    """The certificates of one account and region. Hold `lock` while reading or writing."""

    def __init__(self, account: str, region: str) -> None:
        self.account = account
        self.region = region
        self.lock = threading.RLock()
        self.certificates: dict[str, Certificate] = {}
        # When each certificate came, deleted ones included: what the yearly quotas count.
        self.imports: list[datetime] = []
        self.requests: list[datetime] = []
        # Which certificate a client's token stands for, and since when.
        self.tokens: dict[str, tuple[str, datetime]] = {}

    def new_arn(self) -> str:
        """The ARN of a certificate to come."""
        partition = regions.partition(self.region)
        return f"arn:{partition}:acm:{self.region}:{self.account}:certificate/{uuid.uuid4()}"

    def now(self) -> datetime:
        """The account's time."""
        return clock.moment(self.account)

    def find(self, arn: str) -> Certificate:
        """The certificate with this ARN, in the state that it has by now."""
        certificate = self.certificates.get(arn)
        if certificate is None:
            raise not_found(arn)
        self._settle(certificate)
        return certificate

    def all(self) -> list[Certificate]:
        """Every certificate, oldest first, in the state that it has by now."""
        for certificate in self.certificates.values():
            self._settle(certificate)
        return list(self.certificates.values())

    def _settle(self, certificate: Certificate) -> None:
        """Time and DNS go on without anybody calling ACM, so their effects come with a read."""
        # Imported here because ELBv2's modules import this one.
        from ingress_aws.elbv2 import certificate_use

        now, facts = self.now(), certificate.facts
        dns_validation.look(self.account, certificate, now)
        used = certificate_use.is_used(self.account, self.region, certificate.arn)
        renewal.run(self.account, certificate, now, used=used)
        certificate.expire(now)
        if certificate.facts is not facts:
            CHANGES.note(("elbv2", self.account, self.region), {certificate.arn})


stores: AccountStores[Store] = AccountStores(Store)


def find_certificate(account: str, region: str, arn: str) -> Certificate | None:
    """A certificate for another service, or None; its `status` says whether it can be used."""
    store = stores.get(account, region)
    with store.lock:
        return store.find(arn) if arn in store.certificates else None


def users(account: str, region: str, arn: str) -> list[str]:
    """The load balancers that use a certificate: ACM's InUseBy. Not to be called under `lock`."""
    # Imported here because ELBv2's modules import this one.
    from ingress_aws.elbv2 import certificate_use

    return certificate_use.users(account, region, arn)
