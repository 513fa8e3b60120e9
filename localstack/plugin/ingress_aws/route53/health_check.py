"""A health check as an account has it."""

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(slots=True, eq=False)
class HealthCheck:
    """A health check; its version rises with every change."""

    id: str
    reference: str
    config: Json
    version: int = 1

    def render(self) -> Json:
        """The health check as Route 53 tells it."""
        return {
            "Id": self.id,
            "CallerReference": self.reference,
            "HealthCheckConfig": dict(self.config),
            "HealthCheckVersion": self.version,
        }
