"""Who gets which answer from the pages and the REST API of journeys; access_rows.py explains a row."""

from collections.abc import Callable
from typing import Any

from accounts.models import Organization
from tests.factories_journeys import journey_plan
from tests.unit.access_rows import MEMBERS, SIGNED_IN, Row, row

THINGS: dict[str, Callable[[Organization], Any]] = {"journey_plan": journey_plan}

OPERATORS_ACT = "in 404 403 302 302 302 302"
API_READ = "401 404 200 200 200 200 200"
API_LIST = "401 200 200 200 200 200 200"
API_START = "401 404 403 202 202 202 202"

ROWS: list[Row] = [
    row("promotions:journey-list", GET=SIGNED_IN),
    row("promotions:journey-synchronization", "organization", GET=MEMBERS),
    row("promotions:journey-synchronize", "organization", POST=OPERATORS_ACT),
    row("promotions:journey-detail", "journey", GET=MEMBERS),
    row("promotions:journey-read", "journey", POST=OPERATORS_ACT),
    row("promotions:journey-reading", "journey", GET="in 404 302 302 302 302 302"),
    row("promotions:journey-promote", "journey", GET="in 404 403 200 200 200 200", POST="in 404 403 422 422 422 422"),
    row("promotions:journey-copy-published", "journey_copy", POST=OPERATORS_ACT),
    row("promotions:journey-compare", "journey", GET=MEMBERS, POST="in 404 403 422 422 422 422"),
    row("promotions:journey-copy-compare", "journey_copy", GET="in 404 302 302 302 302 302"),
    row("promotions:plan-texts", "journey_plan", GET="in 404 403 200 200 200 200", POST="in 404 403 422 422 422 422"),
    row(
        "promotions_api:plan-texts",
        "journey_plan",
        GET="401 404 403 400 400 400 400",
        POST="401 404 403 400 400 400 400",
    ),
    row("promotions_api:plan-texts-remove", "journey_plan", POST="401 404 403 400 400 400 400"),
    row("promotions_api:journey-list", GET=API_LIST),
    row("promotions_api:journey-detail", "journey", GET=API_READ),
    row("promotions_api:journey-versions", "journey", GET=API_READ),
    row(
        "promotions_api:journey-compare",
        "journey",
        GET="401 404 422 422 422 422 422",
        POST="401 404 403 422 422 422 422",
    ),
    row("promotions_api:journey-read", "journey", POST=API_START),
    row("promotions_api:journey-copy-list", GET=API_LIST),
    row("promotions_api:journey-copy-detail", "journey_copy", GET=API_READ),
    row("promotions_api:journey-copy-published", "journey_copy", PUT="401 404 403 400 400 400 400"),
    row("promotions_api:journey-synchronize", "organization", POST=API_START),
]
