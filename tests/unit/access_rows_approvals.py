"""Who gets which answer from the pages of approvals; access_rows.py explains a row."""

from tests.unit.access_rows import MEMBERS, SIGNED_IN, Row, row

OPERATORS = "in 404 403 200 200 200 200"
OPERATORS_ACT = "in 404 403 302 302 302 302"

ROWS: list[Row] = [
    row("promotions:approval-list", GET=SIGNED_IN),
    row("promotions:approval-badge", GET="in 302 302 302 302 302 302"),
    row("promotions:approval-detail", "approval", GET=MEMBERS, POST="in 404 403 403 422 422 422"),
    row("promotions:approval-news", "approval", GET="in 404 302 302 302 302 302"),
    row("promotions:approval-withdraw", "approval", GET=OPERATORS, POST=OPERATORS_ACT),
    # An open plan into a target that needs no approval.
    row("promotions:plan-request-approval", "plan", GET=OPERATORS, POST="in 404 403 422 422 422 422"),
    row("promotions:plan-change", "plan", GET=OPERATORS, POST=OPERATORS_ACT),
]
