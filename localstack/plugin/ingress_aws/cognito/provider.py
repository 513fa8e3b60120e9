"""Cognito's user pools as a LocalStack service."""

from localstack.services.plugins import Service, aws_provider

from ingress_aws import moto_service


@aws_provider(api="cognito-idp", name="default")  # type: ignore[untyped-decorator]
def cognito_idp() -> Service:
    """The service, as LocalStack loads it on the first call."""
    return moto_service.service("cognito-idp", {}, "InvalidParameterException")
