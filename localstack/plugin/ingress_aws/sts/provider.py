"""STS as a LocalStack service: whether somebody gets a session of a role is judged here."""

from collections.abc import Callable
from typing import Any

from localstack.aws.api import RequestContext
from localstack.services.plugins import Service, aws_provider

from ingress_aws.sts import sessions

Json = dict[str, Any]


@aws_provider(api="sts", name="ingress")  # type: ignore[untyped-decorator]
def sts() -> Service:
    """The service, as LocalStack loads it on the first call."""
    from localstack.aws.skeleton import DispatchTable, Skeleton
    from localstack.aws.spec import load_service
    from localstack.services.moto import MotoFallbackDispatcher
    from localstack.services.sts.provider import StsProvider

    inner = StsProvider()  # type: ignore[no-untyped-call]
    table: DispatchTable = MotoFallbackDispatcher(inner)
    judged: dict[str, Any] = {
        "AssumeRole": _judged(table["AssumeRole"], sessions.of_caller),
        "AssumeRoleWithWebIdentity": _judged(
            table["AssumeRoleWithWebIdentity"], sessions.of_token
        ),
    }
    table |= judged
    return Service(name="sts", skeleton=Skeleton(load_service("sts"), table))


def _judged(
    inner: Callable[[RequestContext, Any], Any], judge: Callable[[RequestContext, Json], None]
) -> Callable[[RequestContext, Any], Any]:
    """LocalStack's operation, for those whom the role trusts."""

    def serve(context: RequestContext, request: Json | None) -> Any:
        judge(context, request or {})
        answer = inner(context, request)
        sessions.begin(request or {}, answer)
        return answer

    return serve
