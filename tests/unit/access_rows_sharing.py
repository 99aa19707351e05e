"""Who gets which answer from the pages of sharing; access_rows.py explains a row."""

from tests.unit.access_rows import MEMBERS, SIGNED_IN, Row, row

OPERATORS = "in 404 403 200 200 200 200"
OPERATORS_FORM = "in 404 403 422 422 422 422"
# A stranger is admin of another organization, and may ask in its name.
ASKERS = "in 200 403 200 200 200 200"
ASKERS_FORM = "in 422 403 422 422 422 422"
LIVE = "in 404 302 302 302 302 302"

ROWS: list[Row] = [
    row("promotions:sharing-list", GET=SIGNED_IN),
    row("promotions:partnership-list", GET=SIGNED_IN),
    row("promotions:transfer-list", GET=SIGNED_IN),
    row("promotions:sharing-synchronize", POST="in 302 302 302 302 302 302"),  # names no organization
    row("promotions:sharing-detail", "sharing_request", GET=MEMBERS),
    row("promotions:sharing-live", "sharing_request", GET=LIVE),
    row("promotions:sharing-stop", "sharing_request", GET=OPERATORS, POST=OPERATORS_FORM),
    row("promotions:partnership-detail", "partnership", GET=MEMBERS),
    row("promotions:partnership-live", "partnership", GET=LIVE),
    row("promotions:partnership-decide", "partnership", POST="in 404 403 403 422 422 422"),
    row("promotions:transfer-detail", "transfer", GET=MEMBERS),
    row("promotions:transfer-live", "transfer", GET=LIVE),
    row("promotions:transfer-again", "failed_transfer", GET=OPERATORS, POST=OPERATORS_FORM),
    row("promotions:share-create", GET=ASKERS, POST=ASKERS_FORM),
    row("promotions:partnership-create", GET=ASKERS, POST=ASKERS_FORM),
    row("promotions:pull-create", GET=SIGNED_IN, POST=ASKERS_FORM),
    row("promotions:package-publicity", "package", GET=OPERATORS, POST=OPERATORS_FORM),
]
