"""The certificates that a listener has besides its default one, for SNI."""

from typing import Any

from ingress_aws.elbv2 import arns, certificate, errors, kinds, limits, paging
from ingress_aws.elbv2.store import Listener, LoadBalancer, Store

Json = dict[str, Any]


def add(store: Store, request: Json) -> Json:
    """AddListenerCertificates; adding one that is there is no error."""
    listener = _secure(arns.listener(store, request["ListenerArn"]))
    arn = certificate.check(store, _one(request))
    if arn not in listener.extra_certificates:
        most = limits.CERTIFICATES.number(store.account)
        if len(_counted(listener.load_balancer) | {arn}) > most:
            text = "You have reached the maximum number of certificates for this load balancer"
            raise errors.too_many("TooManyCertificates", text, most)
        listener.extra_certificates.append(arn)
    return {"Certificates": [{"CertificateArn": arn, "IsDefault": False}]}


def remove(store: Store, request: Json) -> Json:
    """RemoveListenerCertificates; one that is not there is no error, but the default stays."""
    listener = arns.listener(store, request["ListenerArn"])
    arn = _one(request)
    if arn in listener.extra_certificates:
        listener.extra_certificates.remove(arn)
    elif arn == listener.certificate:
        raise errors.not_permitted("Default certificate cannot be removed")
    return {}


def describe(store: Store, request: Json) -> Json:
    """DescribeListenerCertificates; a default that is also in the list is told twice."""
    listener = arns.listener(store, request["ListenerArn"])
    default = [listener.certificate] if listener.certificate else []
    found = [{"CertificateArn": arn, "IsDefault": True} for arn in default]
    found += [{"CertificateArn": arn, "IsDefault": False} for arn in listener.extra_certificates]
    return paging.answer("Certificates", found, request)


def _one(request: Json) -> str:
    """botocore: "You can specify one certificate per call", and without IsDefault."""
    given = request["Certificates"]
    if len(given) != 1:
        raise errors.validation("Exactly one certificate can be specified in a call")
    if given[0].get("IsDefault") is not None or not given[0].get("CertificateArn"):
        raise errors.validation("A certificate is given by CertificateArn alone")
    return str(given[0]["CertificateArn"])


def _secure(listener: Listener) -> Listener:
    if listener.protocol not in kinds.SECURE:
        raise errors.validation("Certificates can be added only to HTTPS and TLS listeners")
    return listener


def _counted(load_balancer: LoadBalancer) -> set[str]:
    """What the quota counts: every extra certificate of the load balancer, once."""
    listeners = load_balancer.listeners.values()
    return {arn for listener in listeners for arn in listener.extra_certificates}
