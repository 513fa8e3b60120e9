"""The cluster that the controllers look at: objects are put there, and pods that are not there."""

import copy
import http.client
import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

Json = dict[str, Any]

PLURALS = {
    "CustomResourceDefinition": "customresourcedefinitions",
    "Deployment": "deployments",
    "EndpointSlice": "endpointslices",
    "Ingress": "ingresses",
    "IngressClass": "ingressclasses",
    "IngressClassParams": "ingressclassparams",
    "MutatingWebhookConfiguration": "mutatingwebhookconfigurations",
    "Namespace": "namespaces",
    "Node": "nodes",
    "Pod": "pods",
    "Secret": "secrets",
    "Service": "services",
    "TargetGroupBinding": "targetgroupbindings",
    "ValidatingWebhookConfiguration": "validatingwebhookconfigurations",
}
CLUSTER_WIDE = {
    "CustomResourceDefinition",
    "IngressClass",
    "IngressClassParams",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "ValidatingWebhookConfiguration",
}
READY = {"ready": True, "serving": True, "terminating": False}
# The number of a port that a Service knows by name only.
FIRST_NAMED_PORT = 7000


class Cluster:
    """A kube-apiserver, as an admin."""

    def __init__(self, kubeconfig: Path) -> None:
        told = json.loads(kubeconfig.read_text())
        self._server = urlsplit(told["clusters"][0]["cluster"]["server"]).netloc
        authority = told["clusters"][0]["cluster"]["certificate-authority"]
        self._trust = ssl.create_default_context(cafile=authority)
        self._token = told["users"][0]["user"]["token"]

    def call(self, method: str, path: str, body: Json | None = None, merge: bool = False) -> Json:
        """One request; what is not there is empty, anything else that fails is an error."""
        connection = http.client.HTTPSConnection(self._server, context=self._trust, timeout=30)
        kind = "application/merge-patch+json" if merge else "application/json"
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": kind}
        try:
            connection.request(method, path, json.dumps(body) if body else None, headers)
            answer = connection.getresponse()
            text = answer.read() or b"{}"
        finally:
            connection.close()
        if answer.status == http.HTTPStatus.NOT_FOUND and method != "POST":
            return {}
        # What no API server has heard of, it does not answer in JSON.
        is_json = "json" in answer.headers.get("Content-Type", "")
        told = json.loads(text) if is_json else {"message": text.decode().strip()}
        if answer.status >= http.HTTPStatus.BAD_REQUEST:
            raise RuntimeError(f"{method} {path}: {told.get('message')}")
        return dict(told)

    def apply(self, wanted: Json, namespace: str = "") -> None:
        """Make an object be as wanted, its status too; what others put on it stays."""
        wanted = copy.deepcopy(wanted)
        status = wanted.pop("status", None)
        kind, name = wanted["kind"], wanted["metadata"]["name"]
        place = self.place(wanted["apiVersion"], kind, namespace)
        standing = self.call("GET", f"{place}/{name}")
        if not standing:
            self.call("POST", place, wanted)
        else:
            wanted["metadata"].setdefault("annotations", {})
            # A merge patch keeps keys that are not named: those that were ours must be said.
            old = standing["metadata"].get("annotations") or {}
            gone = {key: None for key in old if key not in wanted["metadata"]["annotations"]}
            wanted["metadata"]["annotations"] |= gone
            self.call("PATCH", f"{place}/{name}", wanted, merge=True)
        if status:
            self.call("PATCH", f"{place}/{name}/status", {"status": status}, merge=True)

    def list(self, version: str, kind: str, namespace: str = "") -> list[Json]:
        """All objects of a kind in a namespace."""
        return list(self.call("GET", self.place(version, kind, namespace)).get("items") or [])

    def delete(self, version: str, kind: str, name: str, namespace: str) -> None:
        """Ask for an object's deletion; its finalizers may have something to do first."""
        self.call("DELETE", f"{self.place(version, kind, namespace)}/{name}")

    @staticmethod
    def place(version: str, kind: str, namespace: str) -> str:
        """The path of a collection."""
        root = "/api/v1" if version == "v1" else f"/apis/{version}"
        inside = "" if kind in CLUSTER_WIDE else f"/namespaces/{namespace}"
        return f"{root}{inside}/{PLURALS[kind]}"

    def install(self, definitions: Path) -> None:
        """Apply the custom resource definitions of a directory."""
        for path in sorted(definitions.glob("*.yaml")):
            for wanted in yaml.safe_load_all(path.read_text()):
                if wanted:
                    self.apply(wanted)


def pods_of(service: Json, addresses: list[str], node: str) -> Iterator[Json]:
    """Ready pods at these addresses, and the EndpointSlice that leads a Service to them."""
    name = service["metadata"]["name"]
    targets = [_target(port, number) for number, port in enumerate(service["spec"]["ports"])]
    conditions = [{"type": kind, "status": "True"} for kind in ("Ready", "ContainersReady")]
    # Names of pods must not be longer than 63 characters, and long names are part of a scenario.
    pods = [f"{name[:40]}-{number}" for number in range(len(addresses))]
    for pod, address in zip(pods, addresses, strict=True):
        ports = [{"name": each, "containerPort": number} for each, number in targets]
        yield {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": pod, "labels": {"app": name}},
            "spec": {
                "nodeName": node,
                "containers": [{"name": "c", "image": "x", "ports": ports}],
            },
            "status": {
                "phase": "Running",
                "podIP": address,
                "podIPs": [{"ip": address}],
                "conditions": conditions,
            },
        }
    yield {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": name, "labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4",
        "ports": [
            {"name": port.get("name", ""), "port": target[1], "protocol": "TCP"}
            for port, target in zip(service["spec"]["ports"], targets, strict=True)
        ],
        "endpoints": [
            {
                "addresses": [address],
                "conditions": READY,
                "nodeName": node,
                "targetRef": {"kind": "Pod", "name": pod},
            }
            for pod, address in zip(pods, addresses, strict=True)
        ],
    }


def _target(port: Json, number: int) -> tuple[str, int]:
    """The container's port that a Service's port leads to, by name and number."""
    wanted = port.get("targetPort", port["port"])
    if isinstance(wanted, int):
        return f"p{number}", wanted
    return str(wanted), FIRST_NAMED_PORT + number
