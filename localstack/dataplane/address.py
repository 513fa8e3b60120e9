"""Loopback addresses: of the load balancers, and of what stands for a pod.

All of 127.0.0.0/8 is this machine, so a private address is reached at the loopback address with
the same last three bytes: 10.1.2.3 at 127.1.2.3, and 172.31.0.9 at 127.31.0.9.
"""

from __future__ import annotations

import hashlib
import socket
from ipaddress import IPv4Address, IPv4Network, ip_network

# Load balancers live in 127.253.0.0 to 127.254.255.255, so a pod should not be in 10.253 or 10.254.
FIRST = int(IPv4Address("127.253.0.0"))
COUNT = 2 * 256 * 256
# Who binds this UDP port of an address has the address; load balancers have no use for UDP.
CLAIM_PORT = 40007
LOOPBACK = 127 << 24
LAST_BYTES = 0xFFFFFF
EVERYBODYS = IPv4Network("127.0.0.0/24")
IPV4 = 4


def of_target(address: str) -> str:
    """Where a target is reached; a loopback address is taken as it is."""
    number = int(IPv4Address(address))
    return str(IPv4Address(LOOPBACK | number & LAST_BYTES))


class Opening:
    """Ports, and a block of addresses that may connect to them."""

    def __init__(self, first: int, last: int, block: str) -> None:
        self._first, self._last = first, last
        self._block = ip_network(block)
        # What of a loopback address can be told from another's.
        self._mask = int(self._block.netmask) & LAST_BYTES if self._block.version == IPV4 else 0

    def admits(self, peer: str, port: int) -> bool:
        """Whether a client at a loopback address may connect to a port.

        127.1.2.3 stands for every address that ends so. 127.0.0.x is everybody's, and stands for
        somebody on the internet: only what is open for all is open for it.
        """
        if self._block.version != IPV4 or not self._first <= port <= self._last:
            return False
        address = IPv4Address(peer)
        if address in EVERYBODYS:
            return address in self._block
        return not (int(address) ^ int(self._block.network_address)) & self._mask


class Claim:
    """An address that no other load balancer on this machine has, also not another `up`'s."""

    def __init__(self, dns_name: str) -> None:
        # The same name asks for the same address first, which makes logs easier to read.
        start = int.from_bytes(hashlib.sha256(dns_name.encode()).digest()[:4], "big")
        for step in range(COUNT):
            address = str(IPv4Address(FIRST + (start + step) % COUNT))
            # Those that end in 0 or 255 look like networks.
            if address.endswith((".0", ".255")):
                continue
            claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                claim.bind((address, CLAIM_PORT))
            except OSError:
                claim.close()
                continue
            self._claim = claim
            self.address = address
            return
        raise OSError("every loopback address for load balancers is taken")

    def release(self) -> None:
        """Let others have it."""
        self._claim.close()
