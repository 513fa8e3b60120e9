"""Security groups: who may connect to a load balancer, and whom it reaches."""

import http.client
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
from aws import Account, forward
from dataplane_ground import PATIENCE, Alb, Pod, alb, pods

__all__ = ["alb", "pods"]

ELSEWHERE = "127.9.8.7"  # somebody at 10.9.8.7, or at any address that ends so


def _closed(alb: Alb, *, group: str) -> None:
    """From now on the load balancer has only this group."""
    alb.aws.elbv2.set_security_groups(LoadBalancerArn=alb.arn, SecurityGroups=[group])
    alb.settle()


def _asked(alb: Alb, source: str | None = None) -> int | str:
    """The status of a request from an address, or what came instead."""
    connection = http.client.HTTPConnection(
        alb.address, timeout=PATIENCE, source_address=(source, 0) if source else None
    )
    try:
        connection.request("GET", "/")
        return connection.getresponse().status
    except (ConnectionResetError, http.client.RemoteDisconnected):
        return "refused"
    finally:
        connection.close()


def _permission(port: int | tuple[int, int], **source: Any) -> dict[str, Any]:
    first, last = port if isinstance(port, tuple) else (port, port)
    return {"IpProtocol": "tcp", "FromPort": first, "ToPort": last} | source


def _authorize(aws: Account, group: str, *permissions: dict[str, Any]) -> None:
    aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=list(permissions))
    aws.control("GET", "/settled")


def _block(cidr: str) -> dict[str, Any]:
    return {"IpRanges": [{"CidrIp": cidr}]}


@pytest.mark.D
def test_who_may_connect(alb: Alb) -> None:
    group = alb.aws.security_group("web")
    _closed(alb, group=group)
    assert _asked(alb) == _asked(alb, ELSEWHERE) == "refused"
    _authorize(alb.aws, group, _permission(81, **_block("0.0.0.0/0")))
    assert _asked(alb) == "refused"
    _authorize(alb.aws, group, _permission(80, **_block("10.9.8.0/24")))
    assert (_asked(alb), _asked(alb, ELSEWHERE)) == ("refused", 404)
    assert _asked(alb, "127.9.9.7") == "refused"
    udp = _permission(80, **_block("0.0.0.0/0")) | {"IpProtocol": "udp"}
    six = _permission(80, Ipv6Ranges=[{"CidrIpv6": "::/0"}])
    _authorize(alb.aws, group, udp, six)
    assert _asked(alb) == "refused"
    _authorize(alb.aws, group, _permission((79, 81), **_block("0.0.0.0/0")))
    assert _asked(alb) == 404


@pytest.mark.D
def test_prefix_lists(alb: Alb) -> None:
    group = alb.aws.security_group("web")
    _closed(alb, group=group)
    made = alb.aws.ec2.create_managed_prefix_list(
        PrefixListName="p", AddressFamily="IPv4", MaxEntries=2, Entries=[{"Cidr": "10.9.8.0/24"}]
    )["PrefixList"]["PrefixListId"]
    _authorize(alb.aws, group, _permission(80, PrefixListIds=[{"PrefixListId": made}]))
    assert (_asked(alb), _asked(alb, ELSEWHERE)) == ("refused", 404)


@pytest.mark.D
def test_members_of_a_group(alb: Alb) -> None:
    clients, group = alb.aws.security_group("clients"), alb.aws.security_group("web")
    _closed(alb, group=group)
    _authorize(alb.aws, group, _permission(80, UserIdGroupPairs=[{"GroupId": clients}]))
    address = alb.aws.subnets[0]["CidrBlock"].rpartition(".")[0] + ".77"
    at = address.replace("172.", "127.", 1)
    assert _asked(alb, at) == "refused"
    alb.aws.ec2.create_network_interface(
        SubnetId=alb.aws.subnet_ids()[0], Groups=[clients], PrivateIpAddress=address
    )
    alb.settle()
    assert (_asked(alb, at), _asked(alb)) == (404, "refused")


@pytest.mark.D
def test_connections_outlive_their_rule(alb: Alb) -> None:
    """Security groups are stateful: EC2's guide, "Connection tracking"."""
    group = alb.aws.security_group("web")
    wanted = _permission(80, **_block("0.0.0.0/0"))
    _authorize(alb.aws, group, wanted)
    _closed(alb, group=group)
    connection = alb.connect()
    connection.connect()
    alb.aws.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[wanted])
    alb.settle()
    assert _asked(alb) == "refused"
    connection.request("GET", "/")
    assert connection.getresponse().status == 404


class Guarded:
    """A pod whose interface has a security group, behind a load balancer that forwards to it."""

    def __init__(self, alb: Alb, pod: Pod) -> None:
        self.aws = alb.aws
        self.group = self.aws.security_group("nodes")
        block = self.aws.subnets[0]["CidrBlock"]
        self.aws.ec2.create_network_interface(
            SubnetId=self.aws.subnet_ids()[0], Groups=[self.group], PrivateIpAddress=pod.ip
        )
        assert block.startswith("172.31.0.0/"), "pods are in the first subnet"
        self.target_group = alb.forwards_to(pod)
        self.balancer_group = str(alb.described["SecurityGroups"][0])

    def reason(self) -> str | None:
        [told] = self.aws.health(self.target_group)
        return told["TargetHealth"].get("Reason")


@pytest.fixture
def guarded(alb: Alb, pods: Callable[..., Pod]) -> Guarded:
    return Guarded(alb, pods())


@pytest.mark.D
def test_whom_a_load_balancer_reaches(alb: Alb, guarded: Guarded, pods: Callable[..., Pod]) -> None:
    [told] = alb.aws.health(guarded.target_group)
    port = told["Target"]["Port"]
    assert (told["TargetHealth"]["State"], guarded.reason()) == ("unhealthy", "Target.Timeout")
    assert _asked(alb) == 504
    _authorize(alb.aws, guarded.group, _permission(port, **_block("10.0.0.0/8")))
    assert (_asked(alb), guarded.reason()) == (504, "Target.Timeout")
    pair = {"UserIdGroupPairs": [{"GroupId": guarded.balancer_group}]}
    _authorize(alb.aws, guarded.group, _permission(port, **pair))
    assert (_asked(alb), guarded.reason()) == (200, None)


@pytest.mark.D
def test_by_the_load_balancers_own_addresses(alb: Alb, guarded: Guarded) -> None:
    everywhere = [_permission((0, 65535), **_block(one["CidrBlock"])) for one in alb.aws.subnets]
    _authorize(alb.aws, guarded.group, *everywhere)
    assert (_asked(alb), guarded.reason()) == (200, None)


@pytest.mark.D
def test_what_a_load_balancer_may_send(alb: Alb, guarded: Guarded) -> None:
    alb.aws.open(group=guarded.group)
    alb.settle()
    assert _asked(alb) == 200
    everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    group = guarded.balancer_group
    alb.aws.ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[everything])
    alb.settle()
    assert guarded.reason() == "Target.Timeout"
    pair = {"UserIdGroupPairs": [{"GroupId": guarded.group}]}
    alb.aws.ec2.authorize_security_group_egress(
        GroupId=group, IpPermissions=[_permission((0, 65535), **pair)]
    )
    alb.settle()
    assert guarded.reason() is None


@pytest.mark.D
def test_a_port_of_its_own_for_checks(alb: Alb, guarded: Guarded) -> None:
    [told] = alb.aws.health(guarded.target_group)
    pair = {"UserIdGroupPairs": [{"GroupId": guarded.balancer_group}]}
    _authorize(alb.aws, guarded.group, _permission(told["Target"]["Port"], **pair))
    alb.aws.elbv2.modify_target_group(TargetGroupArn=guarded.target_group, HealthCheckPort="9")
    assert guarded.reason() == "Target.Timeout"
    _authorize(alb.aws, guarded.group, _permission(9, **pair))
    assert guarded.reason() is None


@pytest.mark.D
def test_real_checks(alb: Alb, guarded: Guarded) -> None:
    alb.aws.settings(real_health_checks=1, health_check_speed=50)
    end = time.monotonic() + PATIENCE
    while guarded.reason() != "Target.Timeout" and time.monotonic() < end:
        time.sleep(0.05)
    assert guarded.reason() == "Target.Timeout"
    alb.aws.open(group=guarded.group)
    while guarded.reason() is not None and time.monotonic() < end:
        time.sleep(0.05)
    assert guarded.reason() is None and _asked(alb) == 200


def test_a_refusal_is_a_reset(alb: Alb) -> None:
    """On AWS it would be silence until the client gives up."""
    _closed(alb, group=alb.aws.security_group("web"))
    with pytest.raises(ConnectionError):
        with socket.create_connection((alb.address, 80), PATIENCE) as connection:
            time.sleep(0.1)
            connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
            connection.recv(1)


def test_other_groups_do_not_matter(alb: Alb, pods: Callable[..., Pod]) -> None:
    """What no interface has is elsewhere, and others keep its door."""
    rule = {"Type": "forward", **forward(alb.group(pods()))}
    alb.default(rule)
    assert _asked(alb) == 200
