"""IAM as a LocalStack service: LocalStack's own, with the policy simulator of what judges calls."""

from typing import Any

from localstack.aws.api import RequestContext
from localstack.services.plugins import Service, aws_provider

from ingress_aws.control import enforcement
from ingress_aws.errors import AwsError
from ingress_aws.iam import simulation

Json = dict[str, Any]


@aws_provider(api="iam", name="ingress")  # type: ignore[untyped-decorator]
def iam() -> Service:
    """The service, as LocalStack loads it on the first call."""
    from localstack.aws.skeleton import DispatchTable, Skeleton
    from localstack.aws.spec import load_service
    from localstack.services.iam.provider import IamProvider
    from localstack.services.moto import MotoFallbackDispatcher

    inner = IamProvider()  # type: ignore[no-untyped-call]
    table: DispatchTable = MotoFallbackDispatcher(inner)
    native: dict[str, Any] = {
        "SimulateCustomPolicy": _custom,
        "SimulatePrincipalPolicy": _principal,
    }
    table |= native
    return Service(name="iam", skeleton=Skeleton(load_service("iam"), table))


def _custom(_context: RequestContext, request: Json | None) -> Json:
    return simulation.of_policies(request or {})


def _principal(context: RequestContext, request: Json | None) -> Json:
    owner = enforcement.policy_of(context.account_id)
    try:
        return simulation.of_principal(request or {}, owner, context.account_id)
    except ValueError as strange:
        # One of the identity's own policies.
        raise AwsError("PolicyEvaluation", str(strange), 500) from strange
