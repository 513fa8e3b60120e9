"""All that an account has, native or moto's: to be forgotten, written to JSON, or read from it."""

import importlib
import sys
from collections.abc import Iterator
from typing import Any

from localstack.services.stores import AccountRegionBundle
from moto.core.base_backend import BackendDict

from ingress_aws import accounts, clock, settings
from ingress_aws.control import graph

Json = dict[str, Any]

# What a dump says it is, so that one of another make is refused and not half read.
FORMAT = "ingress-aws/3"


@accounts.on_reset
def forget_the_rest(account: str) -> None:
    """Forget what moto and LocalStack's own services hold for an account."""
    for backends in _moto():
        backends.pop(account, None)
    for stores in _localstack():
        stores.pop(account, None)


def dump(account: str) -> Json:
    """The account as JSON: all its resources, settings, and how its clock stands."""
    with accounts.WHOLE:
        native = {stores.name: stores.by_region(account) for stores in accounts.everything}
        moto = {
            _name_of(backends): dict(backends[account].items())
            for backends in _moto()
            if account in backends
        }
        return {
            "format": FORMAT,
            "account": account,
            "time": clock.now(account),
            "stopped": clock.is_stopped(account),
            "settings": settings.changed(account),
            "state": graph.write({"native": native, "moto": moto}),
        }


def load(dumped: Json) -> str:
    """Make the account of a dump what it was then; all or nothing."""
    if dumped.get("format") != FORMAT:
        raise ValueError(f"not a dump: 'format' is not '{FORMAT}'")
    account = dumped.get("account")
    if not isinstance(account, str) or not isinstance(dumped.get("time"), int | float):
        raise ValueError("not a dump: it needs 'account' and 'time'")
    state = graph.read(dumped.get("state"))
    parts = [state.get(part) for part in ("native", "moto")] if isinstance(state, dict) else []
    if not parts or not all(isinstance(part, dict) for part in parts):
        raise ValueError("not a dump: 'state' has 'native' and 'moto'")
    # Judged as those of an account that has changed none.
    wanted = dumped.get("settings") or {}
    if not isinstance(wanted, dict):
        raise ValueError("not a dump: 'settings' is an object")
    settings.check("", wanted)
    moto = [(_backends_of(name), regions) for name, regions in state["moto"].items()]
    with accounts.WHOLE:
        accounts.reset(account)
        settings.change(account, wanted)
        if dumped.get("stopped"):
            clock.stop(account)
        clock.put_at(account, dumped["time"])
        for stores in accounts.everything:
            stores.put(account, state["native"].get(stores.name, {}))
        for backends, regions in moto:
            own = backends[account]
            for region, backend in regions.items():
                own[region] = backend
    return account


def _moto() -> Iterator[BackendDict[Any]]:
    """moto's services that anybody has used, each once."""
    yield from {id(used): used for used in BackendDict._instances}.values()  # type: ignore[misc]


def _name_of(backends: BackendDict[Any]) -> str:
    """What a service of moto's is called in a dump: by its class, since Shield's says "ec2"."""
    kind = backends.backend
    return f"{kind.__module__}:{kind.__qualname__}"


def _backends_of(name: str) -> BackendDict[Any]:
    """The service of moto's with this name, also one that nobody has used yet."""
    module = name.partition(":")[0]
    if module.startswith("moto."):
        try:
            there = list(vars(importlib.import_module(module)).values())
        except ImportError:
            there = []
        for held in there:
            if isinstance(held, BackendDict) and _name_of(held) == name:
                return held
    raise ValueError(f"not a dump of this version: '{name}' is no service of moto's")


def _localstack() -> Iterator[AccountRegionBundle[Any]]:
    """The stores of LocalStack's own services, which their modules hold."""
    for name, module in list(sys.modules.items()):
        if name.startswith("localstack.services."):
            yield from [held for held in vars(module).values() if type(held) is AccountRegionBundle]
