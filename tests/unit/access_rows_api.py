"""Who gets which answer from the REST API of promotions; access_rows.py explains a row."""

from tests.unit import access_rows_undoing
from tests.unit.access_rows import Row, row

READ = "401 404 200 200 200 200 200"
LIST = "401 200 200 200 200 200 200"
STARTED = "401 404 403 202 202 202 202"
DONE = "401 404 403 200 200 200 200"
INCOMPLETE = "401 404 403 400 400 400 400"  # the body lacks what the act needs
REFUSED = "401 404 403 422 422 422 422"
UNFIT = "401 404 403 409 409 409 409"  # the thing is in another state

ROWS: list[Row] = [
    row("promotions_api:needs", GET=LIST),
    row("promotions_api:view-list", GET=LIST, POST="401 400 400 400 400 400 400"),
    row(
        "promotions_api:view-detail",
        "view_of_nobody_here",
        PATCH="401 404 404 404 404 404 404",
        DELETE="401 404 404 404 404 404 404",
    ),
    row("promotions_api:job-counts", GET=LIST),
    row("promotions_api:package-list", GET=LIST, POST="401 400 400 400 400 400 400"),
    row("promotions_api:package-artifacts", "draft_package", POST=INCOMPLETE),
    row("promotions_api:package-artifacts-remove", "draft_package", POST=INCOMPLETE),
    row("promotions_api:package-read", "package", POST=STARTED),
    row("promotions_api:organization-objects", "organization", POST=INCOMPLETE),
    row("promotions_api:packages-publish", POST="401 400 400 400 400 400 400"),
    row("promotions_api:package-detail", "draft_package", GET=READ, PATCH=REFUSED, DELETE=INCOMPLETE),
    row("promotions_api:package-publish", "draft_package", POST=STARTED),
    row("promotions_api:package-compare", "versioned_package", GET=READ, POST=STARTED),
    row("promotions_api:package-versions", "versioned_package", GET=READ, POST=STARTED),
    row("promotions_api:package-versions-read", "versioned_package", POST=STARTED),
    row("promotions_api:package-dependencies", "package", GET=READ, POST=STARTED),
    row("promotions_api:package-synchronize", "organization", POST=STARTED),
    row("promotions_api:promotion-list", GET=LIST, POST="401 400 400 400 400 400 400"),
    row("promotions_api:promotion-detail", "promotion", GET=READ, PATCH=DONE),
    row("promotions_api:promotion-abandon", "promotion", POST=INCOMPLETE),
    row("promotions_api:promotion-run-again", "promotion", POST="401 404 403 201 201 201 201"),
    row("promotions_api:promotion-memory", "promotion", PUT=INCOMPLETE),
    row("promotions_api:group-create", POST="401 400 400 400 400 400 400"),
    row("promotions_api:group-detail", "group", GET=READ),
    row("promotions_api:group-decide", "group", POST="401 404 400 400 400 400 400"),
    row("promotions_api:group-run", "group", POST="401 404 403 200 200 200 200"),  # each target answers for itself
    row("promotions_api:approval-list", GET=LIST),
    row("promotions_api:approval-detail", "approval", GET=READ),
    row("promotions_api:approval-approve", "approval", POST="401 404 403 403 200 200 200"),
    row("promotions_api:approval-reject", "approval", POST="401 404 403 403 400 400 400"),
    row("promotions_api:approval-withdraw", "approval", POST=DONE),
    row("promotions_api:plan-approval", "plan", POST=REFUSED),  # development needs none
    row("promotions_api:plan-change", "plan", POST=UNFIT),
    row("promotions_api:plan-take-remembered", "plan", POST=REFUSED),
    row("promotions_api:plan-detail", "plan", GET=READ),
    row("promotions_api:plan-items", "plan", GET=READ),
    row("promotions_api:plan-refresh", "plan", POST=STARTED),
    row("promotions_api:plan-decide", "plan", POST=INCOMPLETE),
    row("promotions_api:plan-accept-exact", "plan", POST=DONE),
    row("promotions_api:plan-undo", "plan", POST=REFUSED),
    row("promotions_api:plan-sheet", "mapping_plan", GET=READ, POST=INCOMPLETE),
    row("promotions_api:plan-run", "plan", POST=STARTED),
    row("promotions_api:job-list", GET=LIST),
    row("promotions_api:job-export", GET=LIST),
    row("promotions_api:job-detail", "job", GET=READ),
    row("promotions_api:job-events", "job", GET=READ),
    row("promotions_api:job-results", "job", GET=READ),
    row("promotions_api:job-cancel", "job", POST=DONE),
    row("promotions_api:job-stop-following", "job", POST=UNFIT),
    row("promotions_api:job-resume", "job", POST=REFUSED),
    row("promotions_api:job-adopt", "job", POST=INCOMPLETE),
    row("promotions_api:job-retry", "job", POST=INCOMPLETE),
    row("promotions_api:job-retry-failed", "job", POST=REFUSED),
    row("promotions_api:job-close", "job", POST=INCOMPLETE),
    *access_rows_undoing.ROWS,
]
