"""Service Quotas: it tells the quotas that the other services hold to."""

import pytest
from aws import Account, refused

# "Application Load Balancers per Region", as public scripts ask for it.
OF_BALANCERS = {"ServiceCode": "elasticloadbalancing", "QuotaCode": "L-53DA6B97"}


@pytest.mark.D
def test_defaults(aws: Account) -> None:
    quotas = aws.client("service-quotas")
    told = quotas.get_aws_default_service_quota(**OF_BALANCERS)["Quota"]
    assert (told["QuotaName"], told["Value"]) == ("Application Load Balancers per Region", 50.0)
    assert told["Adjustable"] and not told["GlobalQuota"]
    rules = quotas.get_aws_default_service_quota(ServiceCode="vpc", QuotaCode="L-0EA8095F")
    assert rules["Quota"]["Value"] == 60.0
    zones = quotas.get_service_quota(ServiceCode="route53", QuotaCode="L-4EA4796A")["Quota"]
    assert zones["Value"] == 500.0 and zones["GlobalQuota"]


@pytest.mark.B
def test_an_applied_quota_is_the_one_that_holds(aws: Account) -> None:
    quotas = aws.client("service-quotas")
    aws.settings(quota_application_load_balancers=1)
    assert quotas.get_service_quota(**OF_BALANCERS)["Quota"]["Value"] == 1.0
    assert quotas.get_aws_default_service_quota(**OF_BALANCERS)["Quota"]["Value"] == 50.0
    aws.load_balancer("one")
    with refused("TooManyLoadBalancers"):
        aws.load_balancer("two")


@pytest.mark.B
def test_lists(aws: Account) -> None:
    quotas = aws.client("service-quotas")
    whole = quotas.list_service_quotas(ServiceCode="elasticloadbalancing")["Quotas"]
    page = quotas.list_service_quotas(ServiceCode="elasticloadbalancing", MaxResults=3)
    rest = quotas.list_service_quotas(
        ServiceCode="elasticloadbalancing", NextToken=page["NextToken"]
    )
    assert page["Quotas"] + rest["Quotas"] == whole
    services = {one["ServiceCode"] for one in quotas.list_services()["Services"]}
    assert {"acm", "elasticloadbalancing", "route53", "vpc"} <= services
    defaults = quotas.list_aws_default_service_quotas(ServiceCode="acm")["Quotas"]
    assert 2500.0 in [one["Value"] for one in defaults]


@pytest.mark.B
def test_refusals(shared: Account) -> None:
    quotas = shared.client("service-quotas")
    with refused("NoSuchResourceException"):
        quotas.get_service_quota(ServiceCode="elasticloadbalancing", QuotaCode="L-00000000")
    with refused("NoSuchResourceException"):
        quotas.list_service_quotas(ServiceCode="nothing")
    with refused("InvalidPaginationTokenException"):
        quotas.list_service_quotas(ServiceCode="acm", NextToken="junk")
    with refused("IllegalArgumentException"):
        quotas.list_service_quotas(ServiceCode="acm", MaxResults=0)
