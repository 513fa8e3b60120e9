#!/usr/bin/env python3
"""Pods for the demo: small HTTP servers on loopback that say who they are and what reached them.

    tests/demo/pods.py [--with PID] alpha/alpha-0=172.31.1.10:8080 beta/beta-0=172.31.1.12:8080

Each argument is APP/POD=ADDRESS:PORT; a private address is served at the loopback address with the
same last three bytes, which is where the data plane looks for it (172.31.1.10 at 127.31.1.10). When
all of them listen, `ready` is printed. They end with this process, and this process ends when the
one named by `--with` does, or on SIGTERM or SIGINT.

`/healthz` is answered with 200 and `ok`. Everything else with one line of JSON: the app, the pod,
the method, the path and the X-Forwarded-* headers that arrived.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import select
import signal
import sys
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address

HEALTH_PATH = "/healthz"
# What a load balancer adds; X-Amzn-Trace-Id, which is new each time, would hide the rest.
FORWARDED = "x-forwarded-"
LOOPBACK = 127 << 24
_POD = re.compile(r"(?P<app>[a-z0-9-]+)/(?P<name>[a-z0-9-]+)=(?P<address>[0-9.]+):(?P<port>[0-9]+)")


@dataclass(frozen=True)
class Pod:
    """One pod, as the cluster knows it."""

    app: str
    name: str
    address: str
    port: int

    @property
    def place(self) -> tuple[str, int]:
        """Where it really listens."""
        number = int(IPv4Address(self.address))
        return str(IPv4Address(LOOPBACK | number & 0xFFFFFF)), self.port


def parse(text: str) -> Pod:
    """A pod as the command line names it."""
    found = _POD.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"'{text}' is not APP/POD=ADDRESS:PORT")
    try:
        IPv4Address(found["address"])
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(f"'{text}' has no IPv4 address: {wrong}") from wrong
    return Pod(found["app"], found["name"], found["address"], int(found["port"]))


class Answer(BaseHTTPRequestHandler):
    """One connection of a load balancer."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        # The body is nobody's business here, but what is left of it would be the next request.
        if self.headers.get("Transfer-Encoding"):
            self.close_connection = True
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        is_health = self.path.partition("?")[0] == HEALTH_PATH
        body = b"ok\n" if is_health else self._told()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain" if is_health else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = do_PATCH = do_GET

    def _told(self) -> bytes:
        pod = self.server.pod
        told = {"app": pod.app, "pod": pod.name, "method": self.command, "path": self.path}
        for name, value in self.headers.items():
            if name.lower().startswith(FORWARDED):
                told[name] = value
        return json.dumps(told).encode() + b"\n"

    def log_message(self, *_arguments: object) -> None:
        """The demo's output is for what the demo shows."""


class Server(ThreadingHTTPServer):
    """Serves one pod until it is stopped."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, pod: Pod) -> None:
        super().__init__(pod.place, Answer)
        self.pod = pod
        threading.Thread(target=self.serve_forever, daemon=True).start()


def wait(guardian: int | None) -> None:
    """Return when somebody wants us to end."""
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    watched = [wake] if guardian is None else [wake, os.pidfd_open(guardian)]
    select.select(watched, [], [])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pods", metavar="APP/POD=ADDRESS:PORT", nargs="+", type=parse)
    parser.add_argument("--with", dest="guardian", metavar="PID", type=int, help="end with it")
    options = parser.parse_args()
    servers = []
    for pod in options.pods:
        try:
            servers.append(Server(pod))
        except (OSError, OverflowError) as error:
            place = "{}:{}".format(*pod.place)
            sys.exit(f"pods: {pod.name} cannot listen on {place} : {error}")
    print("ready", flush=True)
    try:
        wait(options.guardian)
    except ProcessLookupError:
        sys.exit(f"pods: process {options.guardian} has ended already")


if __name__ == "__main__":
    main()
