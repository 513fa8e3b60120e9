"""ACM as a LocalStack service: the table of native operations, and what surrounds each."""

import re
from collections.abc import Callable
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.skeleton import DispatchTable, Skeleton
from localstack.aws.spec import load_service
from localstack.services.plugins import Service, aws_provider

from ingress_aws import shapes
from ingress_aws.acm import certificates, importing, lifecycle, requesting, tag
from ingress_aws.acm.errors import invalid, invalid_arn
from ingress_aws.acm.store import Store, stores

Json = dict[str, Any]
Operation = Callable[[Store, Json], Json]

# What is not here (revocation, account configuration) stays moto's, which knows none of these
# certificates and answers ResourceNotFoundException.
OPERATIONS: dict[str, Operation] = {
    "AddTagsToCertificate": tag.add,
    "DeleteCertificate": certificates.delete,
    "DescribeCertificate": certificates.describe,
    "ExportCertificate": lifecycle.export,
    "GetCertificate": certificates.get,
    "ImportCertificate": importing.run,
    "ListCertificates": certificates.page,
    "ListTagsForCertificate": tag.of_one,
    "RemoveTagsFromCertificate": tag.remove,
    "RenewCertificate": lifecycle.renew,
    "RequestCertificate": requesting.run,
    "ResendValidationEmail": lifecycle.resend,
    "UpdateCertificateOptions": lifecycle.set_options,
}

ARN = re.compile(r"arn:[a-z-]+:acm:[a-z0-9-]+:[0-9]{12}:certificate/[0-9A-Za-z-]+")


@aws_provider(api="acm", name="ingress")  # type: ignore[untyped-decorator]
def acm() -> Service:
    """The service, as LocalStack loads it on the first call.

    LocalStack's own provider is left out: it only patches moto's certificates.
    """
    from localstack.aws.api.acm import AcmApi
    from localstack.services.moto import MotoFallbackDispatcher

    table: DispatchTable = MotoFallbackDispatcher(AcmApi())
    table |= {name: _served(run) for name, run in OPERATIONS.items()}
    return Service(name="acm", skeleton=Skeleton(load_service("acm"), table))


def _served(run: Operation) -> Any:
    """An operation with its request checked. It takes the store's lock itself: see `store`."""

    def serve(context: RequestContext, request: Json | None) -> Json:
        assert context.operation, "LocalStack calls an operation by its name"
        asked = request or {}
        arn = asked.get("CertificateArn")
        if isinstance(arn, str) and not ARN.fullmatch(arn):
            raise invalid_arn(arn)
        if breaches := shapes.violations(context.operation.input_shape, asked):
            raise invalid(shapes.detected(breaches))
        return run(stores.get(context.account_id, context.region), asked)

    return serve
