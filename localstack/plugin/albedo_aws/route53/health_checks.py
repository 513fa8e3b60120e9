"""Health checks are LocalStack's own; here is only whether one exists."""

from moto.route53.models import route53_backends

from albedo_aws.errors import AwsError


def check_exists(account: str, health_check: str) -> None:
    """Refuse an id that moto does not know, in any partition."""
    backends = route53_backends[account].values()
    if not any(health_check in backend.health_checks for backend in backends):
        # 404: botocore's service model.
        raise AwsError(
            "NoSuchHealthCheck",
            f"No health check exists with the specified ID {health_check}",
            404,
        )
