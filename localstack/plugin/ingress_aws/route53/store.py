"""What an account has in Route 53. Other services read it here: ACM looks for its CNAMEs."""

import threading

from ingress_aws.accounts import AccountStores
from ingress_aws.route53 import identifiers
from ingress_aws.route53.change_log import ChangeLog
from ingress_aws.route53.errors import no_such_zone
from ingress_aws.route53.health_check import HealthCheck
from ingress_aws.route53.name import Name
from ingress_aws.route53.record_set import RecordSet
from ingress_aws.route53.zone import Zone

# Route 53 has no regions; the key must be something.
REGION = "global"


class Store:
    """The zones and changes of one account. Hold `lock` while reading or writing."""

    def __init__(self, account: str, region: str) -> None:
        del region
        self.account = account
        self.lock = threading.RLock()
        self.zones: dict[str, Zone] = {}
        self.changes = ChangeLog(account)
        self.health_checks: dict[str, HealthCheck] = {}
        self.health_check_references: set[str] = set()
        self.health_check_tags: dict[str, dict[str, str]] = {}
        # A reference stays taken after its zone, or its health check, is deleted.
        self.caller_references: set[str] = set()

    def zone(self, given: str) -> Zone:
        """The zone that a request names, with or without `/hostedzone/` before the id."""
        zone_id = identifiers.bare(given)
        if zone_id not in self.zones:
            raise no_such_zone(zone_id)
        return self.zones[zone_id]


stores: AccountStores[Store] = AccountStores(Store)


def store_of(account: str) -> Store:
    """The one store of an account."""
    return stores.get(account, REGION)


def public_record_sets(account: str, name: Name, record_type: str) -> list[RecordSet]:
    """What the world would get for a name: the sets in the longest public zone that covers it.

    The zones of other accounts are out of sight, as tests are kept apart by account.
    """
    store = store_of(account)
    with store.lock:
        zones = [zone for zone in store.zones.values() if not zone.private]
        covering = [zone for zone in zones if name.is_within(zone.name)]
        if not covering:
            return []
        longest = max(len(zone.name.labels) for zone in covering)
        # Several public zones can share a name and nothing here says which one is delegated to.
        return [
            record_set
            for zone in covering
            if len(zone.name.labels) == longest
            for (kind, _), record_set in zone.records.at(name).items()
            if kind == record_type
        ]
