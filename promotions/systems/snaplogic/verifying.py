"""A second look at the target: whether it lists what was imported, where the account may have it listed."""

from collections.abc import Iterable

from clients.snaplogic import SnapLogicClient, VersionPath
from promotions.api_choices import DuplicateRule
from promotions.choices import GOOD_OUTCOMES, ResultOutcome, Verification
from promotions.models import Job, TaskResult
from promotions.services.api_versions import NAME_LIMIT
from promotions.systems.plan_runs import plan_of
from promotions.systems.snaplogic.holdings import Holding, holding_of
from promotions.systems.snaplogic.outcomes import UNTYPED, is_answered, to_be_added
from promotions.systems.snaplogic.picks import Pick, target_path


def named_path(job: Job, text: str) -> str:
    """The path of the version that a person says the assets came into; raises ValueError if they cannot have."""
    path, target = VersionPath.parse(text.strip()), target_path(plan_of(job).promotion)
    if path == target:
        return path.text
    if Pick.of(plan_of(job).promotion).rule != DuplicateRule.CREATE_NEW:
        raise ValueError(f"This import went to {target.text} and can have arrived nowhere else.")
    if (path.org, path.api) != (target.org, target.api) or not path.version.startswith(target.version):
        raise ValueError(f"The version that this import makes is called {target.text} with a number at its end.")
    if len(path.version) > NAME_LIMIT:
        raise ValueError(f"The name of the version is longer than {NAME_LIMIT} characters.")
    return path.text


def told_path(job: Job, text: str) -> str:
    """The path that an answer names, or "" if the assets cannot have come there: it may name what it likes."""
    try:
        return named_path(job, text)
    except ValueError:
        return ""


def path_of(job: Job) -> VersionPath | None:
    """Where the assets are now; None if a further version was made whose name nobody told."""
    if told := job.result.get("version_path"):
        return VersionPath.parse(told)
    plan = plan_of(job)
    is_new = Pick.of(plan.promotion).rule == DuplicateRule.CREATE_NEW
    if is_new and plan.facts.get("target", {}).get("presence") != "absent":
        return None
    return target_path(plan.promotion)


def look_again(job: Job, client: SnapLogicClient) -> bool:
    """Note on each result whether the target lists the asset; False if it contradicts one. May raise ApiError."""
    rows = list(job.results.all())
    path = path_of(job)
    if path is None:
        _note_all(rows, "The platform did not tell the name of the version that it made.")
        return True
    holding = holding_of(client, job.organization, path)
    if not holding.is_listed and holding.presence != "absent":
        _note_all(rows, holding.why or f"The target does not list {path.text}.")
        return True
    # Of what was there before a list tells nothing; what was to be added shows whether a lost import has arrived.
    missing = set() if is_answered(job.raw or {}) else to_be_added(plan_of(job))
    for row in rows:
        was_missing = (row.type, row.remote_id) in missing
        row.verification, row.verification_text = _verdict(row, holding, was_missing=was_missing)
    TaskResult.objects.bulk_update(rows, ["verification", "verification_text"])
    return not any(row.verification == Verification.CONTRADICTED for row in rows)


def _note_all(rows: Iterable[TaskResult], why: str) -> None:
    found = list(rows)
    for row in found:
        row.verification, row.verification_text = Verification.NOT_CONFIRMED, why[:500]
    TaskResult.objects.bulk_update(found, ["verification", "verification_text"])


def _verdict(row: TaskResult, holding: Holding, *, was_missing: bool) -> tuple[Verification, str]:
    if row.type == UNTYPED:
        is_there = any(row.title in names for names in holding.assets.values())
    else:
        is_there = holding.presence_of(row.type, row.title) == "there"
    if row.outcome in GOOD_OUTCOMES:
        if is_there:
            return Verification.CONFIRMED, "The target lists it."
        return Verification.CONTRADICTED, "The target does not list it."
    if row.outcome == ResultOutcome.UNKNOWN and was_missing:
        if is_there:
            return Verification.CONFIRMED, "It was not there before, and the target lists it."
        return Verification.CONTRADICTED, "It was to be added, and the target does not list it."
    if row.outcome == ResultOutcome.UNKNOWN:
        return Verification.NOT_CONFIRMED, f"The target {'lists' if is_there else 'does not list'} one of this name."
    return Verification.UNCHECKED, f"The target {'lists' if is_there else 'does not list'} one of this name."
