"""Listeners of both kinds of load balancers: create, describe, change, delete."""

from dataclasses import dataclass
from typing import Any

from ingress_aws.elbv2 import (
    action,
    arns,
    association,
    certificate,
    errors,
    kinds,
    listener_attributes,
    mutual_tls,
    network_listener,
    paging,
    ssl_policy,
    tag,
    target_balancer,
    visibility,
)
from ingress_aws.elbv2.store import Listener, LoadBalancer, Store, new_id

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wish:
    """A listener as it shall be, checked; equal wishes are idempotent."""

    port: int
    protocol: str
    ssl_policy: str | None
    certificate: str | None
    mutual_authentication: Json | None
    alpn_policy: str | None
    default_actions: list[Json]


def create(store: Store, request: Json) -> Json:
    """CreateListener; asking twice for the same is no error."""
    load_balancer = arns.load_balancer(store, request["LoadBalancerArn"])
    wish = _wish(store, request, load_balancer, None)
    tags = tag.checked(request.get("Tags"))
    standing = _on_port(load_balancer, wish.port)
    if standing is not None:
        if _as_wish(standing) != wish:
            raise errors.duplicate_listener(load_balancer.arn)
        return {"Listeners": [_view(standing)]}
    most = kinds.of(load_balancer).most_listeners.number(store.account)
    if len(load_balancer.listeners) >= most:
        text = "You have reached the maximum number of listeners for this load balancer"
        raise errors.too_many("TooManyListeners", text, most)
    mutual_tls.check_quota(store, load_balancer, wish.mutual_authentication, None)
    association.check(store, load_balancer, wish.protocol, wish.default_actions)
    made = Listener(
        arn=f"{load_balancer.arn.replace(':loadbalancer/', ':listener/')}/{new_id()}",
        load_balancer=load_balancer,
        port=wish.port,
        protocol=wish.protocol,
        ssl_policy=wish.ssl_policy,
        certificate=wish.certificate,
        mutual_authentication=wish.mutual_authentication,
        attributes=listener_attributes.defaults(wish.protocol),
        tags=tags,
        alpn_policy=wish.alpn_policy,
    )
    store.add_listener(made, wish.default_actions)
    return {"Listeners": [_view(made)]}


def describe(store: Store, request: Json) -> Json:
    """DescribeListeners; one that is missing fails the whole call."""
    wanted, load_balancer_arn = request.get("ListenerArns"), request.get("LoadBalancerArn")
    if bool(wanted) == bool(load_balancer_arn):
        raise errors.validation("Specify either a load balancer ARN or listener ARNs")
    if load_balancer_arn:
        there = arns.load_balancer(store, load_balancer_arn).listeners.values()
        found = visibility.of_listeners(store, there)
    else:
        found = [arns.listener(store, arn) for arn in dict.fromkeys(wanted or [])]
    return paging.answer("Listeners", found, request, _view)


def modify(store: Store, request: Json) -> Json:
    """ModifyListener: replaces what is given, keeps the rest; extra certificates always stay."""
    listener = arns.listener(store, request["ListenerArn"])
    load_balancer = listener.load_balancer
    wish = _wish(store, request, load_balancer, listener)
    if _on_port(load_balancer, wish.port) not in (None, listener):
        raise errors.listener_port_in_use(wish.port)
    if wish.port != listener.port:
        target_balancer.check_listener(store, listener)
    mutual_tls.check_quota(store, load_balancer, wish.mutual_authentication, listener)
    default_rule = listener.default_rule
    association.check(store, load_balancer, wish.protocol, wish.default_actions, default_rule)
    _check_rules(store, listener, wish)
    listener.attributes = listener_attributes.carried_over(listener.attributes, wish.protocol)
    listener.port, listener.protocol = wish.port, wish.protocol
    listener.ssl_policy, listener.certificate = wish.ssl_policy, wish.certificate
    listener.mutual_authentication = wish.mutual_authentication
    listener.alpn_policy = wish.alpn_policy
    if wish.protocol not in kinds.SECURE:
        listener.extra_certificates = []
    store.set_actions(default_rule, wish.default_actions)
    return {"Listeners": [_view(listener)]}


def delete(store: Store, request: Json) -> Json:
    """DeleteListener."""
    listener = arns.listener(store, request["ListenerArn"])
    target_balancer.check_listener(store, listener)
    store.remove_listener(listener)
    return {}


def _wish(store: Store, request: Json, balancer: LoadBalancer, standing: Listener | None) -> Wish:
    """What a request asks for, on top of the listener that stands, if one does."""
    protocol = request.get("Protocol") or (standing.protocol if standing else None)
    port = request.get("Port") or (standing.port if standing else None)
    if protocol is None or port is None:
        raise errors.validation("A listener needs a protocol and a port")
    kinds.check_protocol(kinds.of(balancer), protocol)
    network_listener.check_addresses(balancer, protocol)
    alpn = network_listener.alpn(request, protocol, standing.alpn_policy if standing else None)
    secure = protocol in kinds.SECURE
    _refuse_what_is_for_others(request, protocol)
    actions = standing.default_rule.actions if standing else []
    if request.get("DefaultActions") is not None or standing is None:
        given = request.get("DefaultActions") or []
        actions = action.canonical(store, given, protocol, port, standing=actions)
    if kinds.of(balancer) is kinds.NETWORK:
        network_listener.check_actions(actions)
    mutual = protocol == "HTTPS"
    return Wish(
        port=port,
        protocol=protocol,
        ssl_policy=_ssl_policy(request, standing) if secure else None,
        certificate=_certificate(store, request, protocol, standing) if secure else None,
        mutual_authentication=mutual_tls.canonical(store, request, standing) if mutual else None,
        alpn_policy=alpn,
        default_actions=actions,
    )


def _refuse_what_is_for_others(request: Json, protocol: str) -> None:
    """AWS's sentence for the SSL policy [P], and the like for the rest [M]."""
    words = {
        "SslPolicy": ("An SSL policy", kinds.SECURE),
        "Certificates": ("A certificate", kinds.SECURE),
        "MutualAuthentication": ("Mutual authentication", ("HTTPS",)),
    }
    for name, (thing, protocols) in words.items():
        if request.get(name) and protocol not in protocols:
            raise errors.validation(f"{thing} cannot be specified for {protocol} listeners")


def _ssl_policy(request: Json, standing: Listener | None) -> str:
    name = request.get("SslPolicy") or (standing.ssl_policy if standing else None)
    return ssl_policy.require(name or ssl_policy.DEFAULT)


def _certificate(store: Store, request: Json, protocol: str, standing: Listener | None) -> str:
    given = request.get("Certificates") or []
    if not given and standing is not None and standing.certificate is not None:
        return standing.certificate
    if not given:
        raise errors.validation(f"A certificate must be specified for {protocol} listeners")
    if len(given) > 1:
        raise errors.validation("A listener takes exactly one default certificate")
    # botocore: "Set CertificateArn to the certificate ARN but do not set IsDefault."
    if given[0].get("IsDefault") is not None or not given[0].get("CertificateArn"):
        raise errors.validation("A certificate is given by CertificateArn alone")
    return certificate.check(store, given[0]["CertificateArn"])


def _on_port(load_balancer: LoadBalancer, port: int) -> Listener | None:
    return next((each for each in load_balancer.listeners.values() if each.port == port), None)


def _as_wish(listener: Listener) -> Wish:
    return Wish(
        port=listener.port,
        protocol=listener.protocol,
        ssl_policy=listener.ssl_policy,
        certificate=listener.certificate,
        mutual_authentication=listener.mutual_authentication,
        alpn_policy=listener.alpn_policy,
        default_actions=listener.default_rule.actions,
    )


def _check_rules(store: Store, listener: Listener, wish: Wish) -> None:
    """A listener that changes port or protocol must still be able to do what its rules say."""
    if (wish.port, wish.protocol) == (listener.port, listener.protocol):
        return
    for actions in [wish.default_actions, *(rule.actions for rule in listener.rules.values())]:
        action.check_on(wish.protocol, wish.port, actions)
        association.check(store, listener.load_balancer, wish.protocol, actions)


def _view(listener: Listener) -> Json:
    """A listener as AWS gives it back; extra certificates are told elsewhere."""
    view: Json = {
        "ListenerArn": listener.arn,
        "LoadBalancerArn": listener.load_balancer.arn,
        "Port": listener.port,
        "Protocol": listener.protocol,
        "DefaultActions": listener.default_rule.actions,
    }
    if listener.protocol in kinds.SECURE:
        view["Certificates"] = [{"CertificateArn": listener.certificate}]
        view["SslPolicy"] = listener.ssl_policy
    if listener.protocol == "HTTPS":
        view["MutualAuthentication"] = listener.mutual_authentication
    if listener.alpn_policy is not None:
        view["AlpnPolicy"] = [listener.alpn_policy]
    return view
