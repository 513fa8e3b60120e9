"""Any malformed request gets one of AWS's error codes, never a 500, and changes nothing."""

import os
import re
from typing import Any

import fuzzed_world
import pytest
from aws import Account
from dumps import difference
from fuzzing import Requests
from implemented import PROVIDERS, operations
from wire import Wire, model

# So many requests for each operation; more find more, and take longer.
REQUESTS = int(os.environ.get("ALBEDO_FUZZ", "10"))

# What the plugin leaves to LocalStack, and controllers call.
BESIDE = {
    "cognito-idp": [
        "CreateUserPool", "CreateUserPoolClient", "DescribeUserPool", "DescribeUserPoolClient",
    ],
    "iam": [
        "CreateServiceLinkedRole", "DeleteServerCertificate", "GetServerCertificate",
        "ListServerCertificates", "UploadServerCertificate",
    ],
    "shield": [
        "CreateSubscription", "DeleteProtection", "DescribeProtection", "DescribeSubscription",
        "ListProtections",
    ],
    "sts": ["AssumeRole", "AssumeRoleWithWebIdentity", "GetCallerIdentity"],
    "wafv2": ["CreateWebACL", "DisassociateWebACL", "GetWebACL", "ListWebACLs"],
}  # fmt: skip
ALL = [(service, name) for service in PROVIDERS for name in operations(service)]
ALL += [(service, name) for service, names in BESIDE.items() for name in names]


# The codes that any operation of a service may answer with, beside those that its model declares:
# "Common errors" of the API references. EC2's model declares none at all.
COMMON = {
    "acm": "SerializationException|ValidationException",
    "cognito-idp": "SerializationException",
    "ec2": r"Invalid\w+(\.\w+)?|MissingParameter|DependencyViolation|DryRunOperation|CannotDelete"
    r"|AuthFailure|\w+LimitExceeded|UnauthorizedOperation|InsufficientFreeAddressesInSubnet",
    "elbv2": "MalformedInput|ValidationError|UnsupportedCertificate",
    "iam": "MalformedInput|ValidationError",
    "resourcegroupstaggingapi": "SerializationException",
    # A path that leads nowhere is no operation.
    "route53": "InvalidInput|InvalidAction",
    "service-quotas": "SerializationException",
    "shield": "SerializationException|InvalidParameterException",
    "sts": "AccessDenied|MalformedInput|ValidationError|InvalidParameterValue",
    "waf-regional": "SerializationException|WAFInvalidParameterException",
    "wafv2": "SerializationException",
}


class World:
    """The account with one of everything, and what it was when it was made."""

    def __init__(self, aws: Account) -> None:
        self.aws = aws
        self.known = fuzzed_world.build(aws)
        aws.control("POST", "/clock", {"account": aws.id, "stopped": True})
        self.wire = Wire(aws)
        self._whole = self._dump()

    def restore(self) -> None:
        """Make it what it was."""
        self.aws.control("POST", "/load", self._whole)

    def change(self) -> str:
        """How it differs from what it was; empty if it does not."""
        return difference(self._whole["state"], self._dump()["state"])

    def _dump(self) -> Any:
        return self.aws.control("GET", f"/dump?account={self.aws.id}")


@pytest.fixture(scope="module")
def world(endpoint: str) -> World:
    return World(Account(endpoint))


@pytest.mark.B
@pytest.mark.parametrize(("service", "operation"), ALL, ids=lambda part: part)
def test_fuzzed(world: World, service: str, operation: str) -> None:
    requests = Requests(f"{service}.{operation}", world.known)
    shape = model(service).operation_model(operation).input_shape
    for _ in range(REQUESTS):
        request = requests.make(shape)
        status, code = world.wire.send(service, operation, request)
        assert status < 500, (status, code, request)
        if status >= 400:
            assert _is_known(service, operation, code), (code, request)
            continue
        if not operation.startswith(("Describe", "Get", "List")):
            world.restore()
    change = world.change()
    if change:
        world.restore()
    assert change == "", "what was refused has changed something"


def test_a_change_is_seen(world: World) -> None:
    """What the other tests rest on."""
    [group] = world.known["targetgrouparn"]
    world.aws.elbv2.add_tags(ResourceArns=[group], Tags=[{"Key": "new", "Value": "v"}])
    assert world.change() != ""
    world.restore()
    assert world.change() == ""


def _is_known(service: str, operation: str, code: str) -> bool:
    """Whether the model has a code for an operation, or the service for all of them."""
    shapes = model(service).operation_model(operation).error_shapes
    declared = {str(shape.error_code) for shape in shapes}
    return code in declared or re.fullmatch(COMMON[service], code) is not None
