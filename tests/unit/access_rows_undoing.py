"""Who gets which answer from the REST API about what follows a run; access_rows.py explains a row."""

from tests.unit.access_rows import Row, row

READ = "401 404 200 200 200 200 200"
INCOMPLETE = "401 404 403 400 400 400 400"

ROWS: list[Row] = [
    row("promotions_api:job-undo", "failed_job", GET=READ, POST=INCOMPLETE),
    row("promotions_api:job-checks", "failed_job", GET=READ),
    row("promotions_api:run-check-detail", "run_check", GET=READ, PUT=INCOMPLETE),
]
