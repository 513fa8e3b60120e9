"""AWS's own pace: how long things take there, as one setting for all the knobs that say so.

Off for accounts that have not asked for it, unless the whole server is started with it.
"""

import os

# From the texts of the knobs themselves where these say it; the others are what AWS's users tell,
# from memory. Seconds.
OF_AWS: dict[str, float] = {
    "acm.details-seconds": 5,
    "acm.in-use-seconds": 60,
    "acm.issuing-seconds": 120,
    "control.throttling": 1,
    "ec2.load-balancer-interface-seconds": 180,
    "ec2.security-group-visible-seconds": 2,
    "elbv2.deleted-load-balancer-seconds": 2,
    "elbv2.listener-visible-seconds": 2,
    "elbv2.load-balancer-provisioning-seconds": 120,
    "elbv2.rule-visible-seconds": 2,
    "elbv2.target-group-association-seconds": 2,
    "elbv2.target-group-release-seconds": 5,
    "elbv2.target-health-seconds": 20,
    "elbv2.trust-store-creating-seconds": 5,
    "route53.alias-target-seconds": 10,
    "route53.insync-seconds": 60,
    "route53.prior-request-seconds": 1,
    "tagging.visible-seconds": 5,
}
PACES = {"aws": OF_AWS, "none": {}}
# What an account has that has chosen none; `localstack/up` passes it on.
VARIABLE = "ALBEDO_PACE"


def named(name: str) -> dict[str, float]:
    """The numbers of a pace; ValueError for one that is none."""
    if name not in PACES:
        raise ValueError(f"'pace' is one of {', '.join(PACES)}, not {name!r}")
    return PACES[name]


EVERYBODYS = named(os.environ.get(VARIABLE) or "none")
