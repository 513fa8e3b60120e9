"""What ELBv2 fetches from S3: bundles of CA certificates, and lists of revoked ones."""

from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError
from localstack import config
from localstack.aws.connect import connect_to

from ingress_aws.elbv2.store import Store


@dataclass(frozen=True, slots=True)
class Place:
    """Where an object is."""

    bucket: str
    key: str
    version: str | None = None

    @property
    def location(self) -> str:
        """The URL where anybody can read it; AWS's own are signed."""
        return f"{config.internal_service_url()}/{self.bucket}/{self.key}"


def read(store: Store, place: Place) -> bytes | None:
    """An object's content, or None if the account has no such object."""
    s3 = connect_to(aws_access_key_id=store.account, region_name=store.region).s3
    version = {"VersionId": place.version} if place.version else {}
    try:
        found = s3.get_object(Bucket=place.bucket, Key=place.key, **version)
    # A name that botocore would not even send leads nowhere either.
    except (BotoCoreError, ClientError, ValueError):
        return None
    return bytes(found["Body"].read())
