"""What serving needs beside the world: certificates, key sets and log-ins."""

from __future__ import annotations

from dataclasses import dataclass

from dataplane.certificates import Certificates
from dataplane.control_plane import ControlPlane
from dataplane.key_set import KeySets
from dataplane.login import Logins
from dataplane.provider import Providers
from dataplane.world import World


@dataclass(frozen=True, slots=True)
class Services:
    """They are the same for all connections."""

    certificates: Certificates
    key_sets: KeySets
    logins: Logins

    @staticmethod
    def of(world: World, control_plane: ControlPlane) -> Services:
        """Those of a world."""
        providers = Providers(world)
        return Services(Certificates(control_plane), KeySets(providers), Logins(providers))
