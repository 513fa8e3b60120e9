"""ELBv2 as a LocalStack service: the table of operations, and what surrounds each of them."""

from collections.abc import Callable
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.spec import load_service
from localstack.services.plugins import Service, aws_provider

from ingress_aws import shapes
from ingress_aws.elbv2 import (
    capacity,
    certificate_use,
    errors,
    limits,
    listener,
    listener_attributes,
    listener_certificate,
    load_balancer,
    load_balancer_attributes,
    regions,
    revocation,
    rule,
    service_role,
    ssl_policy,
    tag,
    target,
    target_group,
    target_group_attributes,
    trust_store,
)
from ingress_aws.elbv2.response_cache import CachingSkeleton
from ingress_aws.elbv2.store import STORES, Store

Json = dict[str, Any]
Operation = Callable[[Store, Json], Json]

OPERATIONS: dict[str, Operation] = {
    "AddListenerCertificates": listener_certificate.add,
    "AddTags": tag.add,
    "AddTrustStoreRevocations": revocation.add,
    "CreateListener": listener.create,
    "CreateLoadBalancer": load_balancer.create,
    "CreateRule": rule.create,
    "CreateTargetGroup": target_group.create,
    "CreateTrustStore": trust_store.create,
    "DeleteListener": listener.delete,
    "DeleteLoadBalancer": load_balancer.delete,
    "DeleteRule": rule.delete,
    "DeleteSharedTrustStoreAssociation": trust_store.delete_shared_association,
    "DeleteTargetGroup": target_group.delete,
    "DeleteTrustStore": trust_store.delete,
    "DeregisterTargets": target.deregister,
    "DescribeAccountLimits": limits.describe,
    "DescribeCapacityReservation": capacity.describe,
    "DescribeListenerAttributes": listener_attributes.describe,
    "DescribeListenerCertificates": listener_certificate.describe,
    "DescribeListeners": listener.describe,
    "DescribeLoadBalancerAttributes": load_balancer_attributes.describe,
    "DescribeLoadBalancers": load_balancer.describe,
    "DescribeRules": rule.describe,
    "DescribeSSLPolicies": ssl_policy.describe,
    "DescribeTags": tag.describe,
    "DescribeTargetGroupAttributes": target_group_attributes.describe,
    "DescribeTargetGroups": target_group.describe,
    "DescribeTargetHealth": target.health,
    "DescribeTrustStoreAssociations": trust_store.associations,
    "DescribeTrustStoreRevocations": revocation.describe,
    "DescribeTrustStores": trust_store.describe,
    "GetResourcePolicy": trust_store.resource_policy,
    "GetTrustStoreCaCertificatesBundle": trust_store.bundle,
    "GetTrustStoreRevocationContent": revocation.content,
    "ModifyCapacityReservation": capacity.modify,
    "ModifyIpPools": load_balancer.modify_ip_pools,
    "ModifyListener": listener.modify,
    "ModifyListenerAttributes": listener_attributes.modify,
    "ModifyLoadBalancerAttributes": load_balancer_attributes.modify,
    "ModifyRule": rule.modify,
    "ModifyTargetGroup": target_group.modify,
    "ModifyTargetGroupAttributes": target_group_attributes.modify,
    "ModifyTrustStore": trust_store.modify,
    "RegisterTargets": target.register,
    "RemoveListenerCertificates": listener_certificate.remove,
    "RemoveTags": tag.remove,
    "RemoveTrustStoreRevocations": revocation.remove,
    "SetIpAddressType": load_balancer.set_ip_address_type,
    "SetRulePriorities": rule.set_priorities,
    "SetSecurityGroups": load_balancer.set_security_groups,
    "SetSubnets": load_balancer.set_subnets,
}


@aws_provider(api="elbv2")  # type: ignore[untyped-decorator]
def elbv2() -> Service:
    """The service, as LocalStack loads it on the first call."""
    table: Any = {name: _served(name, run) for name, run in OPERATIONS.items()}
    return Service(name="elbv2", skeleton=CachingSkeleton(load_service("elbv2"), table))


def _served(name: str, run: Operation) -> Callable[[RequestContext, Json | None], Json]:
    """An operation with its request checked and its store locked for the whole call."""
    reads = name.startswith(("Describe", "Get"))

    def serve(context: RequestContext, request: Json | None) -> Json:
        assert context.operation, "LocalStack calls an operation by its name"
        asked = request or {}
        if breaches := shapes.violations(context.operation.input_shape, asked):
            raise errors.validation(shapes.detected(breaches))
        store = STORES.get(context.account_id, context.region)
        with store.lock:
            answer = run(store, asked)
            if name in service_role.MAKERS:
                service_role.ensure(store.account, regions.partition(store.region))
            if not reads:
                store.version += 1
                certificate_use.note(store)
            return answer

    return serve
