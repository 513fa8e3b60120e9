"""Tags of certificates."""

from typing import Any

from ingress_aws.acm.errors import invalid_parameter
from ingress_aws.acm.store import Store
from ingress_aws.errors import AwsError

# TagList in botocore's model.
MAX_TAGS = 50


def read(given: list[dict[str, Any]]) -> dict[str, str]:
    """The tags of a request; their lengths and characters are already checked by the model."""
    for tag in given:
        if tag["Key"].lower().startswith("aws:"):
            raise AwsError("InvalidTagException", "Tag keys that begin with aws: are reserved.")
    wanted = {tag["Key"]: tag.get("Value") or "" for tag in given}
    if len(wanted) != len(given):
        raise invalid_parameter("A tag key is given twice.")
    return wanted


def add(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """AddTagsToCertificate: all of them, or none if they are too many."""
    with store.lock:
        certificate = store.find(request["CertificateArn"])
        wanted = certificate.tags | read(request["Tags"])
        if len(wanted) > MAX_TAGS:
            raise AwsError(
                "TooManyTagsException", f"A certificate can have at most {MAX_TAGS} tags."
            )
        certificate.tags = wanted
    return {}


def remove(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """RemoveTagsFromCertificate: a tag with a value goes only if it has that value."""
    with store.lock:
        certificate = store.find(request["CertificateArn"])
        for tag in request["Tags"]:
            value = tag.get("Value")
            if value is None or certificate.tags.get(tag["Key"]) == value:
                certificate.tags.pop(tag["Key"], None)
    return {}


def of_one(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """ListTagsForCertificate."""
    with store.lock:
        held = store.find(request["CertificateArn"]).tags
        return {"Tags": [{"Key": key, "Value": value} for key, value in held.items()]}
