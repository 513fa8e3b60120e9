"""EC2 as a LocalStack service: its own provider, with the operations that are corrected here."""

from collections.abc import Callable
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.skeleton import DispatchTable, Skeleton
from localstack.aws.spec import load_service
from localstack.services.plugins import Service, aws_provider

from ingress_aws.ec2 import (
    addresses,
    backend,
    counts,
    described,
    interface_groups,
    interfaces,
    paging,
    pools,
    rule_change,
    security_group,
    security_group_rule,
    subnet,
)
from ingress_aws.ec2 import request as request_checks
from ingress_aws.ec2.store import STORES, Store
from ingress_aws.errors import AwsError

Json = dict[str, Any]
Operation = Callable[[Store, Json], Json]
# LocalStack's type for a handler has its own idea of requests.
Served = Callable[[RequestContext, Any], Any]

NATIVE: dict[str, Operation] = {
    "AuthorizeSecurityGroupEgress": security_group_rule.authorize_egress,
    "AuthorizeSecurityGroupIngress": security_group_rule.authorize_ingress,
    "CreateCoipPool": pools.create_coip_pool,
    "CreateIpamPool": pools.create_ipam_pool,
    "DeleteIpamPool": pools.delete_ipam_pool,
    "DeleteSecurityGroup": security_group.delete,
    "DescribeCoipPools": pools.describe_coip_pools,
    "DescribeIpamPools": pools.describe_ipam_pools,
    "DescribeNetworkInterfaces": described.network_interfaces,
    "DescribeSecurityGroupRules": security_group_rule.describe,
    "DescribeSecurityGroups": security_group.describe,
    "GetCoipPoolUsage": pools.coip_pool_usage,
    "ModifySecurityGroupRules": rule_change.run,
    "RevokeSecurityGroupEgress": security_group_rule.revoke_egress,
    "RevokeSecurityGroupIngress": security_group_rule.revoke_ingress,
    "UpdateSecurityGroupRuleDescriptionsEgress": security_group_rule.describe_egress,
    "UpdateSecurityGroupRuleDescriptionsIngress": security_group_rule.describe_ingress,
}

# What is looked at before LocalStack's own operation runs.
CHECKED: dict[str, Callable[[Store, Json], None]] = {
    "AssignPrivateIpAddresses": addresses.check,
    "AssociateVpcCidrBlock": subnet.check_block,
    "CreateNetworkInterface": counts.check_interface,
    "CreateSecurityGroup": security_group.check_new,
    "DeleteNetworkInterface": subnet.check_interface,
    "DeleteSubnet": subnet.check_empty,
    "DeleteVpc": subnet.check_vpc_empty,
    "ModifyNetworkInterfaceAttribute": interface_groups.check,
    "RunInstances": counts.check_instances,
}

# Lists whose filters are ours.
DESCRIBED: dict[str, Callable[[RequestContext, Store, Json], Json]] = {
    "DescribeInstances": described.instances,
}

# Lists that LocalStack's own operations give whole, however few were asked for.
PAGED = {
    "DescribeInternetGateways": "InternetGateways",
    "DescribeRouteTables": "RouteTables",
    "DescribeSubnets": "Subnets",
    "DescribeVpcs": "Vpcs",
}


@aws_provider(api="ec2", name="ingress")  # type: ignore[untyped-decorator]
def ec2() -> Service:
    """The service, as LocalStack loads it on the first call."""
    backend.models()
    from localstack.services.ec2.provider import Ec2Provider
    from localstack.services.moto import MotoFallbackDispatcher

    table: DispatchTable = MotoFallbackDispatcher(Ec2Provider())
    inner: dict[str, Any] = dict(table)
    corrected: dict[str, Any] = {name: _served(run) for name, run in NATIVE.items()}
    corrected |= {name: _checked(inner[name], check) for name, check in CHECKED.items()}
    corrected |= {name: _paged(inner[name], key) for name, key in PAGED.items()}
    corrected |= {name: _described(run) for name, run in DESCRIBED.items()}
    table |= corrected
    return Service(name="ec2", skeleton=Skeleton(load_service("ec2"), table))


def _served(run: Operation) -> Served:
    """An operation of ours."""

    def serve(context: RequestContext, request: Json | None) -> Json:
        store = _store(context, request)
        if (request or {}).get("DryRun"):
            # 412, as AWS's documentation of DryRun has it.
            text = "Request would have succeeded, but DryRun flag is set."
            raise AwsError("DryRunOperation", text, 412)
        with store.lock:
            return run(store, request or {})

    return serve


def _checked(inner: Served, check: Callable[[Store, Json], None]) -> Served:
    """LocalStack's operation, after a look at what it is asked."""

    def serve(context: RequestContext, request: Json | None) -> Json:
        store = _store(context, request)
        with store.lock:
            check(store, request or {})
            answer: Json = inner(context, request)
            if "GroupId" in (answer or {}):
                security_group.note_new(store, answer)
            return answer

    return serve


def _paged(inner: Served, key: str) -> Served:
    """LocalStack's operation, one page of its answer."""

    def serve(context: RequestContext, request: Json | None) -> Json:
        store = _store(context, request)
        with store.lock:
            answer: Json = dict(inner(context, request))
            items = answer.get(key) or []
            if answer.get("NextToken"):
                return answer | {key: items}
            return answer | paging.answer(key, items, request or {})

    return serve


def _described(run: Callable[[RequestContext, Store, Json], Json]) -> Served:
    """moto's answer to a request without filters, with them applied to what is told."""

    def serve(context: RequestContext, request: Json | None) -> Json:
        store = _store(context, request)
        with store.lock:
            return run(context, store, request or {})

    return serve


def _store(context: RequestContext, request: Json | None) -> Store:
    """The store, with the request checked and nothing in it whose time is over."""
    assert context.operation, "LocalStack calls an operation by its name"
    request_checks.check(context.operation, request or {})
    store = STORES.get(context.account_id, context.region)
    with store.lock:
        interfaces.sweep(store)
    return store
