"""What a person needs to decide on a job whose outcome is not known, and the ways there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from promotions.choices import JobState, ProblemKind
from promotions.engine import registry, timeline, traces
from promotions.forms.jobs import AdoptForm, CloseForm, RetryForm
from promotions.models import Job
from promotions.services import jobs

_SENT = (timeline.SENDING, timeline.SENDING_AGAIN)


@dataclass(frozen=True)
class LookUp:
    """One search for the effect of a lost write."""

    at: datetime
    words: str
    is_certain: bool
    """Whether it could have told that there is nothing."""
    since: datetime | None = None


@dataclass(frozen=True)
class Candidate:
    """A remote job that may be this one."""

    remote_id: str
    doubt: str
    """Why it is not surely ours."""
    known: Job | None
    """The row under which we follow it, if there is one."""
    name: str = ""
    """What the platform calls it, if the search told."""

    @property
    def label(self) -> str:
        if self.known is None:
            return f"{self.remote_id}: “{self.name}”" if self.name else self.remote_id
        return f"{self.remote_id}: “{self.known.title}”, {self.known.remote_status or self.known.get_state_display()}"


@dataclass(frozen=True)
class Attention:
    """What is known, what was looked for, and each choice: its form, or why there is none."""

    facts: Sequence[tuple[str, str | datetime | None]]
    sent_at: Sequence[datetime]
    noun: str
    """What the platform makes of the write."""
    is_searchable: bool
    """Whether the platform shows anything in which it can be looked for."""
    wanted: str
    look_ups: Sequence[LookUp]
    look_ups_count: int
    candidates: Sequence[Candidate]
    dismissed: Sequence[str]
    was_accepted: bool
    why_no_resume: str
    why_no_adopt: str
    why_no_retry: str
    adopt: AdoptForm | None
    retry: RetryForm | None
    close: CloseForm
    naming: registry.Naming | None = None

    @property
    def can_resume(self) -> bool:
        return not self.why_no_resume

    @property
    def look_ups_left_out(self) -> int:
        return self.look_ups_count - len(self.look_ups)


def attention(job: Job, *, bound: Mapping[str, Any] | None = None) -> Attention | None:
    """None unless the job waits for a decision. `bound` has forms that were sent and refused, by name."""
    if job.state != JobState.NEEDS_ATTENTION:
        return None
    bound = bound or {}
    is_unknown = job.problem_kind == ProblemKind.OUTCOME_UNKNOWN
    can_resume = jobs.is_followable(job)
    is_searchable = registry.is_searchable(job.kind)
    may_name, may_send = not can_resume or is_unknown, not can_resume and is_unknown and is_searchable
    found = candidates(job)
    name = f" as {job.remote_id}" if job.remote_id else ""
    noun = registry.noun(job.kind)
    why_once = f"The platform lists no {noun}s in which the first one could be looked for, so it is sent once."
    why_sent = f"It reached the platform{name}; sending it again would do everything twice."
    return Attention(
        facts=_facts(job),
        sent_at=list(job.events.filter(text__in=_SENT).values_list("at", flat=True)),
        noun=noun,
        is_searchable=is_searchable,
        wanted=_wanted(job) if job.submit_count and not job.remote_id and is_searchable else "",
        look_ups=_look_ups(job) if is_searchable else [],
        look_ups_count=int(job.params.get(traces.LOOK_UPS_COUNT, 0)) if is_searchable else 0,
        candidates=found,
        dismissed=[str(one) for one in job.params.get("dismissed", [])],
        was_accepted=bool(job.params.get("accepted")),
        why_no_resume=""
        if can_resume
        else f"Its {noun} at the platform is not known yet, so there is nothing to look at.",
        why_no_adopt="" if may_name else f"Its {noun} at the platform is known already{name}.",
        why_no_retry="" if may_send else why_sent if job.remote_id or is_searchable else why_once,
        adopt=bound.get("adopt") or (adopt_form(job) if may_name else None),
        retry=bound.get("retry") or (RetryForm() if may_send else None),
        close=bound.get("close") or CloseForm(),
        naming=registry.naming(job.kind),
    )


def adopt_form(job: Job, *args: Any) -> AdoptForm:
    return AdoptForm(
        *args,
        candidates=[(found.remote_id, found.label) for found in candidates(job)],
        noun=registry.noun(job.kind),
        is_listed=registry.is_searchable(job.kind),
        naming=registry.naming(job.kind),
    )


def candidates(job: Job) -> list[Candidate]:
    """Remote jobs that fit, with what is known of each here."""
    ids = [str(found) for found in job.result.get("candidates", []) if found]
    known = {
        row.remote_id: row
        for row in Job.objects.filter(organization=job.organization, remote_id__in=ids).defer("raw", "params")
    }
    entries: list[dict[str, Any]] = job.params.get(traces.LOOK_UPS, [])
    latest: dict[str, Any] = next((one for one in reversed(entries) if "failed" not in one), {})
    similar, names = set(latest.get("similar", [])), latest.get("names", {})
    return [
        Candidate(remote_id, _doubt(job, remote_id in similar), known.get(remote_id), names.get(remote_id, ""))
        for remote_id in ids
    ]


def _doubt(job: Job, is_similar: bool) -> str:
    if is_similar and registry.wanted(job):
        return "It fits what was looked for, but may be somebody else's: nothing proves whose it is."
    if is_similar:
        return (
            "It has the same name and target and is about as old, but its description does not show our mark: somebody "
            "else may have started it."
        )
    return "It fits, and so does another one; only one of them can be this one."


def _facts(job: Job) -> list[tuple[str, str | datetime | None]]:
    facts: list[tuple[str, str | datetime | None]] = [
        ("Last sent", job.submit_at),
        ("Sent", f"{job.submit_count} {'time' if job.submit_count == 1 else 'times'}"),
    ]
    if job.submit_count:
        facts.append(("Answer", _answer(job)))
    if job.remote_id or job.remote_status:
        facts.append(("Last word of the platform", job.remote_status or "none"))
    facts.append(("Deadline", job.deadline_at))
    return facts


def _answer(job: Job) -> str:
    """What came back when it was sent last."""
    if job.remote_id:
        return f"it has it as {registry.noun(job.kind)} {job.remote_id}"
    if job.params.get("accepted"):
        return "accepted, without naming its job"
    return traces.answer_of(job) or "none: the worker was ended before one was read"


def _wanted(job: Job) -> str:
    if wanted := registry.wanted(job):
        return wanted
    if job.sandbox_id:
        return f"a job whose description ends in [{job.marker}]"
    return "a change of the package's own status"


def _look_ups(job: Job) -> list[LookUp]:
    return [_look_up(entry) for entry in job.params.get(traces.LOOK_UPS, [])]


def _look_up(entry: Mapping[str, Any]) -> LookUp:
    at = datetime.fromisoformat(entry["at"])
    if "failed" in entry:
        return LookUp(at, f"Could not look: {entry['failed']}.", is_certain=False)
    since = datetime.fromisoformat(entry["since"]) if entry["since"] else None
    found, similar = [one for one in entry["found"] if one], entry["similar"]
    parts = []
    if entry["rows"] is not None:
        parts.append(f"Read {entry['rows']} {'job' if entry['rows'] == 1 else 'jobs'}")
    else:
        parts.append("Looked")
    if found:
        parts.append(f"found {', '.join(found)}")
    elif similar:
        resemble = "resembles" if len(similar) == 1 else "resemble"
        parts.append(f"found none with our mark, but {len(similar)} that {resemble} it: {', '.join(similar)}")
    else:
        parts.append("found no trace")
    words = ", ".join(parts)
    if not entry["is_complete"]:
        words += ". The list was incomplete, so this proves nothing"
    return LookUp(at, f"{words}.", is_certain=bool(entry["is_complete"]), since=since)
