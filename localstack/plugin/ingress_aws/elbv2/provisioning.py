"""How long a new load balancer is not ready."""

from ingress_aws import clock
from ingress_aws.elbv2.store import LoadBalancer, Store
from ingress_aws.settings import knob

PROVISIONING = knob(
    "elbv2.load-balancer-provisioning-seconds",
    0,
    "how long a new load balancer is 'provisioning'; on AWS 1 to 3 minutes",
)


def lasts(store: Store, load_balancer: LoadBalancer) -> bool:
    """Whether a load balancer is still being made."""
    age = clock.now(store.account) - load_balancer.created
    return age < (PROVISIONING.of(store.account) or 0)
