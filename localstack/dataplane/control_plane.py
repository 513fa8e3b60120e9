"""What the data plane asks LocalStack: changes, certificates; and what it reports: health."""

from __future__ import annotations

import asyncio
import http.client
import json
from typing import Any
from urllib.parse import urlencode, urlsplit

Json = dict[str, Any]

# LocalStack answers a long poll after at most so long; see `wait` in the plugin's feed.
POLL_SECONDS = 20.0
PATIENCE = POLL_SECONDS + 10.0
TOKEN_HEADER = "X-Albedo-Token"


class ControlPlane:
    """LocalStack's `/_albedo/dataplane` endpoints."""

    def __init__(self, endpoint: str, token: str) -> None:
        self._place = urlsplit(endpoint).netloc
        self._token = token

    async def changes(self, since: int) -> Json:
        """What is new since a version; waits for it."""
        asked = {"since": since, "wait": POLL_SECONDS}
        return await self._call("GET", f"/changes?{urlencode(asked)}")

    async def certificate(self, arn: str, account: str, region: str) -> str:
        """A certificate with its chain and key, as PEM."""
        asked = urlencode({"arn": arn, "account": account, "region": region})
        return str((await self._call("GET", f"/certificate?{asked}"))["pem"])

    async def report(self, reports: list[Json]) -> None:
        """Tell how targets are."""
        await self._call("POST", "/health", {"reports": reports})

    async def _call(self, method: str, path: str, body: Json | None = None) -> Json:
        return await asyncio.to_thread(self._ask, method, path, body)

    def _ask(self, method: str, path: str, body: Json | None) -> Json:
        connection = http.client.HTTPConnection(self._place, timeout=PATIENCE)
        try:
            sent = None if body is None else json.dumps(body)
            headers = {TOKEN_HEADER: self._token}
            connection.request(method, f"/_albedo/dataplane{path}", sent, headers)
            response = connection.getresponse()
            told: Json = json.loads(response.read())
        except http.client.HTTPException as error:
            raise OSError(f"LocalStack's answer was cut short: {error!r}") from error
        finally:
            connection.close()
        if response.status != 200:
            raise ValueError(told.get("error", f"status {response.status}"))
        return told
