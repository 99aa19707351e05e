"""What the three workflows of the service have in common: started once, one at a time, followed by id."""

import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.utils import timezone

from clients.decisioning import DecisioningClient, Workflow, WorkflowStatus
from promotions.choices import JobState, ProblemKind
from promotions.engine.registry import Ending, LookUp, Report, Snapshot, Submission, Submitted
from promotions.models import Job
from promotions.systems.decisioning.connection import decisioning
from promotions.systems.decisioning.picks import Pick

BLIND = (
    "The answer to its start was lost, and the service lists no workflows, so whether it runs cannot be found out from "
    "here. If its id is known, from the platform or from whoever else works there, name it and it is followed. If it "
    "never began, close this one and plan anew."
)


_LINK_START = re.compile(r"https?://[^/?#]*/?|/", re.IGNORECASE)
_ID = re.compile(r"[^\s/\\?#]+")


class WorkflowRun(Submission):
    """One workflow. The service lists none, so one whose start got no answer is for a person to find."""

    noun: ClassVar[str] = "workflow"
    first_interval_s: ClassVar[int] = 5
    longest_interval_s: ClassVar[int] = 60
    is_searchable: ClassVar[bool] = False

    @abstractmethod
    def start(self, job: Job, client: DecisioningClient) -> Workflow:
        """The one call that starts it."""

    @abstractmethod
    def ask(self, client: DecisioningClient, workflow_id: str) -> Workflow:
        """The workflow as it is now."""

    def submit(self, job: Job, report: Report) -> Submitted:
        with decisioning(job.organization) as client:
            workflow = self.start(job, client)
        return Submitted(workflow.id, workflow.raw)

    def look_up(self, job: Job, report: Report) -> LookUp:
        return LookUp([], is_complete=False, blind=BLIND)

    def checked_remote_id(self, text: str) -> str:
        """The id itself, or the one at the end of the workflow's own link."""
        found = text.strip()
        if _LINK_START.match(found):
            path, *_ = re.split(r"[?#]", _LINK_START.sub("/", found), maxsplit=1)
            found = path.rstrip("/").rpartition("/")[2]
        if not found.strip(".") or not _ID.fullmatch(found):
            shown = text.strip()[:100]
            raise ValueError(f"“{shown}” is no id of a workflow. Copy the id, or the workflow's own link, once more.")
        return found

    def list_statuses(self, jobs: Sequence[Job]) -> Mapping[int, str]:
        return {}  # there is no list

    def read(self, job: Job) -> Snapshot:
        with decisioning(job.organization) as client:
            workflow = self.ask(client, job.remote_id)
        status = workflow.known_status
        return Snapshot(
            status=status.value if status is not None else workflow.status[:64],
            is_over=workflow.is_over,
            done=len({found.source_id or found.source_name for found in workflow.mappings}),
            total=None,
            raw=workflow.raw,
            detail=workflow,
        )

    def submitted(self, job: Job, *, how: str) -> None:
        super().submitted(job, how=how)
        Job.objects.filter(pk=job.pk).update(deadline_at=self.followed_until(timezone.now(), job))

    def followed_until(self, now: datetime, job: Job) -> datetime | None:
        """For the hours that the person who planned it has chosen."""
        if job.promotion is None:
            return super().followed_until(now, job)
        return now + timedelta(hours=Pick.of(job.promotion).hours)


def failed(workflow_words: str, job: Job, errors: Sequence[Mapping[str, Any]], result: dict[str, Any]) -> Ending:
    """An end that the service calls failed, cancelled, or something that nobody has documented."""
    said = " ".join(_sentence(error) for error in errors[:3])
    if job.remote_status == WorkflowStatus.CANCELLED:
        problem = f"{workflow_words} was cancelled at the platform. {said}".strip()
        return Ending(state=JobState.CANCELLED, problem_kind=ProblemKind.REMOTE_FAILURE, problem=problem, result=result)
    reason = said or "The service gives no reason."
    return Ending(
        state=JobState.FAILED,
        problem_kind=ProblemKind.REMOTE_FAILURE,
        problem=f"{workflow_words} failed at the platform. {reason}",
        result=result,
    )


def keep_told(job: Job, workflow: Workflow, **more: Any) -> None:
    """Keep the errors and warnings that the service tells, and `more`, in the job's result."""
    job.result = {
        **job.result,
        "errors": errors_of(workflow),
        "warnings": [
            {"text": found.text, "object": found.object_name or found.object_id} for found in workflow.warnings
        ],
        **more,
    }
    Job.objects.filter(pk=job.pk).update(result=job.result)


def in_words(warnings: Sequence[Mapping[str, Any]]) -> str:
    """The first three that differ, as sentences, and how many more there are."""
    texts = dict.fromkeys(str(found["text"]).rstrip(".") for found in warnings)
    more = len(texts) - 3
    rest = [f"And {more} more."] if more > 0 else []
    return " ".join([*(f"{text}." for text in list(texts)[:3]), *rest])


def errors_of(workflow: Workflow) -> list[dict[str, Any]]:
    return [{"code": found.code, "message": found.message, "details": found.details} for found in workflow.errors]


def _sentence(error: Mapping[str, Any]) -> str:
    text = str(error.get("message") or error.get("code") or "").strip()
    details = error.get("details")
    if isinstance(details, Mapping) and details:
        named = ", ".join(f"{name} {value}" for name, value in list(details.items())[:3] if not isinstance(value, dict))
        text = f"{text.rstrip('.')} ({named})" if named else text
    return f"{text.rstrip('.')}." if text else ""
