"""What each record type allows as a value. Values are checked, never rewritten: AWS echoes them."""

import ipaddress
import re
from collections import Counter
from collections.abc import Callable

from ingress_aws.route53 import name as names

# RFC 1035: a character string has one length byte.
MAX_CHARACTER_STRING = 255
MAX_U8 = 255
MAX_U16 = 65_535
MAX_U32 = 4_294_967_295
# DNSLimitations in the developer guide: values in one record set.
MAX_VALUES = 400

# ResourceRecordTypes in the developer guide: these hold exactly one value.
SINGLE_VALUED = frozenset({"CNAME", "SOA"})

STRING = re.compile(r'"((?:\\[0-3][0-7]{2}|\\["\\]|[^"\\])*)"')
ESCAPE = re.compile(r'\\(?:[0-3][0-7]{2}|["\\])')
HEX = re.compile(r"[0-9A-Fa-f]+\Z")
CAA_VALUE = re.compile(r'(\d+) ([0-9A-Za-z]+) (".*")\Z')
NAPTR_VALUE = re.compile(r'(\d+) (\d+) (".*?") (".*?") (".*") (\S+)\Z')


class BadValue(ValueError):
    """A value that Route 53 refuses; the text is the one of its message list."""

    def __init__(self, problem: str, explanation: str, value: str) -> None:
        super().__init__(
            "Invalid Resource Record: "
            f"'FATAL problem: {problem} ({explanation}) encountered with '{value}''"
        )


def problems(record_type: str, values: tuple[str, ...]) -> list[str]:
    """Every reason why these values cannot be one record set, in AWS's words."""
    found = []
    if len(values) > MAX_VALUES:
        found.append(f"Cannot have more than {MAX_VALUES} records in a RRSet.")
    if record_type in SINGLE_VALUED and len(values) > 1:
        found.append(f"Only one Resource Record is allowed in a RRSet of type {record_type}.")
    repeated = (value for value, times in Counter(values).items() if times > 1)
    found += [f"Duplicate Resource Record: '{value}'" for value in repeated]
    for value in values:
        try:
            CHECKS[record_type](value)
        except ValueError as refusal:
            found.append(str(refusal))
    return found


def _fields(value: str, kind: str, count: int) -> list[str]:
    fields = value.split()
    if len(fields) != count:
        raise BadValue(f"{kind}RRDATAIncorrectFields", f"Value must have {count} fields", value)
    return fields


def _number(field: str, limit: int, value: str) -> None:
    if not (field.isascii() and field.isdigit() and int(field) <= limit):
        raise BadValue("InvalidNumber", f"Value must be between 0 and {limit}", value)


def _domain(field: str) -> None:
    try:
        names.parse(field)
    except names.BadName as refusal:
        raise ValueError(f"Invalid Resource Record: '{refusal}'") from refusal


def _hex(field: str, value: str) -> None:
    if not HEX.match(field):
        raise BadValue("InvalidHexString", "Value is not hexadecimal", value)


def _a(value: str) -> None:
    try:
        ipaddress.IPv4Address(value)
    except ValueError as refusal:
        raise BadValue(
            "ARRDATAIllegalIPv4Address", "Value is not a valid IPv4 address", value
        ) from refusal


def _aaaa(value: str) -> None:
    try:
        if ipaddress.IPv6Address(value).scope_id:
            raise ValueError("a zone index has no place in DNS")
    except ValueError as refusal:
        raise BadValue(
            "AAAARRDATAIllegalIPv6Address", "Value is not a valid IPv6 address", value
        ) from refusal


def _one_domain(kind: str) -> Callable[[str], None]:
    def check(value: str) -> None:
        if len(value.split()) > 1:
            raise BadValue(f"{kind}RRDATANotSingleField", "Value contains spaces", value)
        _domain(value)

    return check


def _character_strings(value: str) -> None:
    """One or more quoted strings of at most 255 bytes each, separated by spaces."""
    if not all(" " <= character <= "~" for character in value):
        raise BadValue("UnsupportedCharacter", "Value contains unsupported characters", value)
    if not value:
        raise BadValue("InvalidCharacterString", "Value is empty", value)
    position = 0
    while position < len(value):
        string = STRING.match(value, position)
        if string is None:
            raise BadValue(
                "InvalidCharacterString", "Value should be enclosed in quotation marks", value
            )
        if len(ESCAPE.sub("x", string.group(1))) > MAX_CHARACTER_STRING:
            raise BadValue("CharacterStringTooLong", "Value is too long", string.group(0))
        position = string.end()
        gap = len(value) - position - len(value[position:].lstrip(" "))
        if gap == 0 and position < len(value):
            raise BadValue("InvalidCharacterString", "Values should be separated", value)
        position += gap


def _mx(value: str) -> None:
    preference, host = _fields(value, "MX", 2)
    _number(preference, MAX_U16, value)
    _domain(host)


def _srv(value: str) -> None:
    *numbers, host = _fields(value, "SRV", 4)
    for number in numbers:
        _number(number, MAX_U16, value)
    _domain(host)


def _caa(value: str) -> None:
    parts = CAA_VALUE.match(value)
    if parts is None:
        raise BadValue("CAARRDATAInvalid", 'Value must be: flags tag "value"', value)
    _number(parts.group(1), MAX_U8, value)
    _character_strings(parts.group(3))


def _naptr(value: str) -> None:
    parts = NAPTR_VALUE.match(value)
    if parts is None:
        raise BadValue("NAPTRRRDATAInvalid", "Value must have 6 fields", value)
    _number(parts.group(1), MAX_U16, value)
    _number(parts.group(2), MAX_U16, value)
    for quoted in parts.group(3, 4, 5):
        _character_strings(quoted)
    _domain(parts.group(6))


def _soa(value: str) -> None:
    primary, mailbox, *numbers = _fields(value, "SOA", 7)
    _domain(primary)
    _domain(mailbox)
    for number in numbers:
        _number(number, MAX_U32, value)


def _numbers_then_hex(kind: str, limits: tuple[int, ...]) -> Callable[[str], None]:
    """DS, SSHFP and TLSA: some small numbers and a digest."""

    def check(value: str) -> None:
        *numbers, digest = _fields(value, kind, len(limits) + 1)
        for number, limit in zip(numbers, limits, strict=True):
            _number(number, limit, value)
        _hex(digest, value)

    return check


def _service_binding(value: str) -> None:
    """SVCB and HTTPS: a priority, a target and parameters that DNS itself does not judge."""
    fields = value.split()
    if len(fields) < 2:
        raise BadValue("SVCBRRDATAInvalid", "Value must have a priority and a target", value)
    _number(fields[0], MAX_U16, value)
    _domain(fields[1])


CHECKS: dict[str, Callable[[str], None]] = {
    "A": _a,
    "AAAA": _aaaa,
    "CAA": _caa,
    "CNAME": _one_domain("CNAME"),
    "DS": _numbers_then_hex("DS", (MAX_U16, MAX_U8, MAX_U8)),
    "HTTPS": _service_binding,
    "MX": _mx,
    "NAPTR": _naptr,
    "NS": _one_domain("NS"),
    "PTR": _one_domain("PTR"),
    "SOA": _soa,
    "SPF": _character_strings,
    "SRV": _srv,
    "SSHFP": _numbers_then_hex("SSHFP", (MAX_U8, MAX_U8)),
    "SVCB": _service_binding,
    "TLSA": _numbers_then_hex("TLSA", (MAX_U8, MAX_U8, MAX_U8)),
    "TXT": _character_strings,
}
