"""What a job type brings to the engine, and the register of them. Systems register here; the engine names none."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol

from clients.errors import ApiError
from promotions.choices import JobState, ProblemKind
from promotions.models import Job

LONGEST_SEARCH = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a job ended, as far as we know: the kind for filters, a sentence for people, the detail for us."""

    state: JobState
    problem_kind: ProblemKind | None = None
    problem: str = ""
    detail: str = ""
    result: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Unfinished:
    """An activity has used its time slice; `params` is what it needs to go on."""

    params: dict[str, Any]


class Report(Protocol):
    """How an activity tells of its progress; also proves that it is alive. Raises LeaseLostError if it was replaced."""

    def __call__(self, text: str, *, done: int | None = None, total: int | None = None) -> None: ...


class JobType(ABC):
    """Common to all job types."""

    kind: ClassVar[str]
    label: ClassVar[str]
    phrase: ClassVar[str] = ""
    """What leads the title in a sentence, if that is not "<label> of"."""
    into: ClassVar[str] = "into"
    """What leads the target there."""
    queue: ClassVar[str] = "interactive"
    """Where its work is done: "long" for what may take minutes without a word."""

    def describe(self, job: Job) -> str:
        """What came of it, in words; nothing where the objects of the job tell it."""
        return ""


class Activity(JobType):
    """Work that only reads at the platform. It may run twice, after a crash, so what it stores must stand that."""

    lease: ClassVar[timedelta] = timedelta(seconds=150)
    """Longer than it ever works without a word of progress, which extends it."""

    @abstractmethod
    def run(self, job: Job, report: Report) -> Ending | Unfinished:
        """Do the work, outside any transaction. ApiError and its kin are the engine's to handle."""

    def given_up(self, job: Job) -> None:
        """Called once, in the transaction that ends the job, if it did not succeed."""


@dataclass(frozen=True)
class Submitted:
    """The platform took the write. Without a remote id the job is looked up, and never sent again."""

    remote_id: str | None
    raw: dict[str, Any]


@dataclass(frozen=True)
class LookUp:
    """What a search for the effect of a write found. Only a complete search may count as "not there".

    `similar` are remote jobs that may be it although nothing proves so: with one of them about, the write is not sent
    again, and a person is asked. `since` and `rows` say how far back was looked and through how many remote jobs.
    """

    remote_ids: Sequence[str]
    is_complete: bool
    similar: Sequence[str] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    """What the platform calls some of them, where that tells them apart better than their ids."""
    since: datetime | None = None
    rows: int | None = None
    blind: str = ""
    """Why the platform shows nothing that could be searched, in a sentence; a person then has to look."""


@dataclass(frozen=True)
class Snapshot:
    """A remote job as read just now."""

    status: str
    is_over: bool
    done: int
    total: int | None
    raw: dict[str, Any]
    detail: Any = None


@dataclass(frozen=True)
class Naming:
    """How a person says what became of a lost write, where that is not the id of a remote job."""

    label: str
    help: str
    means: str
    """What comes of it, in sentences."""
    limit: int
    """In characters."""


class Submission(JobType):
    """One remote write, sent once, and then followed to its end.

    `settle` must exceed the write's total deadline plus the platform's longest processing: only after it has passed
    can an empty search mean that the write never happened. Without a `follow_deadline` what the platform has is
    followed for as long as it takes; the search for a write whose answer was lost ends in any case.
    """

    deadline: timedelta
    settle: timedelta
    follow_deadline: timedelta | None
    noun: ClassVar[str] = "job"
    """What the platform makes of the write; its remote id names one of these."""
    naming: ClassVar[Naming | None] = None
    """What a person names instead of a remote id; see `named`."""
    first_interval_s: ClassVar[int] = 2
    """How soon it is looked at again; the interval then grows."""
    longest_interval_s: ClassVar[int | None] = None
    """To what the interval grows; what the settings say if None."""
    is_searchable: ClassVar[bool] = True
    """Whether the platform shows anything in which a lost write can be looked for; one that cannot is sent once."""

    @property
    def search_deadline(self) -> timedelta:
        """How long the effect of a write is looked for before a person is asked."""
        return self.follow_deadline if self.follow_deadline is not None else LONGEST_SEARCH

    def followed_until(self, now: datetime, job: Job) -> datetime | None:
        """When a person is asked about what the platform has by now, and has not ended."""
        return None if self.follow_deadline is None else now + self.follow_deadline

    @abstractmethod
    def recheck(self, job: Job, report: Report) -> Ending | None:
        """Read again what the write rests on; an ending means that nothing may be sent, and why.

        `report` is to be called before each read.
        """

    def note_before(self, job: Job) -> dict[str, Any]:
        """What must be remembered to recognise the effect of the write later; stored before the call goes out."""
        return {}

    @abstractmethod
    def submit(self, job: Job, report: Report) -> Submitted:
        """The one call that writes. Runs under the total deadline, which every call of `clients` keeps.

        `report` may tell how far it has come; it never breaks off.
        """

    @abstractmethod
    def look_up(self, job: Job, report: Report) -> LookUp:
        """Search for the effect of a write whose answer was lost. `report` is to be called before each read."""

    def wanted(self, job: Job) -> str:
        """What a search for the effect looks for, in words that follow "Looked for"."""
        return ""

    def advise(self, job: Job, exc: ApiError) -> str:
        """The next step after this refusal, in a sentence, if more is known than that the platform refused."""
        return ""

    def checked_remote_id(self, text: str) -> str:
        """The remote id in what a person wrote; raises ValueError, with a sentence, for what cannot be one."""
        return text.strip()

    def named(self, job: Job, text: str) -> Submitted:
        """What a person says became of a lost write; raises ValueError, with a sentence, for what cannot be it.

        Where that is no id but a place, which other jobs may have in common, the remote id is empty.
        """
        return Submitted(self.checked_remote_id(text), job.raw)

    @abstractmethod
    def list_statuses(self, jobs: Sequence[Job]) -> Mapping[int, str]:
        """Remote status by job pk, for jobs of one organization, by as few list calls as can be. May leave jobs out."""

    @abstractmethod
    def read(self, job: Job) -> Snapshot:
        """The remote job in full."""

    @abstractmethod
    def record(self, job: Job, snapshot: Snapshot) -> None:
        """Store what the snapshot says of each object; called in the transaction that stores the snapshot."""

    def verify(self, job: Job) -> bool:
        """Look again, after the platform's own end, whether what it claims is so. May raise ApiError.

        False if the target contradicts the claim, which a later look may cure: what was just made can take a moment to
        show.
        """
        return True

    @abstractmethod
    def conclude(self, job: Job) -> Ending:
        """The true state, from everything recorded."""

    def submitted(self, job: Job, *, how: str) -> None:
        """Called in the transaction that stores the accepted write, for the record."""

    def ended(self, job: Job, ending: Ending) -> None:
        """Called in the transaction that ends the job, for the record and for what depends on it."""


_types: dict[str, JobType] = {}


def register(job_type: JobType) -> None:
    """Make a job type known; its kind must be new."""
    if job_type.kind in _types:
        raise ValueError(f"A job type {job_type.kind!r} is registered already.")
    _types[job_type.kind] = job_type


def job_type(kind: str) -> JobType:
    return _types[kind]


def submission(kind: str) -> Submission:
    found = _types[kind]
    if not isinstance(found, Submission):
        raise TypeError(f"{kind} is not a submission")
    return found


def is_known(kind: str) -> bool:
    return kind in _types


def is_submission(kind: str) -> bool:
    return isinstance(_types.get(kind), Submission)


def label(kind: str) -> str:
    """The words for a kind; one that is no longer registered speaks for itself."""
    return _types[kind].label if kind in _types else kind


def named(kind: str, title: str) -> str:
    """A job in a sentence: its kind and its title."""
    phrase = _types[kind].phrase if kind in _types else ""
    return f"{phrase or f'{label(kind)} of'} “{title}”"


def into(kind: str) -> str:
    """How the target follows in a sentence."""
    return _types[kind].into if kind in _types else JobType.into


def noun(kind: str) -> str:
    """What the platform makes of a write of this kind."""
    found = _types.get(kind)
    return found.noun if isinstance(found, Submission) else Submission.noun


def naming(kind: str) -> Naming | None:
    """What a person names instead of a remote id, if it is that."""
    found = _types.get(kind)
    return found.naming if isinstance(found, Submission) else None


def is_searchable(kind: str) -> bool:
    """Whether a lost write of this kind can be looked for, and so be sent again."""
    found = _types.get(kind)
    return not isinstance(found, Submission) or found.is_searchable


def wanted(job: Job) -> str:
    """What a search for the effect of a write looks for, as its type tells it."""
    found = _types.get(job.kind)
    return found.wanted(job) if isinstance(found, Submission) else ""


def describe(job: Job) -> str:
    """What came of a job, in words, as its type tells it."""
    return _types[job.kind].describe(job) if job.kind in _types else ""


def kinds() -> Iterable[tuple[str, str]]:
    """Every kind with its label, for filters."""
    return sorted(((kind, found.label) for kind, found in _types.items()), key=lambda pair: pair[1])
