"""Which operations the plugin answers itself, read from its source: a new one is in it at once."""

import ast
from pathlib import Path

PLUGIN = Path(__file__).parent.parent / "plugin" / "ingress_aws"

# Where each service's operations are named, and the tables that do it.
PROVIDERS = {
    "acm": "acm/provider.py",
    "ec2": "ec2/provider.py",
    "elbv2": "elbv2/provider.py",
    "iam": "iam/provider.py",
    "resourcegroupstaggingapi": "tagging/provider.py",
    "route53": "route53/provider.py",
    "service-quotas": "servicequotas/provider.py",
    "shield": "shield/provider.py",
    "waf-regional": "waf/regional.py",
    "wafv2": "waf/v2.py",
}
TABLES = {"OPERATIONS", "NATIVE", "CHECKED", "DESCRIBED", "PAGED", "native"}


def operations(service: str) -> list[str]:
    """The operations of a service that the plugin implements or looks at."""
    tree = ast.parse((PLUGIN / PROVIDERS[service]).read_text())
    found = {
        key.value
        for node in ast.walk(tree)
        if isinstance(node, ast.AnnAssign | ast.Assign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and target.id in TABLES
        if isinstance(node.value, ast.Dict)
        for key in node.value.keys
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }
    assert found, f"{PROVIDERS[service]} names its operations in one of {sorted(TABLES)}"
    return sorted(found)
