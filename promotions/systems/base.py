"""What a remote system brings to planning, and the register of them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from accounts.models import User
from promotions.choices import Decision, ItemInput, ItemKind, JobState, Match
from promotions.engine.registry import Report
from promotions.models import Job, Plan, PlanItem, Promotion
from promotions.services.errors import RefusedError
from promotions.services.verbs import IMPORT_VERBS, RunVerbs


@dataclass(frozen=True)
class Choice:
    """One way to decide an item, and why it is offered."""

    decision: Decision
    target: dict[str, str] | None
    reason: str
    consequence: str
    """What the platform will probably do, where that differs from what the choice says."""
    rank: int = 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class ItemDraft:
    """A plan item as gathered, before anybody decides."""

    key: str
    title: str
    choices: Sequence[Choice]
    must_decide: bool
    kind: ItemKind = ItemKind.OBJECT
    type: str = ""
    remote_id: str = ""
    explanation: str = ""
    depth: int = 0
    needed_by: Sequence[str] = ()
    match: Match = Match.NONE
    missing_rights: Sequence[dict[str, Any]] = ()
    is_creation_allowed: bool | None = None
    input: ItemInput = ItemInput.NOTHING
    """What a person may type instead of choosing."""
    details: dict[str, Any] = field(default_factory=dict)
    """What the system has to know of it. Pages show "current", "where", and "foreseen" with its "reason"."""
    default: Decision = Decision.UNDECIDED
    """Taken where there is only one choice, and therefore nothing to decide."""


@dataclass(frozen=True)
class Blocker:
    """Why a plan cannot run, whatever is decided."""

    text: str


@dataclass(frozen=True)
class Document:
    """A document as the remote system gave it."""

    kind: str
    remote_id: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """Everything found out for a plan.

    `facts` enter the content hash and must not hold volatile members; `display` is for the page only. Blockers without
    items mean that the rest could not be asked: what was decided before then stays for the next time.
    """

    facts: dict[str, Any]
    display: dict[str, Any] = field(default_factory=dict)
    blockers: Sequence[Blocker] = ()
    items: Sequence[ItemDraft] = ()
    document: Document | None = None
    """What the run will send, where that is a document; its facts must tell it from any other."""


@dataclass(frozen=True)
class Figure:
    """One number of a plan, as its strip shows it: "+ 3 create"."""

    words: str
    number: str = ""
    tone: str = ""
    consent_words: str = ""
    """What an approver reads, where it differs."""
    consent_tone: str = ""
    """The tone there, where it differs: what is final stands out."""


@dataclass(frozen=True)
class Fact:
    """One line of what a plan rests on: a state gets the look of a badge."""

    term: str
    value: str = ""
    state: str = ""
    note: str = ""
    url: str = ""
    until: datetime | None = None


@dataclass(frozen=True)
class Place:
    """A page, and what a link to it says."""

    title: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Words:
    """What pages call the things of a system, where each has its own word."""

    item: str = "object"
    items: str = "objects"
    run: str = "import"
    undecided: str = "undecided"
    """What an item is called on which nothing is decided yet."""
    looked_at: str = "looked at in the target"
    """What was done to the items while the facts were gathered."""
    gathers: str
    """What is read for a plan, as a sentence."""
    again: str
    """What running it again means, as a sentence."""
    verb: str = "Promote"
    """What is done, in a title: "Promote “Loyalty schemas”"."""
    confirm: str = "I have read this and want all of it created"
    """What a tick on a confirmation says."""
    keep_all: str = "Keep all that can stay"
    """The act that keeps every undecided item as it is."""


class System(ABC):
    """A remote system as planning sees it; how it runs is told to the engine by its job types.

    Pages know no system either: they show what these methods say, and the templates that it names.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    words: ClassVar[Words]
    run_kinds: ClassVar[Sequence[str]]
    """The job types that run plans of this system."""
    preparations: ClassVar[Sequence[str]] = ()
    """The job types that prepare the gathering of facts."""
    columns: ClassVar[Sequence[str]] = ()
    """What the table of items shows beside the object and the decision: "from", "match", "rights"."""
    decision_template: ClassVar[str] = "promotions/plans/_decision.html"
    """The cell that decides one item."""
    answer_template: ClassVar[str] = ""
    """What else on the page changes with the decision on one item, if anything; it gets the row."""
    note_template: ClassVar[str] = ""
    """What stands above the items, if anything; it gets plan, promotion and items."""
    run_template: ClassVar[str] = ""
    """What the page of a run tells besides its objects, if anything; it gets the job."""
    sheet: ClassVar[bool] = False
    """Whether items can be decided by a sheet, by rules for their names, and left out where they are ticked."""
    renamed_types: ClassVar[Sequence[str]] = ()
    """The types of items whose names rules can make."""
    change_groups: ClassVar[Mapping[Decision, str]] = {}
    """What an approver reads above the items of a decision, where it differs from what all systems say."""
    decides_on_made: ClassVar[bool] = True
    """Whether a retry of a run has a person decide on each object that the run has made, or may have."""
    names_job: ClassVar[bool] = True
    """Whether the run carries a name and a text that people choose."""
    tells_undecided: ClassVar[bool] = False
    """Whether its own figures tell how much is undecided."""

    @property
    def is_tickable(self) -> bool:
        """Whether the table of items has boxes to tick."""
        return "match" in self.columns or self.sheet

    @abstractmethod
    def run_kind(self, promotion: Promotion) -> str:
        """The job type that runs the plans of this promotion."""

    def run_verbs(self, promotion: Promotion) -> RunVerbs:
        """What the record says of the runs of this promotion."""
        return IMPORT_VERBS

    def queue_preparation(self, plan: Plan, actor: User | None) -> Job | None:
        """Queue what the platform has to work out before facts can be gathered; None if that is nothing.

        The job queues the gathering when it has ended well.
        """
        return None

    @abstractmethod
    def gather(self, promotion: Promotion, report: Report) -> Gathered:
        """Find out all that a plan needs, by reads only."""

    @abstractmethod
    def describe_changes(self, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
        """What differs between two sets of facts, one sentence each; empty if nothing does."""

    @abstractmethod
    def run_title(self, promotion: Promotion, items: Sequence[PlanItem]) -> str:
        """The run in words, with its numbers: what the run button says."""

    @abstractmethod
    def figures(self, promotion: Promotion, items: Sequence[PlanItem]) -> list[Figure]:
        """The plan in numbers, without those that all systems have: undecided, and missing rights."""

    @abstractmethod
    def words_of(self, promotion: Promotion, numbers: Mapping[str, int]) -> str:
        """The same in a few words, from numbers that are known already: by decision, "total" and "duties"."""

    @abstractmethod
    def will_do(self, promotion: Promotion, numbers: Mapping[str, int]) -> str:
        """What a run of it does, from the same numbers."""

    @abstractmethod
    def ready_words(self, promotion: Promotion, items: Sequence[PlanItem]) -> str:
        """What a ready plan will do, in a few words beside the run button."""

    @abstractmethod
    def what_happens(self, promotion: Promotion, items: Sequence[PlanItem]) -> str:
        """What the run will do, and that it cannot be undone, in sentences: asked before it starts."""

    @abstractmethod
    def what_is_final(self, plan: Plan, items: Sequence[PlanItem]) -> tuple[str, list[str]]:
        """What an approver is told that cannot be undone: a sentence, and the things by name.

        Both are empty where everything can be.
        """

    def not_final(self, promotion: Promotion) -> str:
        """What an approver is told where nothing is final."""
        where = promotion.target_sandbox.name
        return f"Nothing is created: every object of it is in {where} already and is used as it is."

    @abstractmethod
    def source_facts(self, plan: Plan) -> list[Fact]:
        """Source and target as they were when the facts were read."""

    @abstractmethod
    def home(self) -> Place:
        """The list from which things of this system are picked."""

    @abstractmethod
    def picked(self, promotion: Promotion) -> Place | None:
        """The page of what was picked; None once it is not known any more."""

    def elsewhere(self, promotion: Promotion) -> str:
        """Where the same can be planned for another target; empty if nowhere."""
        return ""

    def source_note(self, promotion: Promotion) -> str:
        """What else tells the source from others, behind its place; empty if nothing does."""
        return ""

    def target_note(self, promotion: Promotion) -> str:
        """What in the target the promotion goes into, where that is more than the sandbox."""
        return ""

    def scope(self, promotion: Promotion) -> str:
        """What a run keeps others from while it is not over; empty if nothing."""
        return ""

    def slot(self, promotion: Promotion) -> str:
        """What only one run at a time may have at the platform; empty if runs go side by side."""
        return ""

    def reasons_not_ready(self, plan: Plan, items: Sequence[PlanItem]) -> list[str]:
        """What else keeps a plan from running, beside what all systems have in common."""
        return []

    def undecided_words(self, number: int) -> str:
        """What keeps a plan from running with so many items undecided."""
        return f"{number} row is undecided." if number == 1 else f"{number} rows are undecided."

    def unconfirmed_words(self, number: int) -> str:
        """The same for a plan in which there is nothing to decide but confirmations."""
        return "What it covers and leaves out is not confirmed yet."

    def checked_value(self, item: PlanItem, value: str) -> str:
        """What a person typed, in the form that will be sent; raises RefusedError with the reason if it cannot be."""
        raise RefusedError(f"Nothing can be typed for {item}.")

    def lost_values(self, plan: Plan) -> list[str]:
        """What decisions of a frozen plan rest on, beside the facts, and is no longer so: a sentence each."""
        return []

    def consequence_of(self, item: PlanItem, value: str) -> str:
        """What will probably come of a typed value, where that is not what it looks like."""
        return ""

    @abstractmethod
    def again(self, promotion: Promotion, *, actor: User, origin_job: Job | None) -> Promotion:
        """Plan the same for the same target anew; raises RefusedError if that is not possible any more."""

    is_undoable: ClassVar[bool] = False
    """Whether the platform can take runs back."""

    def reason_not_to_undo(self, job: Job) -> str:
        """What speaks against taking a run back that is over; empty if nothing does."""
        return ""

    def has_undo_failed(self, run: Job) -> bool:
        """Whether a run that was to take something back, and is over, has taken nothing back."""
        return run.state in (JobState.FAILED, JobState.CANCELLED)

    def reason_to_keep_record(self, job: Job) -> str | None:
        """Why the platform cannot forget this job now, empty if it can; None where that is no question at all."""
        return None

    def reason_not_to_retry(self, job: Job) -> str:
        """Why what failed of a job cannot be planned by itself; empty if it can."""
        return ""


_systems: dict[str, System] = {}


def register(found: System) -> None:
    _systems[found.name] = found


def preparations() -> list[str]:
    """The job types that prepare plans, of all systems."""
    return [kind for found in _systems.values() for kind in found.preparations]


def system(name: str) -> System:
    return _systems[name]


def known_systems() -> Mapping[str, System]:
    return _systems
