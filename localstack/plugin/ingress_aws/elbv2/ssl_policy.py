"""The security policies of HTTPS listeners.

Names, protocols and ciphers as in AWS's guide, "Security policies for your Application Load
Balancer"; those of 2023 and 2025 partly from memory [M].
"""

from typing import Any

from ingress_aws.elbv2 import errors, paging
from ingress_aws.elbv2.store import Store

# What a listener gets that is made through the API without naming one (AWS's guide).
DEFAULT = "ELBSecurityPolicy-2016-08"

_AES_13 = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"]
_TLS_13 = [*_AES_13, "TLS_CHACHA20_POLY1305_SHA256"]
# Forward secrecy, by strength.
_FS_GCM = [
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
]
_FS_SHA2 = [
    "ECDHE-ECDSA-AES128-SHA256",
    "ECDHE-RSA-AES128-SHA256",
    "ECDHE-ECDSA-AES256-SHA384",
    "ECDHE-RSA-AES256-SHA384",
]
_FS_SHA1 = [
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-RSA-AES256-SHA",
    "ECDHE-ECDSA-AES256-SHA",
]
_RSA_SHA2 = ["AES128-GCM-SHA256", "AES128-SHA256", "AES256-GCM-SHA384", "AES256-SHA256"]
_RSA_SHA1 = ["AES128-SHA", "AES256-SHA"]

_V3 = ["TLSv1.3"]
_V2 = ["TLSv1.2"]
_V32 = [*_V3, *_V2]
_V21 = [*_V2, "TLSv1.1"]
_V210 = [*_V21, "TLSv1"]

_FS = [*_FS_GCM, *_FS_SHA2]
_OLD = [*_FS, *_FS_SHA1, *_RSA_SHA2, *_RSA_SHA1]

_Policies = dict[str, tuple[list[str], list[str]]]


def _tls_13(suffix: str, first: list[str]) -> _Policies:
    """The policies with TLS 1.3: the same ladder for plain, FIPS and post-quantum ones."""
    return {
        f"TLS13-1-3{suffix}": (_V3, first),
        f"TLS13-1-2-Res{suffix}": (_V32, [*first, *_FS_GCM]),
        f"TLS13-1-2{suffix}": (_V32, [*first, *_FS]),
        f"TLS13-1-2-Ext1{suffix}": (_V32, [*first, *_FS, *_RSA_SHA2]),
        f"TLS13-1-2-Ext2{suffix}": (_V32, [*first, *_OLD]),
    }


def _tls_13_old(suffix: str, first: list[str]) -> _Policies:
    return {
        f"TLS13-1-1{suffix}": ([*_V3, *_V21], [*first, *_OLD]),
        f"TLS13-1-0{suffix}": ([*_V3, *_V210], [*first, *_OLD]),
    }


def _ext0(suffix: str) -> _Policies:
    return {f"TLS13-1-2-Ext0{suffix}": (_V32, [*_AES_13, *_FS, *_FS_SHA1])}


_POLICIES: _Policies = {
    "2016-08": (_V210, _OLD),
    "2015-05": (_V210, _OLD),
    **_tls_13("-2021-06", _TLS_13),
    **_tls_13_old("-2021-06", _TLS_13),
    **_tls_13("-FIPS-2023-04", _AES_13),
    **_tls_13_old("-FIPS-2023-04", _AES_13),
    **_ext0("-FIPS-2023-04"),
    **_tls_13("-PQ-2025-09", _TLS_13),
    **_tls_13("-FIPS-PQ-2025-09", _AES_13),
    **_ext0("-FIPS-PQ-2025-09"),
    "TLS-1-2-2017-01": (_V2, [*_FS, *_RSA_SHA2]),
    "TLS-1-2-Ext-2018-06": (_V2, _OLD),
    "TLS-1-1-2017-01": (_V21, _OLD),
    "TLS-1-0-2015-04": (_V210, [*_OLD, "DES-CBC3-SHA"]),
    "FS-1-2-Res-2020-10": (_V2, _FS_GCM),
    "FS-1-2-Res-2019-08": (_V2, _FS),
    "FS-1-2-2019-08": (_V2, [*_FS, *_FS_SHA1]),
    "FS-1-1-2019-08": (_V21, [*_FS, *_FS_SHA1]),
    "FS-2018-06": (_V210, [*_FS, *_FS_SHA1]),
}

POLICIES = {
    f"ELBSecurityPolicy-{name}": {
        "Name": f"ELBSecurityPolicy-{name}",
        "SslProtocols": protocols,
        "Ciphers": [
            {"Name": cipher, "Priority": number} for number, cipher in enumerate(ciphers, start=1)
        ],
        "SupportedLoadBalancerTypes": ["application", "network"],
    }
    for name, (protocols, ciphers) in _POLICIES.items()
}


def require(name: str) -> str:
    """The name, if there is a policy of that name."""
    if name not in POLICIES:
        raise errors.ssl_policy_not_found(name)
    return name


def describe(_store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeSSLPolicies."""
    wanted = request.get("Names") or list(POLICIES)
    found = [POLICIES[require(name)] for name in wanted]
    kind = request.get("LoadBalancerType")
    if kind is not None:
        found = [policy for policy in found if kind in policy["SupportedLoadBalancerTypes"]]
    return paging.answer("SslPolicies", found, request)
