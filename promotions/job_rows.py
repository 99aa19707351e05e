"""The rows of the job list as a file holds them."""

from collections.abc import Iterator
from typing import Any

from accounts.exporting import SLICE, Exportable, Row
from accounts.models import User
from promotions.engine import registry
from promotions.job_lists import JobList
from promotions.models import Job
from promotions.services.verbs import Verb

# Names are promised: programs read these files.
_FIELDS = {
    "id": "pk",
    "created_at": "created_at",
    "started_at": "started_at",
    "finished_at": "finished_at",
    "state": "state",
    "kind": "kind",
    "title": "title",
    "organization_id": "organization_id",
    "organization": "organization__name",
    "sandbox_id": "sandbox_id",
    "sandbox": "sandbox__name",
    "package_id": "package_id",
    "package": "package__name",
    "promotion_id": "promotion_id",
    "plan_id": "plan_id",
    "requested_by_id": "requested_by_id",
    "requested_by": "requested_by__full_name",
    "is_foreign": "is_foreign",
    "is_routine": "is_quiet",
    "remote_id": "remote_id",
    "remote_status": "remote_status",
    "progress_done": "progress_done",
    "progress_total": "progress_total",
    "problem_kind": "problem_kind",
    "problem": "problem",
}
COLUMNS = [*_FIELDS, "kind_label"]


def slices(found: JobList) -> Iterator[list[Row]]:
    """The rows, some at a time. Each slice asks anew what the person may see."""
    for pks in found.slices(size=SLICE):
        rows = {row[0]: row for row in _read(found.reader, pks)}
        yield [(*rows[pk], registry.label(rows[pk][_KIND])) for pk in pks if pk in rows]


EXPORT = Exportable(Verb.JOBS_EXPORTED, "job list", "jobs", COLUMNS, slices)
_KIND = list(_FIELDS).index("kind")


def _read(reader: User, pks: list[int]) -> Any:
    return Job.objects.visible_to(reader).filter(pk__in=pks).values_list(*_FIELDS.values())
