"""What there is of EC2 beside moto's state, and the lock under which both are changed."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ingress_aws.accounts import AccountStores
from ingress_aws.ec2 import backend

Json = dict[str, Any]


@dataclass(slots=True, eq=False)
class Pool:
    """An IPAM pool or a pool of customer-owned addresses, as EC2 describes it."""

    id: str
    settings: Json
    tags: list[Json] = field(default_factory=list)


class Store:
    """One account's EC2 in one region. Taken after ELBv2's lock, never before it."""

    def __init__(self, account: str, region: str) -> None:
        self.account = account
        self.region = region
        self.lock = threading.RLock()
        self.ipam_pools: dict[str, Pool] = {}
        self.coip_pools: dict[str, Pool] = {}
        # When each security group was made here, and when each interface of a deleted load
        # balancer goes.
        self.made: dict[str, float] = {}
        self.leaving: dict[str, float] = {}
        # Which interfaces belong to which load balancer, by the subnet they are in.
        self.load_balancers: dict[str, dict[str, str]] = {}

    @property
    def moto(self) -> Any:
        """moto's part."""
        return backend.of(self.account, self.region)


def tags_of(resource: Any) -> dict[str, str]:
    """The tags of a resource of EC2. Moto would look through those of all resources for them."""
    return dict(resource.ec2_backend.tags.get(resource.id, {}))


def forget_tags(store: Store, resources: Iterable[str]) -> None:
    """What is gone has no tags any more; moto keeps them by id, beside the resources."""
    for resource in resources:
        store.moto.tags.pop(resource, None)


STORES = AccountStores(Store)
