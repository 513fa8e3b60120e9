"""The attributes of a listener.

Keys are those of botocore's documentation of ListenerAttribute; that header values default to
nothing and the server header to being sent is from AWS's guide, "Modify HTTP headers".
"""

from typing import Any

from ingress_aws.elbv2 import arns
from ingress_aws.elbv2.attributes import (
    Table,
    as_list,
    boolean,
    changed,
    choice,
    number,
    several,
    text,
)
from ingress_aws.elbv2.attributes import defaults as defaults_of
from ingress_aws.elbv2.store import Store

# AWS's guide, "HTTP header modification": names up to 40 and values up to 1024 characters [M].
LONGEST_NAME = 40
LONGEST_VALUE = 1024

# The methods of HTTP that AWS's guide knows, or all [M].
METHODS = ("GET", "HEAD", "POST", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PUT", "PATCH", "*")

_RESPONSE = "routing.http.response."
_REQUEST = "routing.http.request."

HTTP: Table = {
    f"{_RESPONSE}server.enabled": boolean("true"),
    f"{_RESPONSE}strict_transport_security.header_value": text("", LONGEST_VALUE),
    f"{_RESPONSE}access_control_allow_origin.header_value": text("", LONGEST_VALUE),
    f"{_RESPONSE}access_control_allow_methods.header_value": several("", *METHODS),
    f"{_RESPONSE}access_control_allow_headers.header_value": text("", LONGEST_VALUE),
    f"{_RESPONSE}access_control_allow_credentials.header_value": choice("", "", "true"),
    f"{_RESPONSE}access_control_expose_headers.header_value": text("", LONGEST_VALUE),
    f"{_RESPONSE}access_control_max_age.header_value": text("", LONGEST_VALUE),
    f"{_RESPONSE}content_security_policy.header_value": text("", LONGEST_VALUE),
    f"{_RESPONSE}x_content_type_options.header_value": choice("", "", "nosniff"),
    f"{_RESPONSE}x_frame_options.header_value": text("", LONGEST_VALUE),
}

# What there is to say about TLS only on HTTPS listeners.
HTTPS: Table = HTTP | {
    f"{_REQUEST}x_amzn_mtls_clientcert_serial_number.header_name": text("", LONGEST_NAME),
    f"{_REQUEST}x_amzn_mtls_clientcert_issuer.header_name": text("", LONGEST_NAME),
    f"{_REQUEST}x_amzn_mtls_clientcert_subject.header_name": text("", LONGEST_NAME),
    f"{_REQUEST}x_amzn_mtls_clientcert_validity.header_name": text("", LONGEST_NAME),
    f"{_REQUEST}x_amzn_mtls_clientcert_leaf.header_name": text("", LONGEST_NAME),
    f"{_REQUEST}x_amzn_mtls_clientcert.header_name": text("", LONGEST_NAME),
    f"{_REQUEST}x_amzn_tls_version.header_name": text("", LONGEST_NAME),
    f"{_REQUEST}x_amzn_tls_cipher_suite.header_name": text("", LONGEST_NAME),
}


# The guide of Network Load Balancers, "Update the TCP idle timeout": it is of TCP listeners.
TCP: Table = {"tcp.idle_timeout.seconds": number("350", 60, 6000)}
OF_PROTOCOL = {"HTTP": HTTP, "HTTPS": HTTPS, "TCP": TCP}


def defaults(protocol: str) -> dict[str, str]:
    """The attributes of a new listener."""
    return defaults_of(_table(protocol))


def carried_over(attributes: dict[str, str], protocol: str) -> dict[str, str]:
    """A listener's attributes when it changes its protocol: what still applies stays."""
    return {key: attributes.get(key, default) for key, default in defaults(protocol).items()}


def describe(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeListenerAttributes."""
    return as_list(arns.listener(store, request["ListenerArn"]).attributes)


def modify(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """ModifyListenerAttributes."""
    listener = arns.listener(store, request["ListenerArn"])
    table = _table(listener.protocol)
    listener.attributes = changed(table, "Listener", listener.attributes, request)
    return as_list(listener.attributes)


def _table(protocol: str) -> Table:
    return OF_PROTOCOL.get(protocol, {})
