"""Who gets which answer from the routes of promotions; access_rows.py explains a row."""

from collections.abc import Callable
from typing import Any

from accounts.models import Organization
from tests.factories_promotions import JobFactory, PackageFactory, PlanFactory
from tests.unit import access_rows_api
from tests.unit.access_rows import Row

# How to make what the rows name, in the given organization: "package": lambda organization: PackageFactory(...).
THINGS: dict[str, Callable[[Organization], Any]] = {
    "package": lambda organization: PackageFactory(organization=organization),
    "draft_package": lambda organization: PackageFactory(organization=organization, draft=True),
    "promotion": lambda organization: PlanFactory(promotion__package__organization=organization).promotion,
    "plan": lambda organization: PlanFactory(promotion__package__organization=organization),
    "job": lambda organization: JobFactory(organization=organization),
}

ROWS: list[Row] = [*access_rows_api.ROWS]
