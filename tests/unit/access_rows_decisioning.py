"""Who gets which answer from the pages of decisioning, of sheets and of undoing; access_rows.py explains a row."""

from collections.abc import Callable
from typing import Any

from accounts.models import Organization
from tests.factories_decisioning import MappingFactory, migrated
from tests.unit.access_rows import MEMBERS, SIGNED_IN, Row, row

THINGS: dict[str, Callable[[Organization], Any]] = {
    "mapping_plan": lambda organization: MappingFactory(plan__promotion__organization=organization).plan,
    "migration_job": migrated,
    "run_check": lambda organization: migrated(organization).checks.get(),
}

OPERATORS = "in 404 403 200 200 200 200"
OPERATORS_ACT = "in 404 403 302 302 302 302"
OPERATORS_FORM = "in 404 403 422 422 422 422"
OPERATORS_ANYWHERE = "in 200 403 200 200 200 200"

ROWS: list[Row] = [
    row("promotions:decisioning-list", GET=SIGNED_IN),
    row("promotions:decisioning-create", GET=OPERATORS_ANYWHERE, POST="in 422 403 422 422 422 422"),
    row("promotions:plan-sheet", "mapping_plan", GET=OPERATORS, POST=OPERATORS_FORM),
    row("promotions:plan-sheet-download", "mapping_plan", GET=MEMBERS),
    row("promotions:plan-rule", "mapping_plan", GET=OPERATORS, POST=OPERATORS_FORM),
    row("promotions:job-undo", "migration_job", GET=OPERATORS, POST=OPERATORS_FORM),
    row("promotions:run-check-tick", "run_check", POST=OPERATORS_ACT),
]
