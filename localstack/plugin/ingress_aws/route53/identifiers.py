"""Ids as Route 53 makes and reads them."""

import secrets
import string

ALPHABET = string.digits + string.ascii_uppercase

# Zones and changes made today have ids of 21 characters, one letter included (the newer ids in
# AWS's own tables of load balancer zones show the form); the model allows 32.
RANDOM_PART = 20


def new(letter: str) -> str:
    """An id that nobody has: `Z...` for a zone, `C...` for a change."""
    return letter + "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_PART))


def bare(given: str) -> str:
    """`/hostedzone/Z1` and `Z1` mean the same wherever an id is asked for."""
    return given.rpartition("/")[2]
