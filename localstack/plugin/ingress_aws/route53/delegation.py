"""The name servers of a zone and the two record sets that every zone is born with."""

import secrets

from ingress_aws.route53.name import Name
from ingress_aws.route53.record_set import RecordSet

# Route 53's servers stand under four suffixes, 512 numbers each, eight numbers to an
# `awsdns-NN`: ns-0 to ns-511 under com, ns-512 on under net, and so on.
SUFFIXES = ("com", "net", "org", "co.uk")
SERVERS_PER_SUFFIX = 512
SERVERS_PER_GROUP = 8

# What Route 53 writes into a new zone (SOA and NS sections of the developer guide).
NS_TTL = 172_800
SOA_TTL = 900
SOA_REST = "awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"


def public_servers() -> tuple[str, ...]:
    """Four servers, one of each suffix, in no special order."""
    servers = [
        _server(suffix, secrets.randbelow(SERVERS_PER_SUFFIX)) for suffix in range(len(SUFFIXES))
    ]
    secrets.SystemRandom().shuffle(servers)
    return tuple(servers)


def private_servers() -> tuple[str, ...]:
    """Every private zone names the same four, the last suffix first."""
    return tuple(_server(suffix, 0) for suffix in (3, 0, 2, 1))


def first_record_sets(zone: Name, servers: tuple[str, ...]) -> list[RecordSet]:
    """The NS and SOA sets of a new zone."""
    name_servers = tuple(f"{server}." for server in servers)
    return [
        RecordSet(zone, "NS", ttl=NS_TTL, values=name_servers),
        RecordSet(zone, "SOA", ttl=SOA_TTL, values=(f"{name_servers[0]} {SOA_REST}",)),
    ]


def _server(suffix: int, offset: int) -> str:
    number = suffix * SERVERS_PER_SUFFIX + offset
    return f"ns-{number}.awsdns-{offset // SERVERS_PER_GROUP:02}.{SUFFIXES[suffix]}"
