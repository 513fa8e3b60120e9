"""The tagging API as a LocalStack service; what is not here is moto's, which sees little."""

from localstack.services.plugins import Service, aws_provider

from albedo_aws import moto_service
from albedo_aws.tagging import get_resources


@aws_provider(api="resourcegroupstaggingapi", name="albedo")  # type: ignore[untyped-decorator]
def resourcegroupstaggingapi() -> Service:
    """The service, as LocalStack loads it on the first call."""
    native: dict[str, moto_service.Native] = {"GetResources": get_resources.run}
    return moto_service.service("resourcegroupstaggingapi", native, "InvalidParameterException")
