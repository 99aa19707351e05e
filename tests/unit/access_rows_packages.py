"""Who gets which answer from the pages of packages, promotions and plans; access_rows.py explains a row."""

from tests.unit.access_rows import MEMBERS, SIGNED_IN, Row, row

OPERATORS = "in 404 403 200 200 200 200"
OPERATORS_FORM = "in 404 403 422 422 422 422"
OPERATORS_ACT = "in 404 403 302 302 302 302"

ROWS: list[Row] = [
    row("promotions:package-list", GET=SIGNED_IN),
    row("promotions:package-synchronization", "organization", GET=MEMBERS),
    row("promotions:package-synchronize", "organization", POST=OPERATORS_ACT),
    row("promotions:package-publish-chosen", GET="in 302 302 302 302 302 302", POST="in 302 302 302 302 302 302"),
    row("promotions:package-detail", "package", GET=MEMBERS),
    row("promotions:package-dependencies", "package", GET=MEMBERS, POST=OPERATORS_ACT),
    row("promotions:package-compare", "versioned_package", GET=MEMBERS, POST=OPERATORS_ACT),
    row("promotions:package-versions", "versioned_package", GET=MEMBERS, POST=OPERATORS_ACT),
    row("promotions:package-save-version", "versioned_package", GET=OPERATORS, POST=OPERATORS_ACT),
    row("promotions:package-publish", "draft_package", GET=OPERATORS, POST=OPERATORS_FORM),
    row("promotions:package-create", GET="in 200 403 200 200 200 200", POST="in 422 403 422 422 422 422"),
    row("promotions:package-objects", "listing", GET="in 404 302 302 302 302 302"),
    row("promotions:package-clone", "package", GET=OPERATORS, POST=OPERATORS_FORM),
    row("promotions:package-add", "draft_package", GET=OPERATORS, POST=OPERATORS_FORM),
    row("promotions:package-remove", "draft_package", POST=OPERATORS_ACT),
    row("promotions:package-edit", "draft_package", GET=OPERATORS, POST=OPERATORS_FORM),
    row("promotions:package-delete", "draft_package", GET=OPERATORS, POST=OPERATORS_FORM),
    row("promotions:package-read", "package", POST=OPERATORS_ACT),
    row("promotions:package-under-way", "package", GET="in 404 302 302 302 302 302"),
    row("promotions:promotion-create", "package", GET=OPERATORS, POST=OPERATORS_FORM),
    row("promotions:promotion-list", GET=SIGNED_IN),
    row("promotions:promotion-detail", "promotion", GET=MEMBERS),
    row("promotions:promotion-edit", "promotion", GET=OPERATORS, POST=OPERATORS_FORM),
    row("promotions:promotion-run-again", "promotion", GET=OPERATORS, POST=OPERATORS_ACT),
    row("promotions:group-detail", "group", GET=MEMBERS),
    row("promotions:group-targets", "group", GET="in 404 302 302 302 302 302"),
    row("promotions:group-decide", "group", POST=OPERATORS_ACT),
    row("promotions:group-run", "group", GET=OPERATORS, POST=OPERATORS_ACT),
    row("promotions:promotion-abandon", "promotion", GET=OPERATORS, POST=OPERATORS_ACT),
    row("promotions:plan-status", "plan", GET=MEMBERS),
    row("promotions:plan-refresh", "plan", POST=OPERATORS_ACT),
    row("promotions:plan-accept-exact", "plan", POST=OPERATORS_ACT),
    row("promotions:plan-decide", "plan", POST=OPERATORS_ACT),
    row("promotions:plan-take-remembered", "plan", POST=OPERATORS_ACT),
    row("promotions:plan-memory", "plan", POST=OPERATORS_ACT),
    row("promotions:plan-undo", "plan", POST=OPERATORS_ACT),
    row("promotions:plan-run", "plan", GET=OPERATORS, POST=OPERATORS_ACT),
    row("promotions:plan-item-decide", "plan_item", POST=OPERATORS_ACT),
]
