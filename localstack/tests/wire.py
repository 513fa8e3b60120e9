"""Requests as bytes, so that a test can send what no SDK would: values of the wrong kind as well.

Each of AWS's protocols is written as far as botocore's model says how; where a value is not what
the model wants, it is written as what it is.
"""

import base64
import http.client
import json
import re
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from xml.sax.saxutils import escape, quoteattr

import botocore.session
from aws import REGION, Account
from botocore.model import OperationModel, ServiceModel, Shape

# Seconds for an answer; what takes longer goes on for ever.
LONGEST = 30
FORM = "application/x-www-form-urlencoded; charset=utf-8"


@cache
def model(service: str) -> ServiceModel:
    """botocore's model of a service."""
    return botocore.session.get_session().get_service_model(service)


class Wire:
    """One account's connection to all services."""

    def __init__(self, aws: Account) -> None:
        self._account = aws.id
        host = urlsplit(aws.endpoint).netloc
        self._connection = http.client.HTTPConnection(host, timeout=LONGEST)

    def send(self, service: str, operation: str, params: Any) -> tuple[int, str]:
        """Send one request; the answer's status and, if it is an error, its code."""
        described = model(service)
        asked = described.operation_model(operation)
        protocol = described.metadata["protocol"]
        method, path, body, headers = _WRITERS[protocol](described, asked, params)
        scope = f"{self._account}/20260101/{REGION}/{described.signing_name}/aws4_request"
        headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00"
        )
        try:
            status, text = self._exchange(method, path, body, headers)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            # Kept alive for too long; nothing has been read of it.
            self._connection.close()
            status, text = self._exchange(method, path, body, headers)
        return status, "" if status < 300 else _code(text)

    def _exchange(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, str]:
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read().decode("utf-8", errors="replace")


def _code(text: str) -> str:
    """The error code of an answer in XML or JSON."""
    if found := re.search(r"<Code>(.*?)</Code>", text):
        return found[1]
    try:
        told = json.loads(text)
    except ValueError:
        return ""
    return str(told.get("__type", "")).rpartition("#")[2] if isinstance(told, dict) else ""


Request = tuple[str, str, bytes, dict[str, str]]


def _json(described: ServiceModel, asked: OperationModel, params: Any) -> Request:
    target = f"{described.metadata['targetPrefix']}.{asked.name}"
    version = described.metadata["jsonVersion"]
    headers = {"Content-Type": f"application/x-amz-json-{version}", "X-Amz-Target": target}
    return "POST", "/", json.dumps(params, default=_base64).encode(), headers


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _form(described: ServiceModel, asked: OperationModel, params: Any) -> Request:
    fields = {"Action": asked.name, "Version": described.api_version}
    names = "ec2" if described.metadata["protocol"] == "ec2" else "query"
    _flatten(asked.input_shape, params, "", fields, names)
    return "POST", "/", urlencode(fields, errors="surrogatepass").encode(), {"Content-Type": FORM}


def _flatten(
    shape: Shape | None, value: Any, prefix: str, fields: dict[str, str], names: str
) -> None:
    if isinstance(value, dict):
        for name, item in value.items():
            member = getattr(shape, "members", {}).get(name)
            wire = _field(name, member, names)
            _flatten(member, item, f"{prefix}.{wire}" if prefix else wire, fields, names)
    elif isinstance(value, list):
        flat = names == "ec2" or getattr(shape, "serialization", {}).get("flattened")
        step = prefix if flat else f"{prefix}.member"
        for number, item in enumerate(value, start=1):
            _flatten(getattr(shape, "member", None), item, f"{step}.{number}", fields, names)
    elif value is not None:
        fields[prefix] = _text(value)


def _field(name: str, member: Shape | None, names: str) -> str:
    serialization = member.serialization if member is not None else {}
    if names == "query":
        return str(serialization.get("name", name))
    if "queryName" in serialization:
        return str(serialization["queryName"])
    wire = str(serialization.get("name", name))
    return wire[0].upper() + wire[1:]


def _rest_xml(described: ServiceModel, asked: OperationModel, params: Any) -> Request:
    given = params if isinstance(params, dict) else {}
    members = asked.input_shape.members if asked.input_shape is not None else {}
    path, query, inner = asked.http["requestUri"], {}, ""
    for name, value in given.items():
        member = members.get(name)
        serialization = member.serialization if member is not None else {}
        wire = str(serialization.get("name", name))
        match serialization.get("location"):
            case "uri":
                path = re.sub(rf"{{{wire}\+?}}", lambda _, v=value: quote(_text(v), safe=""), path)
            case "querystring":
                query[wire] = _text(value)
            case _:
                inner += _xml(member, value, wire)
    # A label that is not given leaves its place empty.
    path = re.sub(r"{[^}]*}", "", path)
    path += ("&" if "?" in path else "?") + urlencode(query) if query else ""
    body = ""
    if asked.http["method"] in ("POST", "PUT") and asked.input_shape is not None:
        root = asked.input_shape.serialization.get("name", asked.input_shape.name)
        space = quoteattr(f"https://route53.amazonaws.com/doc/{described.api_version}/")
        body = f"<{root} xmlns={space}>{inner}</{root}>"
    return asked.http["method"], path, body.encode(), {"Content-Type": "application/xml"}


def _xml(shape: Shape | None, value: Any, name: str) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        members = getattr(shape, "members", {})
        inner = "".join(
            _xml(members.get(key), item, _xml_name(key, members.get(key)))
            for key, item in value.items()
        )
    elif isinstance(value, list):
        member = getattr(shape, "member", None)
        inner = "".join(_xml(member, item, _xml_name("member", member)) for item in value)
    else:
        inner = escape(_text(value))
    return f"<{name}>{inner}</{name}>"


def _xml_name(name: str, member: Shape | None) -> str:
    return str(member.serialization.get("name", name)) if member is not None else name


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return _base64(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


_WRITERS = {"json": _json, "query": _form, "ec2": _form, "rest-xml": _rest_xml}
