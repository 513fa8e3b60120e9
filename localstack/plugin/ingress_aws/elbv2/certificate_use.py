"""Who uses which certificate, as ACM learns of it: some time after it is so, both ways."""

from ingress_aws import clock
from ingress_aws.elbv2.store import STORES, Store
from ingress_aws.settings import knob

LATE = knob(
    "acm.in-use-seconds", 0, "how late ACM learns that a load balancer uses a certificate, or not"
)


def note(store: Store) -> None:
    """Write down what has changed; called under the store's lock after each write."""
    if not LATE.of(store.account):
        return
    now, uses = clock.now(store.account), _now(store)
    for use in uses:
        since, until = store.certificate_uses.get(use, (now, None))
        store.certificate_uses[use] = (since if until is None else now, None)
    for use, (since, until) in store.certificate_uses.items():
        if until is None and use not in uses:
            store.certificate_uses[use] = (since, now)


def users(account: str, region: str, arn: str) -> list[str]:
    """The ARNs of the load balancers whose listeners use a certificate: ACM's InUseBy."""
    store = STORES.get(account, region)
    late = LATE.of(account) or 0
    with store.lock:
        if not late:
            return [user for certificate, user in _now(store) if certificate == arn]
        now = clock.now(account)
        return [
            user
            for (certificate, user), (since, until) in store.certificate_uses.items()
            if certificate == arn and now - since >= late and (until is None or now - until < late)
        ]


def is_used(account: str, region: str, arn: str) -> bool:
    """Whether any listener has a certificate.

    Asked without the store's lock: ACM asks it under its own, which is taken after this one.
    """
    return any(
        arn == listener.certificate or arn in listener.extra_certificates
        for listener in list(STORES.get(account, region).listeners.values())
    )


def _now(store: Store) -> dict[tuple[str, str], None]:
    """Every certificate with every load balancer that uses it, in order."""
    return {
        (certificate, load_balancer.arn): None
        for load_balancer in store.load_balancers.values()
        for listener in load_balancer.listeners.values()
        for certificate in [listener.certificate, *listener.extra_certificates]
        if certificate is not None
    }
