"""The tagging API as a LocalStack service; what is not here is moto's."""

from localstack.services.plugins import Service, aws_provider

from ingress_aws import moto_service
from ingress_aws.tagging import get_resources, tagging


@aws_provider(api="resourcegroupstaggingapi", name="ingress")  # type: ignore[untyped-decorator]
def resourcegroupstaggingapi() -> Service:
    """The service, as LocalStack loads it on the first call."""
    native: dict[str, moto_service.Native] = {
        "GetResources": get_resources.run,
        "GetTagKeys": get_resources.keys,
        "GetTagValues": get_resources.values,
        "TagResources": tagging.tag,
        "UntagResources": tagging.untag,
    }
    return moto_service.service("resourcegroupstaggingapi", native, "InvalidParameterException")
