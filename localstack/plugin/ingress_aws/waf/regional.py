"""WAF Classic in a region: as much as a controller asks of it. moto has none of it."""

import threading
import uuid
from typing import Any

from localstack.services.plugins import Service, aws_provider

from ingress_aws import moto_service
from ingress_aws.accounts import AccountStores
from ingress_aws.waf import resource

Json = dict[str, Any]


class Store:
    """One account's web ACLs in one region."""

    def __init__(self, account: str, region: str) -> None:
        self.account = account
        self.region = region
        self.lock = threading.Lock()
        self.web_acls: dict[str, Json] = {}
        self.associations: dict[str, str] = {}  # resource -> web ACL


STORES = AccountStores(Store)


def _create(account: str, region: str, request: Json) -> Json:
    store = STORES.get(account, region)
    acl = {
        "WebACLId": str(uuid.uuid4()),
        "Name": request["Name"],
        "MetricName": request["MetricName"],
        "DefaultAction": request["DefaultAction"],
        "Rules": [],
    }
    with store.lock:
        store.web_acls[acl["WebACLId"]] = acl
    return {"WebACL": acl, "ChangeToken": request["ChangeToken"]}


def _associate(account: str, region: str, request: Json) -> Json:
    store, arn = STORES.get(account, region), request["ResourceArn"]
    resource.require(account, region, arn)
    resource.require_ready(account, region, arn)
    with store.lock:
        if request["WebACLId"] not in store.web_acls:
            raise resource.nonexistent()
        store.associations[arn] = request["WebACLId"]
    return {}


def _disassociate(account: str, region: str, request: Json) -> Json:
    store, arn = STORES.get(account, region), request["ResourceArn"]
    resource.require(account, region, arn)
    with store.lock:
        store.associations.pop(arn, None)
    return {}


def _of_resource(account: str, region: str, request: Json) -> Json:
    """GetWebACLForResource; a load balancer without one is no error."""
    store, arn = STORES.get(account, region), request["ResourceArn"]
    resource.require(account, region, arn)
    acl = store.web_acls.get(store.associations.get(arn, ""))
    return {"WebACLSummary": _summary(acl)} if acl else {}


def _list(account: str, region: str, _request: Json) -> Json:
    store = STORES.get(account, region)
    return {"WebACLs": [_summary(acl) for acl in store.web_acls.values()]}


def _resources(account: str, region: str, request: Json) -> Json:
    store = STORES.get(account, region)
    if request["WebACLId"] not in store.web_acls:
        raise resource.nonexistent()
    return {
        "ResourceArns": [
            arn
            for arn, acl in store.associations.items()
            if acl == request["WebACLId"] and resource.is_there(account, region, arn)
        ]
    }


def _token(_account: str, _region: str, _request: Json) -> Json:
    return {"ChangeToken": str(uuid.uuid4())}


def _summary(acl: Json) -> Json:
    return {"WebACLId": acl["WebACLId"], "Name": acl["Name"]}


@aws_provider(api="waf-regional", name="default")  # type: ignore[untyped-decorator]
def waf_regional() -> Service:
    """The service, as LocalStack loads it on the first call."""
    native: dict[str, moto_service.Native] = {
        "AssociateWebACL": _associate,
        "CreateWebACL": _create,
        "DisassociateWebACL": _disassociate,
        "GetChangeToken": _token,
        "GetWebACLForResource": _of_resource,
        "ListResourcesForWebACL": _resources,
        "ListWebACLs": _list,
    }
    code = "WAFInvalidParameterException"
    return moto_service.service("waf-regional", native, code, fallback=False)
