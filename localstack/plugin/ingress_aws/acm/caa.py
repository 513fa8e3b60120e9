"""Whether a domain's CAA records let Amazon issue certificates for it."""

from ingress_aws.route53 import name as names
from ingress_aws.route53.name import Name
from ingress_aws.route53.store import public_record_sets

# "(Optional) Configure a CAA record" in ACM's user guide.
AMAZON = {"amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"}


def forbids(account: str, domain: str) -> bool:
    """The nearest name upwards that has CAA records decides (RFC 8659)."""
    tag = "issuewild" if domain.startswith("*.") else "issue"
    try:
        name: Name = names.parse(domain.removeprefix("*."))
    except names.BadName:
        return False
    while name.labels:
        found = public_record_sets(account, name, "CAA")
        values = [_parts(value) for one in found for value in one.values]
        if values:
            said = [issuer for kind, issuer in values if kind == tag]
            # A wildcard goes by `issue` where nothing is said of wildcards.
            said = said or [issuer for kind, issuer in values if kind == "issue"]
            return bool(said) and AMAZON.isdisjoint(said)
        name = Name(name.labels[1:])
    return False


def _parts(value: str) -> tuple[str, str]:
    """The tag and the issuer of `0 issue "amazon.com; key=value"`."""
    _, tag, quoted = value.split(" ", 2)
    return tag.lower(), quoted.strip('"').partition(";")[0].strip().lower()
