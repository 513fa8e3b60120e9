"""What must be in place before LocalStack opens a port."""

import gc
from typing import Any

from localstack.runtime import hooks

LOOPBACK = "127.0.0.1"
# So many collections of younger objects come before one of all; Python's own number is 10. Of those
# there is one for some forty calls.
BETWEEN_FULL_COLLECTIONS = 10_000


@hooks.on_runtime_create()
def collect_seldom() -> None:
    """Let Python look through all objects seldom.

    What an account holds stays, and is looked through in vain: where there are ten thousand target
    groups and their rules that takes up to three seconds, in which nobody is answered, and a large
    answer alone brought it about. Most of what a call leaves behind is found young; the rest, half
    a kilobyte a call, waits.
    """
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, BETWEEN_FULL_COLLECTIONS)


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
