"""What a request asks for, as people write it: `elbv2`, `CreateRule`."""

from localstack.aws.api import RequestContext


def service_of(context: RequestContext) -> str:
    """The service's name in the SDKs."""
    return str(context.service.service_name) if context.service else "?"


def operation_of(context: RequestContext) -> str:
    """The operation, also when it was asked for so badly that it could not be parsed."""
    asked = getattr(context, "albedo_asked_for", None)
    if asked is not None:
        return str(asked)
    return str(context.operation.name) if context.operation else "?"
