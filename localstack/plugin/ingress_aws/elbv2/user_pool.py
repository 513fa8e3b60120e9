"""The user pools and clients that authenticate-cognito actions name: ELB looks them up."""

from typing import Any

from ingress_aws.elbv2 import errors
from ingress_aws.elbv2.store import Store

Json = dict[str, Any]


def check(store: Store, actions: list[Json]) -> None:
    """Refuse what cannot log anybody in.

    A client without a secret has been seen refused so (aws-cloudformation/cloudformation-coverage-
    roadmap #1553); the texts of the other two are from memory.
    """
    for action in actions:
        config = action.get("AuthenticateCognitoConfig")
        if config is not None:
            _check(store, config["UserPoolArn"], config["UserPoolClientId"])


def _check(store: Store, arn: str, client: str) -> None:
    # Imported late: moto's services take a while to load.
    from moto.cognitoidp.models import cognitoidp_backends

    *_, region, account, path = arn.split(":", 5)
    pools = cognitoidp_backends[account][region].user_pools if account == store.account else {}
    pool = pools.get(path.removeprefix("userpool/"))
    if pool is None:
        raise errors.invalid_action(f"The user pool '{arn}' does not exist")
    found = pool.clients.get(client)
    if found is None:
        raise errors.invalid_action(f"The user pool client '{client}' does not exist")
    if not found.generate_secret:
        raise errors.invalid_action("The user pool client must have a client secret")
