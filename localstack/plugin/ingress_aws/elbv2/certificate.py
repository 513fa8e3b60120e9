"""What ELBv2 asks ACM before it uses a certificate."""

from ingress_aws.elbv2 import errors, regions
from ingress_aws.elbv2.store import Store


def check(store: Store, arn: str) -> str:
    """The ARN, if it names a certificate that a listener can use."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[2] not in ("acm", "iam"):
        raise errors.certificate_not_found(arn)
    if parts[2] == "acm":
        _check_acm(store, arn, region=parts[3], account=parts[4])
    else:
        _check_iam(store, arn)
    return arn


def _check_iam(store: Store, arn: str) -> None:
    """Server certificates of IAM are moto's."""
    from moto.iam.models import iam_backends

    known = iam_backends[store.account][regions.partition(store.region)].certificates.values()
    if not any(certificate.arn == arn for certificate in known):
        raise errors.certificate_not_found(arn)


def _check_acm(store: Store, arn: str, region: str, account: str) -> None:
    # Imported late: the two services know each other, and neither needs the other to start.
    from ingress_aws.acm.store import find_certificate

    if (region, account) != (store.region, store.account):
        raise errors.certificate_not_found(arn)
    certificate = find_certificate(account, region, arn)
    if certificate is None:
        raise errors.certificate_not_found(arn)
    if certificate.status != "ISSUED":
        raise errors.unsupported_certificate(arn)
