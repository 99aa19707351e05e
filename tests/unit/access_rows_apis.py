"""Who gets which answer from the pages of API versions; access_rows.py explains a row.

Its things belong to the environment of SnapLogic in which the people of the table have the same roles.
"""

from collections.abc import Callable
from typing import Any

from accounts.models import Organization
from tests.factories_apis import ApiVersionFactory, ArchiveFactory, environment_beside
from tests.unit import access_rows_api_imports
from tests.unit.access_rows import MEMBERS, SIGNED_IN, Row, row

THINGS: dict[str, Callable[[Organization], Any]] = {
    **access_rows_api_imports.THINGS,
    "api_version": lambda organization: ApiVersionFactory(organization=environment_beside(organization)),
    "archive": lambda organization: ArchiveFactory(organization=environment_beside(organization)),
}

OPERATORS = "in 404 403 200 200 200 200"
OPERATORS_ACT = "in 404 403 302 302 302 302"

ROWS: list[Row] = [
    *access_rows_api_imports.ROWS,
    row("promotions:api-version-list", GET=SIGNED_IN),
    row("promotions:api-version-add", GET="in 403 403 200 200 200 200", POST="in 403 403 422 422 422 422"),
    row("promotions:api-version-detail", "api_version", GET=MEMBERS),
    # Everybody who may read has it listed; asked for by itself it is a part of the page.
    row(
        "promotions:api-version-listing",
        "api_version",
        GET="in 404 302 302 302 302 302",
        POST="in 404 302 302 302 302 302",
    ),
    row("promotions:api-version-state", "api_version", POST=OPERATORS_ACT),
    row("promotions:api-version-forget", "api_version", GET=OPERATORS, POST=OPERATORS_ACT),
    # Without versions there is nothing to fill in.
    row("promotions:api-lifecycle", GET="in 403 403 302 302 302 302", POST="in 403 403 302 302 302 302"),
    row("promotions:archive-list", GET=SIGNED_IN),
    row("promotions:archive-erase", "archive", GET=OPERATORS, POST=OPERATORS_ACT),
]
