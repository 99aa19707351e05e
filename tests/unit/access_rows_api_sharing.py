"""Who gets which answer from the REST API of sharing; access_rows.py explains a row."""

from tests.unit.access_rows import Row, row

READ = "401 404 200 200 200 200 200"
LIST = "401 200 200 200 200 200 200"
INCOMPLETE = "401 404 403 400 400 400 400"  # the body lacks what the act needs
NAMELESS = "401 400 400 400 400 400 400"  # it does not say which organization either

ROWS: list[Row] = [
    row("promotions_api:sharing-request-list", GET=LIST),
    row("promotions_api:sharing-request-detail", "sharing_request", GET=READ),
    row("promotions_api:sharing-request-stop", "sharing_request", POST=INCOMPLETE),
    row("promotions_api:request-partnership", POST=NAMELESS),
    row("promotions_api:request-share", POST=NAMELESS),
    row("promotions_api:request-pull", POST=NAMELESS),
    row("promotions_api:package-publicity", "package", POST=INCOMPLETE),
    row("promotions_api:package-payload", "public_package", GET=READ),
    row("promotions_api:partnership-list", GET=LIST),
    row("promotions_api:partnership-detail", "partnership", GET=READ),
    row("promotions_api:partnership-decide", "partnership", POST="401 404 403 403 400 400 400"),
    row("promotions_api:transfer-list", GET=LIST),
    row("promotions_api:transfer-detail", "transfer", GET=READ),
    row("promotions_api:transfer-again", "failed_transfer", POST="401 404 403 201 201 201 201"),
    row("promotions_api:sharing-synchronize", "organization", POST="401 404 403 202 202 202 202"),
]
