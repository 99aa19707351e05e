"""Who gets which answer about what follows a run; access_rows.py explains a row."""

from tests.unit.access_rows import Row, row

READ = "401 404 200 200 200 200 200"
NOT_OFFERED = "in 404 403 302 302 302 302"  # only workflows of one dialect have a record
INCOMPLETE = "401 404 403 400 400 400 400"

ROWS: list[Row] = [
    row("promotions_api:job-undo", "failed_job", GET=READ, POST=INCOMPLETE),
    row("promotions_api:job-checks", "failed_job", GET=READ),
    row("promotions_api:job-delete-record", "failed_job", POST="401 404 403 422 422 422 422"),
    row("promotions:job-delete-record", "failed_job", GET=NOT_OFFERED, POST=NOT_OFFERED),
    row("promotions_api:run-check-detail", "run_check", GET=READ, PUT=INCOMPLETE),
]
