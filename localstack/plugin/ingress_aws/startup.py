"""What must be in place before LocalStack opens a port."""

from typing import Any

from localstack.runtime import hooks

LOOPBACK = "127.0.0.1"


@hooks.on_runtime_create()
def listen_on_loopback_only() -> None:
    """Bind the gateway to loopback.

    LocalStack hands Twisted only the port of GATEWAY_LISTEN and drops the address, so its server
    would be open to the network. Twisted's endpoint is where the two meet.
    """
    from twisted.internet.endpoints import TCP4ServerEndpoint

    unpatched = TCP4ServerEndpoint.__init__

    def bound(
        self: Any, reactor: Any, port: int, backlog: int = 50, interface: str = ""
    ) -> None:
        # 50 is Twisted's own default; an empty interface would mean every address.
        unpatched(self, reactor, port, backlog, interface or LOOPBACK)

    TCP4ServerEndpoint.__init__ = bound
