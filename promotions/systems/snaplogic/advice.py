"""What the platform's own pages advise on a refusal or a failure, and which rule carries the advice out.

SnapLogic, public API, "Import an API version", error handling.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from promotions.api_choices import DuplicateRule
from promotions.choices import FINISHED, JobState, ResultOutcome
from promotions.models import Job
from promotions.systems.snaplogic.asset_types import OVERWRITABLE, is_among, is_policy
from promotions.systems.snaplogic.outcomes import CONFLICT, UNTYPED
from promotions.systems.snaplogic.picks import Pick

_ADVICE = {
    400: "The platform's advice: check that the file is the unmodified zip of an exported API version. Export the "
    "version again, and import that zip.",
    409: "The platform's advice: check whether the same name exists, and use the rule to add what is missing. Assets "
    "of the same name are then left as they are, and all others are added.",
    413: "The zip is larger than the platform, or something on the way to it, takes in one call. Ask whoever runs that "
    "to raise the limit, or take large files out of the version and export it again.",
}


def advice_on(status: int | None) -> str:
    """The next step after a refusal, in a sentence; empty where the platform's pages give none."""
    return _ADVICE.get(status or 0, "")


@dataclass(frozen=True)
class Remedy:
    """One way to go on after an import, as a button: the same zip, planned again under a rule."""

    key: str
    label: str
    reason: str
    rule: DuplicateRule
    types: tuple[str, ...] = ()
    version: tuple[str, str] | None = None
    """API and version to import into, where that is another one than before."""


def remedies(job: Job) -> Sequence[Remedy]:
    """What may be planned again with the same zip; nothing where a repeat would make more than is wanted."""
    if job.promotion is None or job.state not in FINISHED or job.state == JobState.SUCCEEDED or not job.submit_count:
        return []
    pick = Pick.of(job.promotion)
    if pick.rule == DuplicateRule.CREATE_NEW:
        return [_add_missing()] if _is_refused_as_there(job) else _after_another(job)
    found = [_add_missing()] if has_missing(job) or pick.rule != DuplicateRule.SKIP else []
    types = _conflicting_types(job)
    if types:
        found.append(
            Remedy(
                "overwrite",
                f"Plan again, overwriting {', '.join(types)}",
                "Replaces what is there of these types by what the zip holds.",
                DuplicateRule.OVERWRITE,
                types,
            )
        )
    if _is_refused_as_there(job):
        found.append(
            Remedy(
                "another",
                "Plan again as another version",
                "Leaves the version as it is and makes another one beside it.",
                DuplicateRule.CREATE_NEW,
            )
        )
    return found


def has_missing(job: Job) -> bool:
    """Whether something is not there for another reason than that something of its name is."""
    bad = job.results.filter(outcome__in=[ResultOutcome.FAILED, ResultOutcome.UNKNOWN])
    return any(not row.claim.endswith(str(CONFLICT)) for row in bad) or _is_refused_as_there(job)


def _is_refused_as_there(job: Job) -> bool:
    return job.state == JobState.FAILED and not job.results.exists() and str(CONFLICT) in job.problem


def _add_missing() -> Remedy:
    return Remedy(
        "add",
        "Plan again, adding what is missing",
        "Assets that are there stay as they are; those that failed are tried once more.",
        DuplicateRule.SKIP,
    )


def _after_another(job: Job) -> Sequence[Remedy]:
    path = str(job.result.get("version_path") or "").strip("/").split("/")
    if len(path) != 4:
        return []
    return [
        Remedy(
            "complete",
            f"Plan again into {path[2]} {path[3]}, adding what is missing",
            "The version that this import made gets what it lacks; no further one is made.",
            DuplicateRule.SKIP,
            version=(path[2], path[3]),
        )
    ]


def _conflicting_types(job: Job) -> tuple[str, ...]:
    """Of assets that stayed because one of their name was there; a policy never does."""
    rows = job.results.filter(outcome=ResultOutcome.FAILED, claim__endswith=str(CONFLICT))
    kinds = {row.type for row in rows if row.type != UNTYPED and not is_policy(row.type)}
    return tuple(word for word in OVERWRITABLE if is_among(word, kinds))
