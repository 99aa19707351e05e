"""Importing a version: the zip is sent once, unchanged, and the answer read for what really became of each asset.

SnapLogic, public API, "Import an API version". The call answers when it is over, so there is nothing to follow; an
answer that is lost leaves no trace but the assets themselves.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings

from accounts.crypto import UndecryptableError
from clients.errors import ApiAuthError, ApiBusyError, ApiError, ApiRejectedError, OutcomeUnknownError
from clients.snaplogic import DuplicateCheck, SnapLogicClient, Upload
from promotions.api_choices import DuplicateRule
from promotions.choices import GOOD_ENDS, JobState
from promotions.engine.registry import Ending, LookUp, Naming, Report, Snapshot, Submitted
from promotions.models import Archive, Job, TaskResult
from promotions.services import api_version_plans, api_versions, archives, runs, sealed_values
from promotions.systems.plan_runs import PlanRun, plan_of
from promotions.systems.snaplogic import kinds
from promotions.systems.snaplogic.advice import advice_on
from promotions.systems.snaplogic.connection import snaplogic
from promotions.systems.snaplogic.evidence import evidence_of, free_names, shown_all_the_same
from promotions.systems.snaplogic.filling import filled_accounts
from promotions.systems.snaplogic.outcomes import NAMED, is_answered, received, rows_of
from promotions.systems.snaplogic.picks import Pick, archive_of, expressions_of, target_path
from promotions.systems.snaplogic.verdict import conclude, in_words
from promotions.systems.snaplogic.verifying import look_again, named_path, path_of, told_path
from promotions.systems.stored import NotFilledError

MIB = 1024 * 1024
RESULT_FIELDS = ("position", "title", "new_id", "claim", "outcome", "explanation", "messages")


class ImportVersion(PlanRun):
    """Import of an exported zip into an environment."""

    kind = kinds.IMPORT
    label = "API version import"
    phrase = "import of"
    queue = "long"
    noun = "version"
    is_searchable: ClassVar[bool] = False
    naming: ClassVar[Naming | None] = Naming(
        label="Path of the version",
        help="As the platform writes it: environment/apim/API/version. A version that was made beside another one has "
        "a name of its own.",
        means="You looked at the platform, and what was to be imported is there. Towpath notes the version it came "
        "into, and looks there for each asset, where the account may list them. Nothing is sent. It cannot know "
        "whether this import brought them, or somebody else.",
        limit=700,
    )

    @property
    def deadline(self) -> timedelta:  # type: ignore[override]
        return timedelta(seconds=settings.UPLOAD_DEADLINE_S)

    @property
    def settle(self) -> timedelta:  # type: ignore[override]
        return timedelta(seconds=settings.UPLOAD_SETTLE_S)

    def recheck(self, job: Job, report: Report) -> Ending | None:
        if (ending := super().recheck(job, report)) is not None:
            return ending
        report("Filling in what was decided")
        plan = plan_of(job)
        try:
            filled_accounts(plan)
        except (NotFilledError, UndecryptableError) as missing:
            return runs.unfit(plan, str(missing), may_reopen=not job.submit_count)
        return None

    def note_before(self, job: Job) -> dict[str, Any]:
        """What the target held before: the plan's facts were read again a moment ago."""
        with snaplogic(job.organization) as client:
            free = free_names(job, client)
        return {"effects": plan_of(job).facts.get("effects", {}), "free": free}

    def submit(self, job: Job, report: Report) -> Submitted:
        plan = plan_of(job)
        pick = Pick.of(plan.promotion)
        archive, extras = archive_of(plan.promotion), expressions_of(plan.promotion)
        try:
            accounts = filled_accounts(plan)
        except (NotFilledError, UndecryptableError) as missing:
            raise _unsent(str(missing)) from missing
        if archive is None or (pick.expressions is not None and extras is None):
            raise _unsent("What was to be sent was erased a moment ago.")

        def tell(sent: int, total: int) -> None:
            if sent < total:
                report("Sending the zip, in MiB", done=sent // MIB, total=max(1, total // MIB))
            else:
                report("All is sent. Waiting for SnapLogic, which may work on it for 15 minutes.")

        try:
            with _client(job) as client:
                result = client.import_version(
                    target_path(plan.promotion),
                    _upload(archive),
                    duplicate_check=DuplicateCheck(pick.rule.value),
                    overwrite_types=pick.types if pick.rule == DuplicateRule.OVERWRITE else (),
                    accounts=accounts.content if accounts else None,
                    expressions=_upload(extras) if extras else None,
                    secrets=accounts.secrets if accounts else (),
                    progress=tell,
                )
        except (ApiRejectedError, ApiAuthError, ApiBusyError) as refusal:
            if seen := shown_all_the_same(job):
                words = f"The platform says that it refused it ({refusal.message.rstrip('. ')}), yet {seen}"
                raise OutcomeUnknownError(words, operation=refusal.operation) from refusal
            raise
        return Submitted("", received(result))

    def wanted(self, job: Job) -> str:
        return f"the assets of the zip in {_path(job)}"

    def look_up(self, job: Job, report: Report) -> LookUp:
        report(f"Asking what {_path(job)} holds")
        with snaplogic(job.organization) as client:
            return LookUp([], is_complete=False, blind=evidence_of(job, client))

    def named(self, job: Job, text: str) -> Submitted:
        """The path of the version that the assets came into, which may well have taken other imports."""
        return Submitted("", {NAMED: named_path(job, text)})

    def list_statuses(self, jobs: Sequence[Job]) -> Mapping[int, str]:
        return {}  # an import is over when it is answered

    def read(self, job: Job) -> Snapshot:
        """What was answered; nothing is asked again, and little is known where a person says that it arrived."""
        raw = job.raw if isinstance(job.raw, dict) else {}
        rows = rows_of(plan_of(job), raw)
        return Snapshot(
            status="answered" if is_answered(raw) else "answer lost",
            is_over=True,
            done=len(rows),
            total=len(rows),
            raw=raw,
            detail=rows,
        )

    def record(self, job: Job, snapshot: Snapshot) -> None:
        rows: list[TaskResult] = snapshot.detail
        for position, row in enumerate(rows):
            row.job, row.position = job, position
        TaskResult.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["job", "type", "remote_id"], update_fields=RESULT_FIELDS
        )
        told = told_path(job, str(snapshot.raw.get("version_path") or ""))
        job.result = {**job.result, "version_path": told or snapshot.raw.get(NAMED, "")}
        Job.objects.filter(pk=job.pk).update(result=job.result)

    def verify(self, job: Job) -> bool:
        with snaplogic(job.organization) as client:
            return look_again(job, client)

    def conclude(self, job: Job) -> Ending:
        return conclude(job)

    def describe(self, job: Job) -> str:
        return in_words(job)

    def advise(self, job: Job, exc: ApiError) -> str:
        return advice_on(exc.status)

    def over(self, job: Job, ending: Ending) -> None:
        promotion = job.promotion
        if not job.submit_count or promotion is None:
            return
        if ending.state == JobState.FAILED and not job.results.exists():
            # A refusal has imported nothing: what was typed is put right where it is wrong, and not asked for again.
            runs.reopen_refused(plan_of(job), job)
            return
        sealed_values.erase(promotion)
        self._note_version(job, ending)

    def _note_version(self, job: Job, ending: Ending) -> None:
        path = path_of(job)
        if path is not None and ending.state in (*GOOD_ENDS, JobState.PARTLY_FAILED):
            state = api_version_plans.state_after(plan_of(job))
            known_from = f"import {job.pk}"
            api_versions.note_seen(job.organization, path, known_from=known_from, state=state, job=job)


def _unsent(why: str) -> OutcomeUnknownError:
    """It was there a moment ago. Reading the facts anew will say what that means for the plan."""
    return OutcomeUnknownError(why, operation="snaplogic.import_version", sent=False)


def _upload(archive: Archive) -> Upload:
    return Upload(archive.name, archive.size, lambda: archives.open_archive(archive))


def _client(job: Job) -> AbstractContextManager[SnapLogicClient]:
    return snaplogic(job.organization, is_long=True)


def _path(job: Job) -> str:
    return target_path(plan_of(job).promotion).text
