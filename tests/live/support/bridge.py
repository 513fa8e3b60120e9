"""Makes AWS calls by name, for tests: a JSON line in, a JSON line out."""

import json
import os
import sys
from typing import Any

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError

# boto3 knows the region by another variable than the other SDKs.
session = boto3.session.Session(region_name=os.environ["AWS_REGION"])
clients: dict[tuple[str, str], Any] = {}


def client(account: str, service: str) -> Any:
    """A client of its own for each account, whose number is its access key."""
    key = (account, service)
    if key not in clients:
        config = Config(retries={"total_max_attempts": 1})
        keys = {"aws_access_key_id": account, "aws_secret_access_key": "test"}
        clients[key] = session.client(service, config=config, **keys)
    return clients[key]


def call(account: str, service: str, operation: str, params: dict[str, Any]) -> Any:
    """One call, with all its pages."""
    of, method = client(account, service), xform_name(operation)
    if of.can_paginate(method):
        return of.get_paginator(method).paginate(**params).build_full_result()
    answer = getattr(of, method)(**params)
    answer.pop("ResponseMetadata", None)
    return answer


for line in sys.stdin:
    try:
        answer = {"ok": call(**json.loads(line))}
    except (ClientError, ParamValidationError) as error:
        answer = {"error": str(error)}
    print(json.dumps(answer, default=str), flush=True)
