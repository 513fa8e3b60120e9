"""The errors of EC2 that more than one module raises; texts from memory unless marked."""

from ingress_aws.errors import AwsError


def invalid(text: str) -> AwsError:
    """A parameter that does not do."""
    return AwsError("InvalidParameterValue", text)


def missing(name: str) -> AwsError:
    """A parameter that must be there."""
    return AwsError("MissingParameter", f"The request must contain the parameter {name}")


def group_not_found(group: str) -> AwsError:
    """[P]"""
    return AwsError("InvalidGroup.NotFound", f"The security group '{group}' does not exist")


def dependent(kind: str, resource: str) -> AwsError:
    """What something else still needs. [B] code, [M] text"""
    return AwsError("DependencyViolation", f"{kind} {resource} has a dependent object")
