"""Who gets which answer from the routes of promotions; access_rows.py explains a row."""

from collections.abc import Callable
from typing import Any

from accounts.models import Organization
from tests.unit.access_rows import Row

# How to make what the rows name, in the given organization: "package": lambda organization: PackageFactory(...).
THINGS: dict[str, Callable[[Organization], Any]] = {}

ROWS: list[Row] = []
