"""What of AWS this ground claims to do, row by row, and the cases that show it.

First by service, then limits and delays. `marks` says how sure it is that AWS does so (see
README.md); a case must have one of them. Run as a program, it prints them as a table.
"""

from row import Row
from rows_beside import ACM, EC2, OTHERS, ROUTE53
from rows_elbv2 import LISTENERS, LOAD_BALANCERS, RULES, TARGETS
from rows_limits import DELAYS, LIMITS

ROWS = {
    "load balancers": LOAD_BALANCERS,
    "target groups and targets": TARGETS,
    "listeners": LISTENERS,
    "rules": RULES,
    "EC2": EC2,
    "ACM": ACM,
    "Route 53": ROUTE53,
    "other services": OTHERS,
    "limits": LIMITS,
    "delays": DELAYS,
}


def _line(service: str, row: Row) -> str:
    shown = "<br>".join(f"`{case}`" for case in row.cases.split()) or row.gap
    return f"| {service} | {row.name} | {row.marks} | {row.last_seen or 'never'} | {shown} |"


def _table() -> str:
    """Every row with how sure it is, since when, and what shows it."""
    head = "| service | row | marks | last seen true on AWS | shown by |\n|---|---|---|---|---|"
    lines = [_line(service, row) for service, rows in ROWS.items() for row in rows]
    return "\n".join([head, *lines])


if __name__ == "__main__":
    print(_table())
