"""What a remote system brings to planning, and the register of them."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from promotions.choices import Decision, ItemKind, Match
from promotions.engine.registry import Report
from promotions.models import PlanItem, Promotion


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
    default: Decision = Decision.UNDECIDED
    """Taken where there is only one choice, and therefore nothing to decide."""


@dataclass(frozen=True)
class Blocker:
    """Why a plan cannot run, whatever is decided."""

    text: str


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


class System(ABC):
    """A remote system as planning sees it; how it runs is told to the engine by its job types."""

    name: ClassVar[str]
    label: ClassVar[str]
    run_kinds: ClassVar[Sequence[str]]
    """The job types that run plans of this system."""

    @abstractmethod
    def run_kind(self, promotion: Promotion) -> str:
        """The job type that runs the plans of this promotion."""

    @abstractmethod
    def gather(self, promotion: Promotion, report: Report) -> Gathered:
        """Find out all that a plan needs, by reads only."""

    @abstractmethod
    def describe_changes(self, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
        """What differs between two sets of facts, one sentence each; empty if nothing does."""

    @abstractmethod
    def run_title(self, promotion: Promotion, items: Sequence[PlanItem]) -> str:
        """The run in words, with its numbers: what the run button says."""


_systems: dict[str, System] = {}


def register(found: System) -> None:
    _systems[found.name] = found


def system(name: str) -> System:
    return _systems[name]
