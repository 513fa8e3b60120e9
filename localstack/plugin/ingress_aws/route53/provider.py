"""Route 53 as a LocalStack service: the table of native operations, and what surrounds each."""

from collections.abc import Callable
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.skeleton import DispatchTable, Skeleton
from localstack.aws.spec import load_service
from localstack.services.plugins import Service, aws_provider

from ingress_aws import shapes
from ingress_aws.route53 import (
    answers,
    changes,
    counts,
    health_checks,
    record_listing,
    tag,
    vpcs,
    zone_listing,
    zones,
)
from ingress_aws.route53.errors import invalid_input
from ingress_aws.route53.store import Store, store_of

Json = dict[str, Any]
Operation = Callable[[Store, Json], Json]

# What is not here stays LocalStack's own: traffic policies, delegation sets, query logging, DNSSEC.
OPERATIONS: dict[str, Operation] = {
    "AssociateVPCWithHostedZone": vpcs.associate,
    "ChangeResourceRecordSets": changes.apply,
    "ChangeTagsForResource": tag.change,
    "CreateHealthCheck": health_checks.create,
    "CreateHostedZone": zones.create,
    "DeleteHealthCheck": health_checks.delete,
    "DeleteHostedZone": zones.delete,
    "DisassociateVPCFromHostedZone": vpcs.disassociate,
    "GetAccountLimit": counts.of_account,
    "GetChange": changes.get,
    "GetHealthCheck": health_checks.get,
    "GetHealthCheckCount": health_checks.count,
    "GetHostedZone": zones.get,
    "GetHostedZoneCount": zones.count,
    "GetHostedZoneLimit": counts.of_zone,
    "ListHealthChecks": health_checks.page,
    "ListHostedZones": zone_listing.by_id,
    "ListHostedZonesByName": zone_listing.by_name,
    "ListHostedZonesByVPC": zone_listing.by_vpc,
    "ListResourceRecordSets": record_listing.page,
    "ListTagsForResource": tag.of_one,
    "ListTagsForResources": tag.of_several,
    "TestDNSAnswer": answers.test,
    "UpdateHealthCheck": health_checks.update,
    "UpdateHostedZoneComment": zones.set_comment,
}


@aws_provider(api="route53", name="ingress")  # type: ignore[untyped-decorator]
def route53() -> Service:
    """The service, as LocalStack loads it on the first call."""
    from localstack.services.moto import MotoFallbackDispatcher
    from localstack.services.route53.provider import Route53Provider

    table: DispatchTable = MotoFallbackDispatcher(Route53Provider())
    table |= {name: _served(run) for name, run in OPERATIONS.items()}
    return Service(name="route53", skeleton=Skeleton(load_service("route53"), table))


def _served(run: Operation) -> Any:
    """An operation with its request checked and its store locked for the whole call."""

    def serve(context: RequestContext, request: Json | None) -> Json:
        assert context.operation, "LocalStack calls an operation by its name"
        asked = request or {}
        if breaches := shapes.violations(context.operation.input_shape, asked):
            raise invalid_input("; ".join(breaches))
        store = store_of(context.account_id)
        with store.lock:
            return run(store, asked)

    return serve
