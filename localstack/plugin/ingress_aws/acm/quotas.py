"""Whether one more certificate may be requested or imported."""

from datetime import datetime, timedelta

from ingress_aws.acm import limits
from ingress_aws.acm.certificate import IMPORTED, REQUESTED, Certificate
from ingress_aws.acm.errors import limit_exceeded
from ingress_aws.acm.store import Store
from ingress_aws.settings import Knob

YEAR = timedelta(days=365)


def check_request(store: Store, names: int) -> None:
    """Whether one more certificate with so many names may be requested."""
    most = limits.NAMES.number(store.account)
    if names > most:
        raise limit_exceeded(f"A certificate can have at most {most} domain names.")
    _check_count(store, REQUESTED, limits.REQUESTED)
    _check_year(store, store.requests, limits.REQUESTED_YEARLY)


def check_import(store: Store, current: Certificate | None) -> None:
    """Whether one more import is allowed; replacing a certificate adds none to the region."""
    if current is None:
        _check_count(store, IMPORTED, limits.IMPORTED)
    _check_year(store, store.imports, limits.IMPORTED_YEARLY)


def _check_count(store: Store, kind: str, most: Knob) -> None:
    held = sum(certificate.type == kind for certificate in store.certificates.values())
    if held >= most.number(store.account):
        raise limit_exceeded(
            "You have reached the maximum number of certificates. "
            "Delete certificates that are not in use, or contact AWS Support."
        )


def _check_year(store: Store, moments: list[datetime], most: Knob) -> None:
    since = store.now() - YEAR
    if sum(moment > since for moment in moments) >= most.number(store.account):
        raise limit_exceeded("You have reached the maximum number of certificates of a year.")
