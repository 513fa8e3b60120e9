"""Puts the control plane into LocalStack's handler chain when the infrastructure starts."""

import os
from pathlib import Path

from localstack.aws import handlers
from localstack.runtime import hooks
from localstack.services.edge import ROUTER
from moto.core.config import default_user_config

import ingress_aws.ec2
from ingress_aws.control import (
    buckets,
    enforcement,
    faults,
    holding,
    log,
    parsing,
    routes,
    stumbling,
)
from ingress_aws.dataplane import changes
from ingress_aws.tagging import lateness, once

IMAGES = Path(ingress_aws.ec2.__file__).with_name("images.json")


@hooks.on_infra_start()  # type: ignore[untyped-decorator]
def open_control_plane() -> None:
    """The log must come after lost answers: it tells what the client was told."""
    make_accounts_cheap()
    parsing.guard_parser()
    stumbling.guard()
    holding.guard()
    handlers.serve_custom_service_request_handlers.append(buckets.throttle)
    handlers.serve_custom_service_request_handlers.append(enforcement.enforce)
    handlers.serve_custom_service_request_handlers.append(faults.strike_before)
    handlers.serve_custom_service_request_handlers.append(stumbling.check)
    handlers.serve_custom_service_request_handlers.append(lateness.before_write)
    handlers.run_custom_response_handlers.append(once.after_write)
    handlers.run_custom_response_handlers.append(lateness.after_write)
    handlers.run_custom_response_handlers.append(faults.strike_after)
    handlers.run_custom_response_handlers.append(log.record)
    handlers.run_custom_response_handlers.append(changes.record)
    routes.serve(ROUTER)


def make_accounts_cheap() -> None:
    """Leave out what moto makes anew for every account, and nobody here asks for.

    1,181 machine images, of which two stay for those who look for one before they start an
    instance, and 1,300 of AWS's own IAM policies: together 130 ms and 5 MB for each account, and
    each test has an account.
    """
    os.environ.setdefault("MOTO_AMIS_PATH", str(IMAGES))
    default_user_config["iam"]["load_aws_managed_policies"] = False
