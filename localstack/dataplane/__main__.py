"""Serves what LocalStack says, until it is ended; started by `localstack/up`.

Settings come from the environment: AWS_ENDPOINT_URL, ALBEDO_DATAPLANE_TOKEN, and the ports
ALBEDO_DATAPLANE_PORT, ALBEDO_RESOLVER_PORT and ALBEDO_DOH_PORT of 127.0.0.1.
"""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import sys

from dataplane import self_signed
from dataplane.control_plane import ControlPlane
from dataplane.endpoints import Endpoints
from dataplane.following import Following
from dataplane.local_http import LocalHttp
from dataplane.resolution import View
from dataplane.resolver import Resolver
from dataplane.services import Services
from dataplane.world import World


async def serve() -> None:
    """Open the ports and follow LocalStack."""
    settings = os.environ
    control_plane = ControlPlane(settings["AWS_ENDPOINT_URL"], settings["ALBEDO_DATAPLANE_TOKEN"])
    world = World()
    services = Services.of(world, control_plane)
    endpoints = Endpoints(world, services)
    await Resolver(world, View()).open(int(settings["ALBEDO_RESOLVER_PORT"]))
    doh = LocalHttp(endpoints.answer_dns, tls=self_signed.context)
    await doh.open(int(settings["ALBEDO_DOH_PORT"]))
    await LocalHttp(endpoints.answer).open(int(settings["ALBEDO_DATAPLANE_PORT"]))
    # What is there now stays; a full collection in mid-request would be seen as latency.
    gc.freeze()
    await Following(world, services, control_plane).run()


def unraisable(trouble: sys.UnraisableHookArgs) -> None:
    """Say nothing of a hello that asks for a name which is none: Python's TLS has refused it."""
    if not isinstance(trouble.exc_value, UnicodeDecodeError):
        sys.__unraisablehook__(trouble)


def main() -> None:
    """Run with as many files as the system lets us have: each connection is one or two."""
    sys.unraisablehook = unraisable
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(serve())


if __name__ == "__main__":
    main()
