"""The hosted zones of AWS's own services, which aliases point to.

The ids come from the "Service endpoints and quotas" pages of the AWS General Reference, by way of
the tables that external-dns ships. CloudFront and Global Accelerator have one id for the world.
"""

from ingress_aws.elbv2 import regions
from ingress_aws.route53 import name as names
from ingress_aws.route53.name import Name

# `<region>.vpce.amazonaws.com`
VPC_ENDPOINTS = """
af-south-1      Z09302161J80N9A7UTP7U
ap-east-1       Z2LIHJ7PKBEMWN
ap-east-2       Z09379811HWP0POAUWVN3
ap-northeast-1  Z2E726K9Y6RL4W
ap-northeast-2  Z27UANNT0PRK1T
ap-northeast-3  Z376B5OMM2JZL2
ap-south-1      Z2KVTB3ZLFM7JR
ap-south-2      Z0952991RWSF5AHIQDIY
ap-southeast-1  Z18LLCSTV4NVNL
ap-southeast-2  ZDK2GCRPAFKGO
ap-southeast-3  Z03881013RZ9BYYZO8N5W
ap-southeast-4  Z07508191CO1RNBX3X3AU
ca-central-1    ZRCXCF510Y6P9
eu-central-1    Z273ZU8SZ5RJPC
eu-central-2    Z045369019J4FUQ4S272E
eu-north-1      Z3OWWK6JFDEDGC
eu-south-1      Z2A5FDNRLY7KZG
eu-south-2      Z014396544HENR57XQCJ
eu-west-1       Z38GZ743OKFT7T
eu-west-2       Z7K1066E3PUKB
eu-west-3       Z1DWHTMFP0WECP
me-central-1    Z07122992YCEUCB9A9570
me-south-1      Z3B95P3VBGEQGY
sa-east-1       Z2LXUWEVLCVZIB
us-east-1       Z7HUB22UULQXV
us-east-2       ZC8PG0KIFKBRI
us-gov-east-1   Z2MU5TEIGO9WXB
us-gov-west-1   Z12529ZODG2B6H
us-west-1       Z12I86A8N7VCZO
us-west-2       Z1YSA3EXCYUU9Z
"""

# `execute-api.<region>.amazonaws.com`
API_GATEWAYS = """
af-south-1      Z2DHW2332DAMTN
ap-east-1       Z3FD1VL90ND7K5
ap-east-2       Z02909591O7FG9Q56HWB1
ap-northeast-1  Z1YSHQZHG15GKL
ap-northeast-2  Z20JF4UZKIW1U8
ap-south-1      Z3VO1THU9YC4UR
ap-southeast-1  ZL327KTPIQFUL
ap-southeast-2  Z2RPCDW04V8134
ca-central-1    Z19DQILCV0OWEC
eu-central-1    Z1U9ULNL0V5AJ3
eu-north-1      Z3UWIKFBOOGXPP
eu-south-1      Z3BT4WSQ9TDYZV
eu-south-2      Z02499852UI5HEQ5JVWX3
eu-west-1       ZLY8HYME6SFDD
eu-west-2       ZJ5UAJN8Y3Z2Q
eu-west-3       Z3KY65QIEKYHQQ
me-central-1    Z08780021BKYYY8U0YHTV
me-south-1      Z20ZBPC0SS8806
sa-east-1       ZCMLWB8V5SYIT
us-east-1       Z1UJRXOUMOOFQ8
us-east-2       ZOJJZC49E0EPZ
us-gov-east-1   Z3SE9ATJYCRCZJ
us-gov-west-1   Z1K6XKP9SAGWDV
us-west-1       Z2MUQ32089INYE
us-west-2       Z2OJLYMUO9EFXC
"""

WORLDWIDE = {
    "Z2BJ6XQ5FK7U4H": "awsglobalaccelerator.com",
    "Z2FDTNDATAQYW2": "cloudfront.net",
}


def _rows(table: str) -> list[list[str]]:
    return [line.split() for line in table.splitlines() if line]


def _domains() -> dict[str, Name]:
    texts = dict(WORLDWIDE)
    for region, zone_id in regions.ZONE_IDS.items():
        texts[zone_id] = regions.dns_suffix(region)
    for region, zone_id in regions.NETWORK_ZONE_IDS.items():
        texts[zone_id] = regions.network_dns_suffix(region)
    for region, zone_id in _rows(VPC_ENDPOINTS):
        texts[zone_id] = f"{region}.vpce.amazonaws.com"
    for region, zone_id in _rows(API_GATEWAYS):
        texts[zone_id] = f"execute-api.{region}.amazonaws.com"
    return {zone_id: names.parse(text) for zone_id, text in texts.items()}


# Every zone id of AWS's own with the domain that its alias targets lie below.
DOMAINS = _domains()
