"""Request parameters as the log may keep them: secrets out, everything fit for JSON."""

from datetime import datetime
from typing import Any

HIDDEN = "(hidden)"

# ACM ImportCertificate and ExportCertificate; ELBv2 authenticate actions; IAM and STS; Secrets
# Manager. Compared in lower case.
SECRET_KEYS = frozenset(
    {
        "privatekey",
        "passphrase",
        "clientsecret",
        "authorization",
        "password",
        "newpassword",
        "oldpassword",
        "webidentitytoken",
        "samlassertion",
        "secretaccesskey",
        "sessiontoken",
        "secretstring",
        "secretbinary",
    }
)


def redact(value: Any, key: str = "") -> Any:
    """A copy of a parsed request without secrets, of JSON types only."""
    if key.lower() in SECRET_KEYS:
        return HIDDEN
    if isinstance(value, dict):
        return {str(name): redact(item, str(name)) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [redact(item) for item in value]
    if isinstance(value, bytes):
        return _bytes(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if value is None or isinstance(value, str | int | float | bool):
        return value
    # A streamed body (S3) must not be read here, or the provider would find it empty.
    return f"({type(value).__name__})"


def _bytes(value: bytes) -> str:
    """Certificates travel as bytes of PEM text; a key among them would be one too."""
    text = value.decode("utf-8", errors="replace")
    if "PRIVATE KEY" in text:
        return HIDDEN
    return text if text.isprintable() or text.startswith("-----BEGIN") else f"({len(value)} bytes)"
