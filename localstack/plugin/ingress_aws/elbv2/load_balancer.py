"""Load balancers of both kinds: create, describe, change, delete."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from ingress_aws import clock
from ingress_aws.elbv2 import (
    arns,
    association,
    capacity,
    errors,
    fixed_addresses,
    kinds,
    load_balancer_attributes,
    names,
    network,
    paging,
    placement,
    provisioning,
    tag,
    target_balancer,
    visibility,
)
from ingress_aws.elbv2.kinds import Kind
from ingress_aws.elbv2.store import LoadBalancer, Store, new_id

Json = dict[str, Any]

# botocore: "You can specify up to 20 load balancers in a single call".
MOST_DESCRIBED = 20
GUARDS = "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"
OF_NETWORK = ("EnablePrefixForIpv6SourceNat", GUARDS)


@dataclass(frozen=True, slots=True)
class Wish:
    """What CreateLoadBalancer asks for, checked; equal wishes are idempotent."""

    type: str
    scheme: str
    ip_address_type: str
    fixed_addresses: frozenset[str]
    zones: frozenset[tuple[str, str]]
    security_groups: frozenset[str]
    ipv4_pool: str | None
    customer_owned_pool: str | None
    tags: frozenset[tuple[str, str]]


def create(store: Store, request: Json) -> Json:
    """CreateLoadBalancer; asking twice for the same is no error."""
    kind = kinds.asked(request)
    made = _made(store, request, kind)
    standing = _by_name(store).get(made.name)
    if standing is not None:
        if _wish(standing) != _wish(made):
            raise errors.duplicate_load_balancer(made.name)
        return {"LoadBalancers": [_view(store, standing, "provisioning")]}
    most = kind.most.number(store.account)
    if sum(one.type == kind.type for one in store.load_balancers.values()) >= most:
        text = "You have reached the maximum number of load balancers"
        raise errors.too_many("TooManyLoadBalancers", text, most)
    network.place_interfaces(store, made)
    store.load_balancers[made.arn] = made
    return {"LoadBalancers": [_view(store, made, "provisioning")]}


def _made(store: Store, request: Json, kind: Kind) -> LoadBalancer:
    """The load balancer that is asked for, checked."""
    name = request["Name"]
    _check_name(name)
    _check_not_of_network(request, kind)
    scheme = request.get("Scheme", "internet-facing")
    wanted = placement.wanted_subnets(request, kind)
    subnets = placement.check_subnets(store, wanted, scheme, kind)
    address_type = placement.check_address_type(
        kind, scheme, request.get("IpAddressType", "ipv4"), subnets
    )
    if request.get("CustomerOwnedIpv4Pool"):
        # No subnet here is on an Outpost.
        raise errors.not_on_an_outpost()
    pool = _checked_pool(store, request)
    vpc = subnets[0].vpc
    groups = placement.check_security_groups(store, request.get("SecurityGroups") or [], vpc)
    if not groups and kind is kinds.APPLICATION:
        groups = network.default_security_group(store, vpc)
    own = new_id()
    made = LoadBalancer(
        arn=store.arn(f"loadbalancer/{kind.path}/{name}/{own}"),
        name=name,
        dns_name=kinds.dns_name(kind, store.region, name, scheme, own),
        scheme=scheme,
        vpc=vpc,
        ip_address_type=address_type,
        zones={subnet.id: subnet.zone for subnet in subnets},
        security_groups=groups,
        created=clock.now(store.account),
        attributes=load_balancer_attributes.defaults(kind.attributes, scheme),
        tags=tag.checked(request.get("Tags")),
        ipv4_pool=pool,
        customer_owned_pool=request.get("CustomerOwnedIpv4Pool"),
        type=kind.type,
    )
    made.fixed_addresses = fixed_addresses.checked(store, request, subnets, made)
    if kind is kinds.NETWORK and groups:
        made.guards_private_link = request.get(GUARDS, "on")
    return made


def describe(store: Store, request: Json) -> Json:
    """DescribeLoadBalancers; one that is missing fails the whole call."""
    wanted_arns, wanted_names = request.get("LoadBalancerArns"), request.get("Names")
    if len(wanted_arns or wanted_names or []) > MOST_DESCRIBED:
        text = f"Cannot have more than {MOST_DESCRIBED} load balancers described"
        raise errors.validation(text)
    if wanted_arns and wanted_names:
        raise errors.validation("Load balancer names and ARNs cannot be specified together")
    shown = store.load_balancers | visibility.departing(store)
    if wanted_arns:
        for arn in wanted_arns:
            arns.require(store, arn, arns.LOAD_BALANCER)
        found = _all_of(wanted_arns, shown)
    elif wanted_names:
        found = _all_of(wanted_names, {lb.name: lb for lb in shown.values()} | _by_name(store))
    else:
        found = list(shown.values())
    return paging.answer("LoadBalancers", found, request, partial(_view, store))


def delete(store: Store, request: Json) -> Json:
    """DeleteLoadBalancer; of one that is gone it is a success."""
    arn = request["LoadBalancerArn"]
    arns.require(store, arn, arns.LOAD_BALANCER)
    load_balancer = store.load_balancers.get(arn)
    if load_balancer is None:
        return {}
    if load_balancer.attributes["deletion_protection.enabled"] == "true":
        raise errors.deletion_protected(arn)
    target_balancer.check_deletion(store, load_balancer)
    store.remove_load_balancer(load_balancer)
    visibility.depart(store, load_balancer)
    network.release_interfaces(store, load_balancer)
    return {}


def set_security_groups(store: Store, request: Json) -> Json:
    """SetSecurityGroups; a Network Load Balancer that was made without any gets none."""
    load_balancer = arns.load_balancer(store, request["LoadBalancerArn"])
    _check_not_of_network(request, kinds.of(load_balancer))
    if not load_balancer.security_groups:
        # botocore has the rule, and declares this code.
        raise errors.no_security_groups(load_balancer.type)
    if not request["SecurityGroups"]:
        raise errors.validation("At least one security group must be specified")
    load_balancer.security_groups = placement.check_security_groups(
        store, request["SecurityGroups"], load_balancer.vpc
    )
    network.place_interfaces(store, load_balancer)
    if load_balancer.guards_private_link is None:
        return {"SecurityGroupIds": load_balancer.security_groups}
    load_balancer.guards_private_link = request.get(GUARDS, load_balancer.guards_private_link)
    return {
        "SecurityGroupIds": load_balancer.security_groups,
        GUARDS: load_balancer.guards_private_link,
    }


def set_subnets(store: Store, request: Json) -> Json:
    """SetSubnets."""
    load_balancer = arns.load_balancer(store, request["LoadBalancerArn"])
    kind = kinds.of(load_balancer)
    _check_not_of_network(request, kind)
    capacity.require_settled(store, load_balancer)
    wanted = placement.wanted_subnets(request, kind)
    placement.check_vpc(store, wanted, load_balancer.vpc)
    subnets = placement.check_subnets(store, wanted, load_balancer.scheme, kind)
    address_type = placement.check_address_type(
        kind,
        load_balancer.scheme,
        request.get("IpAddressType", load_balancer.ip_address_type),
        subnets,
    )
    association.check_address_type(store, load_balancer, address_type)
    given = fixed_addresses.checked(store, request, subnets, load_balancer)
    standing = load_balancer.fixed_addresses
    load_balancer.fixed_addresses = {
        subnet.id: kept
        for subnet in subnets
        if (kept := given.get(subnet.id) or standing.get(subnet.id))
    }
    load_balancer.zones = {subnet.id: subnet.zone for subnet in subnets}
    load_balancer.ip_address_type = address_type
    network.place_interfaces(store, load_balancer)
    return {"AvailabilityZones": _zones(load_balancer), "IpAddressType": address_type}


def set_ip_address_type(store: Store, request: Json) -> Json:
    """SetIpAddressType."""
    load_balancer = arns.load_balancer(store, request["LoadBalancerArn"])
    standing = [network.subnet(store, subnet) for subnet in load_balancer.zones]
    wanted = placement.check_address_type(
        kinds.of(load_balancer),
        load_balancer.scheme,
        request["IpAddressType"],
        [one for one in standing if one],
    )
    association.check_address_type(store, load_balancer, wanted)
    load_balancer.ip_address_type = wanted
    network.place_interfaces(store, load_balancer)
    return {"IpAddressType": load_balancer.ip_address_type}


def modify_ip_pools(store: Store, request: Json) -> Json:
    """ModifyIpPools."""
    load_balancer = arns.load_balancer(store, request["LoadBalancerArn"])
    pool = _checked_pool(store, request)
    removed = request.get("RemoveIpamPools") or []
    if pool and removed:
        raise errors.validation("A pool cannot be set and removed in the same call")
    if removed:
        load_balancer.ipv4_pool = None
    elif pool:
        load_balancer.ipv4_pool = pool
    return _ipam_pools(load_balancer)


def _checked_pool(store: Store, request: Json) -> str | None:
    """The IPAM pool that is asked for.

    AWS's guide, "Update the IPAM IP address pools": one "must first be created within IPAM". The
    code is from memory.
    """
    pool = (request.get("IpamPools") or {}).get("Ipv4IpamPoolId")
    if pool and not network.has_ipam_pool(store, pool):
        raise errors.validation(f"The IPAM pool '{pool}' does not exist")
    return pool or None


def _check_name(name: str) -> None:
    names.check("load balancer", name)
    if name.startswith("internal-"):
        raise errors.validation(f"The load balancer name '{name}' cannot begin with 'internal-'")


def _check_not_of_network(request: Json, kind: Kind) -> None:
    """Refuse what botocore's documentation has for Network Load Balancers only [M]."""
    for name in OF_NETWORK:
        if request.get(name) and kind is not kinds.NETWORK:
            raise errors.configuration(f"{name} is not supported for application load balancers")


def _wish(load_balancer: LoadBalancer) -> Wish:
    return Wish(
        type=load_balancer.type,
        scheme=load_balancer.scheme,
        ip_address_type=load_balancer.ip_address_type,
        fixed_addresses=frozenset(
            f"{subnet} {told}" for subnet, told in load_balancer.fixed_addresses.items()
        ),
        zones=frozenset(load_balancer.zones.items()),
        security_groups=frozenset(load_balancer.security_groups),
        ipv4_pool=load_balancer.ipv4_pool,
        customer_owned_pool=load_balancer.customer_owned_pool,
        tags=frozenset(load_balancer.tags.items()),
    )


def _by_name(store: Store) -> dict[str, LoadBalancer]:
    return {lb.name: lb for lb in store.load_balancers.values()}


def _all_of(wanted: list[str], there: dict[str, LoadBalancer]) -> list[LoadBalancer]:
    missing = [name for name in wanted if name not in there]
    if missing:
        raise errors.load_balancers_not_found(missing)
    return [there[name] for name in dict.fromkeys(wanted)]


def _state(store: Store, load_balancer: LoadBalancer) -> str:
    return "provisioning" if provisioning.lasts(store, load_balancer) else "active"


def _zones(load_balancer: LoadBalancer) -> list[Json]:
    return [
        {
            "ZoneName": zone,
            "SubnetId": subnet,
            "LoadBalancerAddresses": [
                told for of, told in load_balancer.fixed_addresses.items() if of == subnet
            ],
        }
        for subnet, zone in load_balancer.zones.items()
    ]


def _ipam_pools(load_balancer: LoadBalancer) -> Json:
    if load_balancer.ipv4_pool is None:
        return {}
    return {"IpamPools": {"Ipv4IpamPoolId": load_balancer.ipv4_pool}}


def _view(store: Store, load_balancer: LoadBalancer, state: str | None = None) -> Json:
    view = {
        "LoadBalancerArn": load_balancer.arn,
        "DNSName": load_balancer.dns_name,
        "CanonicalHostedZoneId": kinds.of(load_balancer).zone_id(store.region),
        "CreatedTime": clock.as_moment(load_balancer.created),
        "LoadBalancerName": load_balancer.name,
        "Scheme": load_balancer.scheme,
        "VpcId": load_balancer.vpc,
        "State": {"Code": state or _state(store, load_balancer)},
        "Type": load_balancer.type,
        "AvailabilityZones": _zones(load_balancer),
        "IpAddressType": load_balancer.ip_address_type,
        **_ipam_pools(load_balancer),
    }
    if load_balancer.security_groups:
        view["SecurityGroups"] = load_balancer.security_groups
    if load_balancer.guards_private_link is not None:
        view[GUARDS] = load_balancer.guards_private_link
    if load_balancer.customer_owned_pool is not None:
        view["CustomerOwnedIpv4Pool"] = load_balancer.customer_owned_pool
    return view
