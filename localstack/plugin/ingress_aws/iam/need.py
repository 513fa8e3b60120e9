"""A call as IAM sees it, and what it needs."""

from dataclasses import dataclass, field
from typing import Any

from ingress_aws.elbv2 import regions

Json = dict[str, Any]
Tags = dict[str, str]
ANYTHING = "*"


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked for: the service as the SDKs call it, and its operation."""

    account: str
    region: str
    service: str
    operation: str
    request: Json

    @property
    def partition(self) -> str:
        """The second part of every ARN."""
        return regions.partition(self.region)

    def arn(self, service: str, resource: str, *, everywhere: bool = False) -> str:
        """The ARN of one of the account's resources; those of IAM are in no region."""
        region = "" if everywhere else self.region
        return f"arn:{self.partition}:{service}:{region}:{self.account}:{resource}"

    def named(self, *members: str) -> list[str]:
        """All that these members of the request name, in order."""
        found: list[str] = []
        for member in members:
            given = self.request.get(member) or []
            found += [given] if isinstance(given, str) else [str(each) for each in given]
        return found


    def structures(self, *members: str) -> list[Json]:
        """The structures in lists of the request."""
        given = [each for member in members for each in self.request.get(member) or []]
        return [each for each in given if isinstance(each, dict)]


@dataclass(frozen=True, slots=True)
class Need:
    """One action on one resource, and what conditions can ask about it."""

    action: str
    resource: str = ANYTHING
    facts: dict[str, list[str]] = field(default_factory=dict)


def tags_of(call: Call) -> Tags:
    """The tags that a request gives, in each service's way."""
    given = call.structures("Tags", "AddTags")
    for specification in call.structures("TagSpecifications"):
        given += specification.get("Tags") or []
    return {str(tag.get("Key")): str(tag.get("Value") or "") for tag in given}


def tag_facts(call: Call) -> dict[str, list[str]]:
    """The tags of a request, as conditions ask for them."""
    tags = tags_of(call)
    facts = {f"aws:requesttag/{key.lower()}": [value] for key, value in tags.items()}
    removed = call.named("TagKeys", "RemoveTagKeys") if not tags else []
    keys = list(tags) or removed
    return facts | ({"aws:tagkeys": keys} if keys else {})
