"""Requests that cannot be parsed get AWS's error code, where LocalStack would answer 500."""

from collections.abc import Callable
from typing import Any

from localstack.aws import handlers
from localstack.aws.api import RequestContext
from localstack.aws.protocol.parser import OperationNotFoundParserError

from ingress_aws.errors import AwsError

# What each of AWS's protocols calls a request whose parts are not of the types it declares.
MALFORMED = {
    "query": "MalformedInput",
    "ec2": "InvalidParameterValue",
    "json": "SerializationException",
    "rest-json": "SerializationException",
    "rest-xml": "InvalidInput",
}


def guard_parser() -> None:
    """Wrap LocalStack's request parser; there is no handler that could do it from outside.

    An exception handler cannot, since LocalStack's own one runs after it and writes over its
    answer.
    """
    parser: Any = handlers.parse_service_request
    parser.parse_and_enrich = _guarded(parser.parse_and_enrich)


def _guarded(parse: Callable[[RequestContext], None]) -> Callable[[RequestContext], None]:
    def guarded(context: RequestContext) -> None:
        try:
            parse(context)
        except OperationNotFoundParserError as unknown:
            raise _error(context, "InvalidAction", unknown) from unknown
        # Whatever the parser stumbles over (int("x"), a list where a map should be, bad JSON)
        # was sent by the client.
        except Exception as malformed:
            code = MALFORMED.get(str(context.protocol), "MalformedInput")
            raise _error(context, code, malformed) from malformed

    return guarded


def _error(context: RequestContext, code: str, cause: Exception) -> AwsError:
    """The error to answer with; the serialiser needs some operation, even for an unknown one."""
    asked = _asked_for(context)
    service: Any = context.service
    known = service.operation_names
    # RequestContext takes any attribute; the log reads this one.
    context.albedo_asked_for = asked
    context.operation = service.operation_model(asked if asked in known else known[0])
    return AwsError(code, f"The request for {asked} could not be read: {cause}")


def _asked_for(context: RequestContext) -> str:
    target = context.request.headers.get("X-Amz-Target", "")
    return context.request.values.get("Action") or target.rpartition(".")[2] or "?"
