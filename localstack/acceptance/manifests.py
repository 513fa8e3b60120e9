"""Cases, as people write them: the objects of each step, and what they name and do not bring along.

A case is one of these:

* a file `NAME.yaml`: what somebody applied. Services, IngressClasses and Secrets that it names and
  does not have are made up, and the edit that follows is made up too (`edited`);
* a folder with `cluster.yaml`: all that there is, in a cluster where targets are pods unless
  somebody says otherwise. What is missing is missing on purpose. Where there is a
  `cluster-before.yaml`, it comes first, and what is not in `cluster.yaml` any more is deleted;
* a recording (see `recording`), step by step.

Each namespace gets a name that no other case has, so that cases can follow each other.
"""

import copy
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import recording
import yaml
from cluster import CLUSTER_WIDE, PLURALS
from scenario import INGRESS

Json = dict[str, Any]

PREFIX = "alb.ingress.kubernetes.io/"
# What a Service without a number of a port gets, and the first one of a pod's.
FIRST_PORT, FIRST_TARGET_PORT = 8000, 8080
# Kubernetes hands out node ports by chance; both clusters need the same.
FIRST_NODE_PORT = 30000
# In what order things are applied: those that others need come first.
ORDER = [
    "Namespace",
    "IngressClassParams",
    "IngressClass",
    "Secret",
    "Service",
    "Pod",
    "EndpointSlice",
    "TargetGroupBinding",
    "Ingress",
]
# Controllers' strings by classes' names; every other class is LBC's.
CONTROLLERS = {"nginx": "k8s.io/ingress-nginx"}
LBC_CONTROLLER = "ingress.k8s.aws/alb"


@dataclass(frozen=True)
class Step:
    """Objects that are applied, and Ingresses (namespace, name) that are deleted."""

    objects: list[Json]
    deleted: list[tuple[str, str]]


@dataclass(frozen=True)
class Case:
    """A case with its steps. What was recorded, was recorded with AWS's limits for rules lifted."""

    name: str
    steps: list[Step]
    is_recorded: bool = False

    @property
    def namespaces(self) -> list[str]:
        """Where its objects are."""
        every = (one for step in self.steps for one in step.objects)
        return sorted({one["metadata"].get("namespace", "") for one in every} - {""})


def find(places: list[Path]) -> list[Path]:
    """The cases at these places, or in these folders of cases."""
    found: list[Path] = []
    for place in places:
        if place.is_file() or (place / "cluster.yaml").exists():
            found.append(place)
        else:
            folders = [one.parent for one in place.glob("*/cluster.yaml")]
            files = [*place.glob("*.yaml"), *place.rglob("V*.txt")]
            found += sorted([*folders, *files])
    return found


def read(path: Path, number: int) -> Case:
    """A case, the so-and-so-manieth of its run."""
    spaces = Namespaces(number)
    if path.is_dir():
        return Case(path.name, _of_folder(path, spaces))
    if path.suffix == ".txt":
        return Case(path.stem, _of_recording(path, spaces), is_recorded=True)
    written = spaces.put(_documents(path.read_text()))
    first = Step(_in_order([*written, *lacking(written)]), [])
    return Case(path.stem, [first, Step(edited(first.objects), [])])


class Namespaces:
    """The names of namespaces in this run, by those that a case gives them."""

    def __init__(self, number: int) -> None:
        self.number = number

    def put(self, objects: list[Json]) -> list[Json]:
        """Objects in the namespaces of this run; one that names none is in `default`."""
        return [self._one(one) for one in objects]

    def name(self, given: str) -> str:
        """The name in this run."""
        return f"c{self.number}-{given}"

    def _one(self, given: Json) -> Json:
        one = copy.deepcopy(given)
        metadata = one.setdefault("metadata", {})
        if one["kind"] == "Namespace":
            metadata["name"] = self.name(metadata["name"])
        elif one["kind"] not in CLUSTER_WIDE:
            metadata["namespace"] = self.name(metadata.get("namespace") or "default")
        return one


def _of_folder(path: Path, spaces: Namespaces) -> list[Step]:
    names = ["cluster-before.yaml", "cluster.yaml"]
    texts = [(path / name).read_text() for name in names if (path / name).exists()]
    steps: list[Step] = []
    for text in texts:
        objects = [_of_pods(one) for one in _in_order(spaces.put(_documents(text)))]
        here = {_place(one) for one in objects if one["kind"] == "Ingress"}
        before = steps[-1].objects if steps else []
        gone = [_place(one) for one in before if one["kind"] == "Ingress"]
        steps.append(Step(objects, [place for place in gone if place not in here]))
    # A folder without a change gets one, as a file does.
    return steps if len(steps) > 1 else [*steps, Step(edited(steps[0].objects), [])]


def _of_pods(one: Json) -> Json:
    """An object that an API server takes; of an Ingress that does not say so, targets are pods."""
    one["metadata"].pop("uid", None)
    if one["kind"] == "Ingress":
        key = f"{PREFIX}target-type"
        annotations = {key: "ip"} | (one["metadata"].get("annotations") or {})
        one["metadata"]["annotations"] = annotations
    return one


def _of_recording(path: Path, spaces: Namespaces) -> list[Step]:
    recorded = recording.read(path, str)
    home = recorded.namespace
    steps = []
    for step in recorded.steps:
        objects = copy.deepcopy(step.objects)
        for one in objects:
            one["metadata"]["namespace"] = home
        gone = [(spaces.name(home), name) for name in step.deleted]
        steps.append(Step(_in_order(spaces.put(objects)), gone))
    return steps


def _documents(text: str) -> list[Json]:
    """The objects of a text; of kinds that have nothing to do with load balancers, none."""
    found = [one for one in yaml.safe_load_all(text) if isinstance(one, dict)]
    return [one for one in found if one.get("kind") in PLURALS]


def _in_order(objects: list[Json]) -> list[Json]:
    return sorted(objects, key=lambda one: ORDER.index(one["kind"]) if one["kind"] in ORDER else 0)


def _place(one: Json) -> tuple[str, str]:
    return one["metadata"]["namespace"], one["metadata"].get("name", "")


def lacking(objects: list[Json]) -> list[Json]:
    """The Services, classes and Secrets that objects name and that are not among them."""
    have = {
        (one["kind"], one["metadata"].get("namespace"), one["metadata"].get("name"))
        for one in objects
    }
    ports: dict[tuple[str, str], list[int | str]] = {}
    made: list[Json] = []
    for kind, home, name, port in sorted(set(_named(objects)), key=str):
        if (kind, home, name) in have:
            continue
        if kind == "Service":
            ports.setdefault((str(home), name), []).append(port or FIRST_PORT)
        elif kind == "Secret":
            one = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": home}}
            made.append(one | {"stringData": {"clientID": "id", "clientSecret": "secret"}})
        else:
            one = {"apiVersion": INGRESS, "kind": kind, "metadata": {"name": name}}
            made.append(one | {"spec": {"controller": CONTROLLERS.get(name, LBC_CONTROLLER)}})
    return made + [_service(*place, wanted) for place, wanted in ports.items()]


Named = tuple[str, str | None, str, int | str | None]


def _named(objects: list[Json]) -> Iterator[Named]:
    """What objects name: kind, namespace, name and, of a Service, a port."""
    for one in objects:
        home, spec = one["metadata"].get("namespace"), one.get("spec") or {}
        if one["kind"] == "Ingress":
            if isinstance(name := spec.get("ingressClassName"), str) and name != "alb":
                yield "IngressClass", None, name, None
            for backend in _backends(spec):
                service = backend.get("service") or {}
                port = service.get("port") or {}
                if service.get("name") and port.get("name") != "use-annotation":
                    yield "Service", home, service["name"], port.get("name") or port.get("number")
            for key, value in (one["metadata"].get("annotations") or {}).items():
                yield from _named_in(home, key, str(value))
        if one["kind"] == "TargetGroupBinding":
            reference = spec.get("serviceRef") or {}
            if reference.get("name"):
                yield "Service", home, reference["name"], reference.get("port")


def _named_in(home: str | None, key: str, value: str) -> Iterator[Named]:
    """What an annotation names in its JSON, the keys of which may be in any case."""
    try:
        told = json.loads(value)
    except ValueError:
        return
    for one in _objects_in(told):
        fields = {name.lower(): field for name, field in one.items()}
        if "/actions." in key and isinstance(fields.get("servicename"), str):
            port = fields.get("serviceport")
            number = int(port) if isinstance(port, str) and port.isdigit() else port
            yield "Service", home, fields["servicename"], number
        if isinstance(fields.get("secretname"), str):
            yield "Secret", home, fields["secretname"], None


def _objects_in(told: Any) -> Iterator[Json]:
    if isinstance(told, dict):
        yield told
        told = list(told.values())
    for inner in told if isinstance(told, list) else []:
        yield from _objects_in(inner)


def _backends(spec: Json) -> Iterator[Json]:
    """The backends of an Ingress, also of one that is not as it should be."""
    if isinstance(spec.get("defaultBackend"), dict):
        yield spec["defaultBackend"]
    for path in (path for paths in paths_of(spec) for path in paths):
        if isinstance(path, dict) and isinstance(path.get("backend"), dict):
            yield path["backend"]


def paths_of(spec: Json) -> Iterator[list[Json]]:
    """The lists of paths of an Ingress's rules."""
    for rule in spec.get("rules") or []:
        paths = ((rule or {}).get("http") or {}).get("paths")
        if isinstance(paths, list) and paths:
            yield paths


def _service(home: str, name: str, wanted: list[int | str]) -> Json:
    """A Service with these ports; those that are only named get numbers that no other has."""
    taken = {port for port in wanted if isinstance(port, int)}
    free = (number for number in range(FIRST_PORT, FIRST_PORT + 1000) if number not in taken)
    ports = [
        {
            "name": port if isinstance(port, str) else f"p{port}",
            "port": next(free) if isinstance(port, str) else port,
            "targetPort": FIRST_TARGET_PORT + number,
        }
        for number, port in enumerate(wanted)
    ]
    spec = {"type": "NodePort", "selector": {"app": name}, "ports": ports}
    metadata = {"name": name, "namespace": home}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def edited(objects: list[Json]) -> list[Json]:
    """Its Ingresses with a path more in front, another health check, idle timeout and tag."""
    key = f"{PREFIX}load-balancer-attributes"
    is_free = not any(key in (one["metadata"].get("annotations") or {}) for one in objects)
    changed = []
    for one in objects:
        if one["kind"] == "Ingress":
            one = copy.deepcopy(one)
            annotations = one["metadata"].get("annotations") or {}
            annotations[f"{PREFIX}healthcheck-path"] = "/edited"
            annotations.setdefault(f"{PREFIX}tags", "Edited=yes")
            if is_free:
                annotations[key] = "idle_timeout.timeout_seconds=77"
            one["metadata"]["annotations"] = annotations
            for paths in paths_of(one.get("spec") or {}):
                last = copy.deepcopy(paths[-1])
                paths.insert(0, last | {"path": "/edited", "pathType": "Exact"})
                break
        changed.append(one)
    return changed


# What cases name of somebody's account, and what stands in for it here.
FOREIGN = {
    "certificate": r"arn:aws[\w-]*:acm:[^\s\"',]*:certificate/[\w<>-]+",
    "web ACL": r"arn:aws[\w-]*:wafv2:[^\s\"',]+",
    "user pool": r"arn:aws[\w-]*:cognito-idp:[^\s\"',]+",
    "target group": r"arn:aws[\w-]*:elasticloadbalancing:[^\s\"',]*:targetgroup/[^\s\"',]+",
    "security group": r"(?<![\w-])sg-[0-9a-zA-Z][\w-]{2,}",
    "subnet": r"(?<![\w-])subnet-[0-9a-zA-Z]{3,}\b",
    "address": r"^172\.31(\.\d+){2}$",
}


def localised(told: Any, real: Callable[[str], str], stand_in: Callable[[str, str], str]) -> Any:
    """The same with this account's things in the place of those of somebody's account.

    `real` makes the symbols of recordings real.
    """
    if isinstance(told, dict):
        return {key: localised(value, real, stand_in) for key, value in told.items()}
    if isinstance(told, list):
        return [localised(one, real, stand_in) for one in told]
    if isinstance(told, str):
        if (ours := real(told)) != told:
            return ours
        for kind, pattern in FOREIGN.items():
            told = re.sub(pattern, lambda found, kind=kind: stand_in(kind, found[0]), told)
    return told
