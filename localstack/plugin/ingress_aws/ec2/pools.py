"""Address pools: of IPAM, and customer-owned ones of an Outpost. Only what names them is here."""

import secrets
from typing import Any

from ingress_aws.ec2 import filters, paging
from ingress_aws.ec2.errors import invalid, missing
from ingress_aws.ec2.group_lookup import arn
from ingress_aws.ec2.store import Pool, Store
from ingress_aws.errors import AwsError

Json = dict[str, Any]

IPAM, COIP = "ipam-pool", "coip-pool"


def create_ipam_pool(store: Store, request: Json) -> Json:
    """CreateIpamPool; the scope is taken on trust, since IPAMs are not here."""
    for name in ("IpamScopeId", "AddressFamily"):
        if not request.get(name):
            raise missing(name)
    if request["AddressFamily"] not in ("ipv4", "ipv6"):
        raise invalid(f"Invalid value '{request['AddressFamily']}' for AddressFamily")
    told = ("AddressFamily", "Locale", "Description", "PublicIpSource", "AwsService")
    pool = _new(store, IPAM, request)
    pool.settings |= {name: request[name] for name in told if request.get(name) is not None}
    pool.settings["State"] = "create-complete"
    store.ipam_pools[pool.id] = pool
    return {"IpamPool": _ipam(store, pool)}


def delete_ipam_pool(store: Store, request: Json) -> Json:
    """DeleteIpamPool."""
    wanted = request.get("IpamPoolId")
    if wanted not in store.ipam_pools:
        raise _not_found("InvalidIpamPoolId.NotFound", wanted)
    pool = store.ipam_pools.pop(wanted)
    return {"IpamPool": _ipam(store, pool) | {"State": "delete-in-progress"}}


def describe_ipam_pools(store: Store, request: Json) -> Json:
    """DescribeIpamPools."""
    wanted = request.get("IpamPoolIds") or []
    found = _selected(store.ipam_pools, wanted, request, "InvalidIpamPoolId.NotFound")
    return paging.answer("IpamPools", [_ipam(store, pool) for pool in found], request)


def create_coip_pool(store: Store, request: Json) -> Json:
    """CreateCoipPool."""
    if not request.get("LocalGatewayRouteTableId"):
        raise missing("LocalGatewayRouteTableId")
    pool = _new(store, COIP, request)
    pool.settings["LocalGatewayRouteTableId"] = request["LocalGatewayRouteTableId"]
    store.coip_pools[pool.id] = pool
    return {"CoipPool": _coip(store, pool)}


def describe_coip_pools(store: Store, request: Json) -> Json:
    """DescribeCoipPools."""
    wanted = request.get("PoolIds") or []
    found = _selected(store.coip_pools, wanted, request, "InvalidPoolID.NotFound")
    return paging.answer("CoipPools", [_coip(store, pool) for pool in found], request)


def coip_pool_usage(store: Store, request: Json) -> Json:
    """GetCoipPoolUsage: nobody uses any, since no subnet is on an Outpost."""
    wanted = request.get("PoolId")
    if not wanted:
        raise missing("PoolId")
    pool = store.coip_pools.get(wanted)
    if pool is None:
        raise _not_found("InvalidPoolID.NotFound", wanted)
    table = pool.settings["LocalGatewayRouteTableId"]
    return {"CoipPoolId": pool.id, "CoipAddressUsages": [], "LocalGatewayRouteTableId": table}


def _new(store: Store, kind: str, request: Json) -> Pool:
    tags = [
        tag
        for spec in request.get("TagSpecifications") or []
        if spec.get("ResourceType") == kind
        for tag in spec.get("Tags") or []
    ]
    # EC2's ids end in 17 hexadecimal digits.
    return Pool(id=f"{kind}-{secrets.token_hex(9)[:17]}", settings={}, tags=tags)


def _selected(there: dict[str, Pool], wanted: list[str], request: Json, code: str) -> list[Pool]:
    for one in wanted:
        if one not in there:
            raise _not_found(code, one)
    pools = [pool for pool in there.values() if not wanted or pool.id in wanted]
    readers: dict[str, filters.Reader[Pool]] = {
        "ipam-pool-id": lambda pool: [pool.id],
        "coip-pool.pool-id": lambda pool: [pool.id],
        "address-family": lambda pool: [pool.settings.get("AddressFamily")],
        "locale": lambda pool: [pool.settings.get("Locale")],
        "coip-pool.local-gateway-route-table-id": lambda pool: [
            pool.settings.get("LocalGatewayRouteTableId")
        ],
    }
    return filters.select(pools, request.get("Filters"), readers, _tags)


def _tags(pool: Pool) -> dict[str, str]:
    return {tag.get("Key") or "": tag.get("Value") or "" for tag in pool.tags}


def _ipam(store: Store, pool: Pool) -> Json:
    own = {
        "OwnerId": store.account,
        "IpamPoolId": pool.id,
        "IpamPoolArn": arn(store.moto, IPAM, pool.id),
        "IpamRegion": store.region,
    }
    return own | pool.settings | {"Tags": pool.tags}


def _coip(store: Store, pool: Pool) -> Json:
    own = {"PoolId": pool.id, "PoolArn": arn(store.moto, COIP, pool.id), "PoolCidrs": []}
    return own | pool.settings | {"Tags": pool.tags}


def _not_found(code: str, wanted: Any) -> AwsError:
    return AwsError(code, f"The pool ID '{wanted}' does not exist")
