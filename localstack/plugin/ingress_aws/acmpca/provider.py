"""AWS Private CA as a LocalStack service, which LocalStack's open core does not have."""

from localstack.services.plugins import Service, aws_provider

from ingress_aws import moto_service


@aws_provider(api="acm-pca", name="default")  # type: ignore[untyped-decorator]
def acm_pca() -> Service:
    """The service, as LocalStack loads it on the first call."""
    return moto_service.service("acm-pca", {}, "ValidationException")
