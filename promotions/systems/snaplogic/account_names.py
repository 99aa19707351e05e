"""Ids of accounts as parts of addresses: exports bring them, and may bring anything."""

import hashlib
import re

# None that looks like the address of another one.
_plain = re.compile(r"(?!id-)[A-Za-z0-9][-\w.]{0,99}", re.ASCII)


def slug_of(uuid: str) -> str:
    """The id itself, where it can stand in an address as it is."""
    return uuid if _plain.fullmatch(uuid) else f"id-{hashlib.sha256(uuid.encode()).hexdigest()[:32]}"
