"""Every error ELBv2 answers with: code and text in one place.

The mark says how sure the text is: [P] seen from AWS in public, [B] from botocore, [E] as another
emulator has it, [M] from memory. Texts marked [E] and [M] may be wrong; the codes are what counts.
"""

from collections.abc import Iterable

from ingress_aws.errors import AwsError


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _plain(names: Iterable[str]) -> str:
    return ", ".join(names)


def validation(text: str) -> AwsError:
    """A parameter that does not do. The code is AWS's own for all of them [P]."""
    return AwsError("ValidationError", text)


def configuration(text: str) -> AwsError:
    """Parameters that are right one by one and do not go together [B]."""
    return AwsError("InvalidConfigurationRequest", text)


def invalid_action(text: str) -> AwsError:
    """An action that a load balancer cannot perform there [B]."""
    return AwsError("InvalidLoadBalancerAction", text)


def not_permitted(text: str) -> AwsError:
    """What AWS never lets anyone do to this resource [B]."""
    return AwsError("OperationNotPermitted", text)


def not_an_arn(arn: str, noun: str) -> AwsError:
    """[P]; AWS says the same of an ARN of another region or account."""
    return validation(f"'{arn}' is not a valid {noun} ARN")


def load_balancers_not_found(names: Iterable[str]) -> AwsError:
    """[E]"""
    return AwsError("LoadBalancerNotFound", f"Load balancers '[{_plain(names)}]' not found")


def listeners_not_found() -> AwsError:
    """[M]"""
    return AwsError("ListenerNotFound", "One or more listeners not found")


def rules_not_found() -> AwsError:
    """[M]"""
    return AwsError("RuleNotFound", "One or more rules not found")


def target_groups_not_found(names: Iterable[str]) -> AwsError:
    """[M]"""
    return AwsError("TargetGroupNotFound", f"One or more target groups not found: {_plain(names)}")


def duplicate_load_balancer(name: str) -> AwsError:
    """[P]"""
    text = f"A load balancer with the same name '{name}' exists, but with different settings"
    return AwsError("DuplicateLoadBalancerName", text)


def duplicate_target_group(name: str) -> AwsError:
    """[P]"""
    text = f"A target group with the same name '{name}' exists, but with different settings"
    return AwsError("DuplicateTargetGroupName", text)


def duplicate_listener(load_balancer: str) -> AwsError:
    """[P]"""
    text = f"A listener already exists on this port for this load balancer '{load_balancer}'"
    return AwsError("DuplicateListener", text)


def load_balancer_is_target(arn: str, target_group: str) -> AwsError:
    """[B] code, [M] text; that it is refused is in the guide of Network Load Balancers."""
    text = f"Load balancer '{arn}' cannot be deleted because it is a target of '{target_group}'"
    return AwsError("ResourceInUse", text)


def listener_is_target(port: int, load_balancer: str) -> AwsError:
    """[P]; hashicorp/terraform-provider-aws #34860."""
    return AwsError(
        "ResourceInUse",
        f"Listener port '{port}' is in use by registered target '{load_balancer}' "
        "and cannot be removed.",
    )


def no_listener_for_target() -> AwsError:
    """[P]; hashicorp/terraform-provider-aws #38987."""
    return validation(
        "If the target type is ALB, the target must have at least one listener that matches the "
        "target group port or any specified port overrides"
    )


def allocation_not_found(allocation: str) -> AwsError:
    """[B] code, [M] text"""
    text = f"The allocation ID '{allocation}' does not exist"
    return AwsError("AllocationIdNotFound", text)


def allocation_in_use(allocation: str) -> AwsError:
    """[B] code, [M] text"""
    return AwsError("ResourceInUse", f"The allocation ID '{allocation}' is already in use")


def listener_port_in_use(port: int) -> AwsError:
    """[P]; hashicorp/terraform #26407 has it of ModifyListener. botocore declares another code."""
    return validation(f"Listener port '{port}' is already in use")


def deletion_protected(arn: str) -> AwsError:
    """[P]"""
    return not_permitted(
        f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
    )


def subnet_not_found(subnets: Iterable[str]) -> AwsError:
    """[B] code, [M] text"""
    return AwsError("SubnetNotFound", f"The subnet ID {_quoted(subnets)} does not exist")


def no_ipv6() -> AwsError:
    """[P]; AWS Load Balancer Controller's pull request #4865 has it."""
    return validation("You must specify subnets with an associated IPv6 CIDR block.")


def subnet_too_small(subnet: str, needed: int) -> AwsError:
    """[P]"""
    return AwsError(
        "InvalidSubnet",
        f"Not enough IP space available in {subnet}. "
        f"ELB requires at least {needed} free IP addresses in each subnet.",
    )


def no_internet_gateway(vpc: str) -> AwsError:
    """[E]"""
    return AwsError("InvalidSubnet", f"VPC {vpc} has no internet gateway")


def too_few_zones() -> AwsError:
    """[P]"""
    return validation("At least two subnets in two different Availability Zones must be specified")


def zone_twice() -> AwsError:
    """[P]"""
    return configuration(
        "A load balancer cannot be attached to multiple subnets in the same Availability Zone"
    )


def not_a_security_group(group: str) -> AwsError:
    """[P]; what is no id at all (in4it/ecs-deploy #8)"""
    return validation(f"Security group '{group}' is not valid")


def security_groups_not_found(groups: Iterable[str]) -> AwsError:
    """[B] code, [M] text"""
    text = f"One or more security groups are invalid: {_quoted(groups)}"
    return AwsError("InvalidSecurityGroup", text)


def log_bucket_denied(bucket: str) -> AwsError:
    """[P]"""
    return configuration(f"Access Denied for bucket: {bucket}. Please check S3bucket permission")


def not_on_an_outpost() -> AwsError:
    """[P]; AWS Load Balancer Controller's pull request #1685. The code is from memory."""
    return configuration(
        "You must use a customer owned IPv4 pool with an Application Load Balancer on an Outpost"
    )


def no_security_groups(kind: str) -> AwsError:
    """[P]; terraform-aws-modules/terraform-aws-alb #276, of a load balancer made without any."""
    return configuration(
        f"SetSecurityGroups is not supported for load balancers of type '{kind}'"
    )


def certificate_not_found(arn: str) -> AwsError:
    """[M]"""
    return AwsError("CertificateNotFound", f"Certificate '{arn}' not found")


def unsupported_certificate(arn: str) -> AwsError:
    """[P]; what AWS says of a certificate that is not issued."""
    return AwsError(
        "UnsupportedCertificate",
        f"The certificate '{arn}' must have a fully-qualified domain name, a supported signature, "
        "and a supported key size.",
    )


def ssl_policy_not_found(name: str) -> AwsError:
    """[P]"""
    return AwsError("SSLPolicyNotFound", f"SSL policy '{name}' not found")


def unsupported_protocol(protocol: str, allowed: Iterable[str]) -> AwsError:
    """[P]; hashicorp/terraform-provider-aws #6173. botocore declares another code."""
    return validation(f"Listener protocol '{protocol}' must be one of '{_plain(allowed)}'")


def incompatible_protocols(target_groups: Iterable[str]) -> AwsError:
    """[P]"""
    return AwsError(
        "IncompatibleProtocols",
        "The listener and the following target groups have incompatible protocols: "
        + _plain(target_groups),
    )


def priority_in_use(priority: int) -> AwsError:
    """[P]"""
    return AwsError("PriorityInUse", f"Priority '{priority}' is currently in use")


def https_only(kind: str) -> AwsError:
    """[P]"""
    return invalid_action(f"Actions of type '{kind}' are supported only on HTTPS listeners")


def one_load_balancer_only(target_groups: Iterable[str]) -> AwsError:
    """[P]"""
    return AwsError(
        "TargetGroupAssociationLimit",
        "The following target groups cannot be associated with more than one load balancer: "
        + _plain(target_groups),
    )


def target_group_in_use(arn: str) -> AwsError:
    """[P]"""
    text = f"Target group '{arn}' is currently in use by a listener or a rule"
    return AwsError("ResourceInUse", text)


def invalid_targets(text: str) -> AwsError:
    """[B] code"""
    return AwsError("InvalidTarget", text)


def zone_needed(ip: str, vpc: str) -> AwsError:
    """[L]; LBC looks for the last words."""
    return validation(
        f"The IP address '{ip}' is not within the VPC '{vpc}', "
        "you must specify an Availability Zone"
    )


def duplicate_tag_keys(keys: Iterable[str]) -> AwsError:
    """[B] code, [M] text"""
    return AwsError("DuplicateTagKeys", f"Tag keys given more than once: {_plain(keys)}")


def unknown_attribute(noun: str, key: str) -> AwsError:
    """[E]"""
    return validation(f"{noun} attribute key '{key}' is not recognized")


def too_many(code: str, text: str, limit: int) -> AwsError:
    """A quota is reached; AWS ends such texts with the number in brackets [P]."""
    return AwsError(code, f"{text}: [{limit}]")
