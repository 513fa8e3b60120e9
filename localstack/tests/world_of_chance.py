"""An account in which load balancers, and whatever they stand on, are changed by chance."""

import random
from typing import Any

from aws import Account, certificate_for, forward
from botocore.exceptions import ClientError
from dataplane_ground import require
from trust_material import trust_store

Json = dict[str, Any]

PORTS = (80, 443, 8080)
# How often each kind of change comes.
OFTEN = {"make_": 2, "change_targets": 9, "change_": 3, "end_": 1}
# An address in the default VPC that no interface has.
NOBODY = "172.31.200.1"


class Chance:
    """The same seed makes the same changes."""

    def __init__(self, aws: Account, seed: int) -> None:
        self.aws, self.chance = aws, random.Random(seed)
        require(aws)
        aws.ipv6(3)
        self.security_groups = [aws.security_group(f"g-{number}") for number in range(3)]
        # The last one lets in the members of the others.
        for group in self.security_groups[:2]:
            self._authorize(self.security_groups[2], UserIdGroupPairs=[{"GroupId": group}])
        self.certificates = [aws.certificate(f"{name}.test") for name in ("a", "b", "c")]
        self.trust = trust_store(aws)
        self.names = 0
        self.balancers: list[str] = []
        self.listeners: list[str] = []
        self.rules: list[str] = []
        self.groups: list[Json] = []
        self.instances: list[str] = []
        self.interfaces: list[Json] = []
        self.zones: list[str] = []
        self._changes = [one for one in dir(self) if one.startswith(tuple(OFTEN))]
        for name in ("interface", "instance", "balancer", "group", "listener", "rule", "zone"):
            for _ in range(4):
                self._try(f"make_{name}")

    def step(self) -> str:
        """One change: its name, and after a colon why it was not carried out."""
        weights = [
            next(often for kind, often in OFTEN.items() if name.startswith(kind))
            for name in self._changes
        ]
        [name] = self.chance.choices(self._changes, weights)
        return self._try(name)

    def _try(self, name: str) -> str:
        try:
            getattr(self, name)()
        except ClientError as refused:
            return f"{name}: {refused.response['Error']['Code']}"
        except IndexError:
            return f"{name}: there is nothing of the kind"
        return name

    def _one(self, of: Any) -> Any:
        return self.chance.choice(of)

    def _some(self, of: list[Any]) -> list[Any]:
        return self.chance.sample(of, self.chance.randint(min(1, len(of)), len(of)))

    def _name(self) -> str:
        self.names += 1
        return f"n-{self.names}"

    def _authorize(self, group: str, **source: Any) -> None:
        port = self._one(PORTS)
        allowed = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **source}
        self.aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[allowed])

    def _actions(self, of: str) -> list[Json]:
        """A forward that a load balancer, listener or rule can have, if others do not use it."""
        protocol = "TCP" if "/net/" in of else "HTTP"
        fitting = [one["TargetGroupArn"] for one in self.groups if one["Protocol"] == protocol]
        if protocol == "TCP":
            return [forward(self._one(fitting))]
        return [forward(*self._some(fitting)[:2])]

    # What comes.

    def make_balancer(self) -> None:
        more: Json = {"SecurityGroups": self._some(self.security_groups)}
        if self.chance.random() < 0.3:
            more = {"Type": "network"}
        made = self.aws.load_balancer(self._name(), **more)
        self.balancers.append(made["LoadBalancerArn"])

    def make_group(self) -> None:
        more = self._one([
            {}, {"TargetType": "instance"}, {"TargetType": "alb", "Protocol": "TCP"},
            {"Protocol": "TCP"},
        ])  # fmt: skip
        self.groups.append(self.aws.target_group(self._name(), **more))

    def make_listener(self) -> None:
        arn, port = self._one(self.balancers), self._one(PORTS)
        wanted: Json = {"Protocol": "HTTP", "DefaultActions": self._actions(arn)}
        if "/net/" in arn:
            wanted |= {"Protocol": "TCP"}
        elif port == PORTS[1]:
            mutual = {"Mode": "verify", "TrustStoreArn": self.trust}
            certificates = [{"CertificateArn": self._one(self.certificates)}]
            wanted |= {"Protocol": "HTTPS", "Certificates": certificates}
            wanted |= self._one([{}, {"MutualAuthentication": mutual}])
        self.listeners.append(self.aws.listener(arn, port, **wanted)["ListenerArn"])

    def make_rule(self) -> None:
        listener, priority = self._one(self.listeners), self.chance.randint(1, 9)
        made = self.aws.rule(listener, priority, Actions=self._actions(listener))
        self.rules.append(made["RuleArn"])

    def make_interface(self) -> None:
        made = self.aws.ec2.create_network_interface(
            SubnetId=self._one(self.aws.subnet_ids(3)), Groups=self._some(self.security_groups)
        )
        self.interfaces.append(made["NetworkInterface"])

    def make_instance(self) -> None:
        image = self.aws.ec2.describe_images()["Images"][0]["ImageId"]
        made = self.aws.ec2.run_instances(
            ImageId=image, MinCount=1, MaxCount=1, SubnetId=self._one(self.aws.subnet_ids(3)),
            SecurityGroupIds=self._some(self.security_groups),
        )  # fmt: skip
        self.instances.append(made["Instances"][0]["InstanceId"])

    def make_zone(self) -> None:
        name = self._name()
        made = self.aws.client("route53").create_hosted_zone(
            Name=f"{name}.test", CallerReference=name
        )
        self.zones.append(made["HostedZone"]["Id"])

    # What changes.

    def change_targets(self) -> None:
        group, port = self._one(self.groups), self._one(PORTS)
        arn, kind = group["TargetGroupArn"], group["TargetType"]
        ids = {
            "ip": [NOBODY, *(one["PrivateIpAddress"] for one in self.interfaces)],
            "instance": self.instances,
            "alb": [self._one([one for one in self.balancers if "/app/" in one])],
        }[kind]
        targets = [{"Id": one, "Port": port} for one in self._some(ids)]
        self.aws.elbv2.register_targets(TargetGroupArn=arn, Targets=targets)

    def change_draining(self) -> None:
        group = self._one(self.groups)["TargetGroupArn"]
        targets = [one["Target"] for one in self.aws.health(group)]
        gone = [{"Id": one["Id"], "Port": one["Port"]} for one in [self._one(targets)]]
        self.aws.elbv2.deregister_targets(TargetGroupArn=group, Targets=gone)

    def change_health(self) -> None:
        group = self._one(self.groups)["TargetGroupArn"]
        target = self._one(self.aws.health(group))["Target"]
        wish = {"target": target["Id"], "port": target["Port"], "target_group": group}
        wish["state"] = self._one(["healthy", "unhealthy", None])
        self.aws.control("POST", "/health", {"account": self.aws.id, **wish})

    def change_group(self) -> None:
        self.aws.elbv2.modify_target_group(
            TargetGroupArn=self._one(self.groups)["TargetGroupArn"],
            HealthCheckPort=self._one(["traffic-port", "80", "8080"]),
        )

    def change_rule(self) -> None:
        rule = self._one(self.rules)
        self.aws.elbv2.modify_rule(RuleArn=rule, Actions=self._actions(rule))

    def change_priorities(self) -> None:
        wanted = [{"RuleArn": self._one(self.rules), "Priority": self.chance.randint(1, 9)}]
        self.aws.elbv2.set_rule_priorities(RulePriorities=wanted)

    def change_listener(self) -> None:
        listener = self._one(self.listeners)
        actions = self._actions(listener)
        wanted = self._one([{"Port": self._one(PORTS)}, {"DefaultActions": actions}])
        self.aws.elbv2.modify_listener(ListenerArn=listener, **wanted)

    def change_certificates(self) -> None:
        add, remove = "add_listener_certificates", "remove_listener_certificates"
        wanted = [{"CertificateArn": self._one(self.certificates)}]
        call = getattr(self.aws.elbv2, self._one([add, remove]))
        call(ListenerArn=self._one(self.listeners), Certificates=wanted)

    def change_subnets(self) -> None:
        wanted = self._some(self.aws.subnet_ids(3))
        self.aws.elbv2.set_subnets(LoadBalancerArn=self._one(self.balancers), Subnets=wanted)

    def change_guards(self) -> None:
        wanted = self._some(self.security_groups)
        arn = self._one(self.balancers)
        self.aws.elbv2.set_security_groups(LoadBalancerArn=arn, SecurityGroups=wanted)

    def change_addresses(self) -> None:
        kind = self._one(["ipv4", "dualstack"])
        arn = self._one(self.balancers)
        self.aws.elbv2.set_ip_address_type(LoadBalancerArn=arn, IpAddressType=kind)

    def change_attributes(self) -> None:
        pairs = [{"Key": "idle_timeout.timeout_seconds", "Value": str(self.chance.randint(9, 99))}]
        arn = self._one([one for one in self.balancers if "/app/" in one])
        self.aws.elbv2.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=pairs)

    def change_openings(self) -> None:
        source = self._one([
            {"UserIdGroupPairs": [{"GroupId": self._one(self.security_groups)}]},
            {"IpRanges": [{"CidrIp": "172.31.0.0/16"}]},
        ])  # fmt: skip
        self._authorize(self._one(self.security_groups), **source)

    def change_openings_back(self) -> None:
        group = self._one(self.security_groups)
        [found] = self.aws.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
        revoked = [self._one(found["IpPermissions"])]
        self.aws.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=revoked)

    def change_interface(self) -> None:
        self.aws.ec2.modify_network_interface_attribute(
            NetworkInterfaceId=self._one(self.interfaces)["NetworkInterfaceId"],
            Groups=self._some(self.security_groups),
        )

    def change_instance(self) -> None:
        call = self._one([self.aws.ec2.stop_instances, self.aws.ec2.start_instances])
        call(InstanceIds=[self._one(self.instances)])

    def change_certificate(self) -> None:
        names = ("a.test", "b.test", "c.test")
        certificate, key = certificate_for(self._one(names))
        self.aws.client("acm").import_certificate(
            CertificateArn=self._one(self.certificates), Certificate=certificate, PrivateKey=key
        )

    def change_zone(self) -> None:
        route53, zone = self.aws.client("route53"), self._one(self.zones)
        name = route53.get_hosted_zone(Id=zone)["HostedZone"]["Name"]
        records = [{"Value": f"192.0.2.{self.chance.randint(1, 9)}"}]
        record = {"Name": f"web.{name}", "Type": "A", "TTL": 60, "ResourceRecords": records}
        changes = [{"Action": "UPSERT", "ResourceRecordSet": record}]
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})

    def change_clock(self) -> None:
        seconds = self._one([1, 100, 400])
        self.aws.control("POST", "/clock", {"account": self.aws.id, "advance": seconds})

    # What goes.

    def end_rule(self) -> None:
        rule = self._one(self.rules)
        self.aws.elbv2.delete_rule(RuleArn=rule)
        self.rules.remove(rule)

    def end_listener(self) -> None:
        listener = self._one(self.listeners)
        self.aws.elbv2.delete_listener(ListenerArn=listener)
        self._forget(listener.replace(":listener/", "/"))

    def end_balancer(self) -> None:
        arn = self._one(self.balancers)
        self.aws.elbv2.delete_load_balancer(LoadBalancerArn=arn)
        self.balancers.remove(arn)
        self._forget(arn.replace(":loadbalancer/", "/"))

    def _forget(self, part: str) -> None:
        """Those listeners and rules that went with a listener or load balancer."""
        path = "/" + part.partition("/")[2]
        self.listeners = [one for one in self.listeners if path not in one]
        self.rules = [one for one in self.rules if path not in one]

    def end_group(self) -> None:
        group = self._one(self.groups)
        self.aws.elbv2.delete_target_group(TargetGroupArn=group["TargetGroupArn"])
        self.groups.remove(group)

    def end_interface(self) -> None:
        gone = self._one(self.interfaces)
        self.aws.ec2.delete_network_interface(NetworkInterfaceId=gone["NetworkInterfaceId"])
        self.interfaces.remove(gone)

    def end_instance(self) -> None:
        gone = self._one(self.instances)
        self.aws.ec2.terminate_instances(InstanceIds=[gone])
        self.instances.remove(gone)

    def end_zone(self) -> None:
        zone = self._one(self.zones)
        self.aws.client("route53").delete_hosted_zone(Id=zone)
        self.zones.remove(zone)
