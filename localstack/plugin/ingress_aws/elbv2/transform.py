"""Rule transforms: rewriting the host header and the URL of a request."""

from typing import Any

from ingress_aws.elbv2 import errors, regex

Json = dict[str, Any]

CONFIGS = {"host-header-rewrite": "HostHeaderRewriteConfig", "url-rewrite": "UrlRewriteConfig"}
# botocore's documentation of RewriteConfig.
LONGEST = 1024


def canonical(transforms: list[Json]) -> list[Json]:
    """The transforms of a rule, or the error that AWS answers with."""
    kinds = [transform["Type"] for transform in transforms]
    if len(set(kinds)) != len(kinds):
        raise errors.validation("A rule can have one transform of each type")
    return [_checked(transform) for transform in transforms]


def _checked(transform: Json) -> Json:
    kind = transform["Type"]
    name = CONFIGS[kind]
    rewrites = transform.get(name, {}).get("Rewrites") or []
    others = set(transform) - {"Type", name}
    if others or len(rewrites) != 1:
        raise errors.validation(f"A '{kind}' transform needs a {name} with one rewrite")
    for part in ("Regex", "Replace"):
        if len(rewrites[0][part]) > LONGEST:
            raise errors.validation(f"{part} of a transform has at most {LONGEST} characters")
    regex.check(rewrites[0]["Regex"])
    return {"Type": kind, name: {"Rewrites": rewrites}}
