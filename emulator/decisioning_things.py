"""What the emulator remembers of decisioning: one shelf in each sandbox, for the old objects and for the new ones."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

MIGRATED_CONTENTS = frozenset({"JSON", "TEXT"})
OUTBOUND = frozenset({"email", "sms", "push"})


@dataclass(frozen=True)
class Needs:
    """What objects use and a migration does not bring: each name once, in the order in which it was met."""

    profile: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()  # keys, `<namespace>:<id>`

    @staticmethod
    def together(several: Iterable["Needs"]) -> "Needs":
        found: tuple[dict[str, None], dict[str, None], dict[str, None]] = ({}, {}, {})
        for needs in several:
            for names, more in zip(found, (needs.profile, needs.context, needs.segments), strict=True):
                names.update(dict.fromkeys(more))
        return Needs(*(tuple(names) for names in found))


# Decision management: the old objects


@dataclass(frozen=True)
class Thing:
    """An object of Decision management."""

    kind: ClassVar[str] = ""
    prefix: ClassVar[str] = ""  # of its id

    id: str
    name: str
    needs: Needs = Needs()


@dataclass(frozen=True)
class Placement(Thing):
    """Where offers are shown."""

    kind: ClassVar[str] = "placement"
    prefix: ClassVar[str] = "offer-placement"
    channel: str = "web"
    cap: int = 0


@dataclass(frozen=True)
class Qualifier(Thing):
    """A collection qualifier, called tag in the older API."""

    kind: ClassVar[str] = "collectionQualifier"
    prefix: ClassVar[str] = "tag"


@dataclass(frozen=True)
class Rule(Thing):
    """An eligibility rule."""

    kind: ClassVar[str] = "rule"
    prefix: ClassVar[str] = "eligibility-rule"
    is_api_only: bool = False


@dataclass(frozen=True)
class Formula(Thing):
    """A ranking formula."""

    kind: ClassVar[str] = "rankingFormula"
    prefix: ClassVar[str] = "ranking-function"


@dataclass(frozen=True)
class Content:
    """What an offer shows in a placement."""

    placement: str  # an id, as in all references below
    type: str  # JSON, TEXT, HTML or IMAGE
    text: str = ""


@dataclass(frozen=True)
class Offer(Thing):
    """An offer, personalized or fallback."""

    kind: ClassVar[str] = "offer"
    prefix: ClassVar[str] = "personalization-offer"
    contents: tuple[Content, ...] = ()
    characteristics: Mapping[str, str] = field(default_factory=dict, hash=False)
    rule: str = ""
    qualifiers: tuple[str, ...] = ()
    cap: int = 0
    is_fallback: bool = False
    flaw: str = ""  # the sentence with which every migration of this offer fails

    @property
    def migrated_contents(self) -> tuple[Content, ...]:
        return tuple(one for one in self.contents if one.type in MIGRATED_CONTENTS)


@dataclass(frozen=True)
class Collection(Thing):
    """Offers by name, or all with a qualifier."""

    kind: ClassVar[str] = "collection"
    prefix: ClassVar[str] = "offer-collection"
    offers: tuple[str, ...] = ()
    qualifier: str = ""


@dataclass(frozen=True)
class Criterion:
    """What a decision chooses from, who may see it, and what comes first."""

    collection: str
    rule: str = ""
    formula: str = ""


@dataclass(frozen=True)
class DecisionScope:
    """One placement of a decision."""

    placement: str
    criteria: tuple[Criterion, ...]
    item_count: int = 1


@dataclass(frozen=True)
class Decision(Thing):
    """A decision, called activity in the older API."""

    kind: ClassVar[str] = "decision"
    prefix: ClassVar[str] = "offer-activity"
    scopes: tuple[DecisionScope, ...] = ()
    fallback: str = ""


# Decisioning: the new objects, and what they need around them


@dataclass
class Made:
    """An object of Decisioning."""

    id: str
    type: str
    name: str
    source_id: str
    workflow_id: str
    status: str = "Draft"
    uses: tuple[str, ...] = ()  # ids of others in this sandbox
    details: dict[str, Any] = field(default_factory=dict)


@dataclass
class Datastream:
    """A datastream; the dataset that belongs to it receives experience events."""

    id: str
    name: str
    dataset: str
    is_enabled: bool = True  # for Edge calls of Journey Optimizer
    workflow_id: str = ""


@dataclass
class Dataset:
    """A dataset of experience events with the context attributes of its schema."""

    name: str
    fields: set[str] = field(default_factory=set)
    added: set[str] = field(default_factory=set)  # by migrations, in the field group custom_context_attributes


@dataclass
class DecisioningShelf:
    """The decisioning of one sandbox, old and new."""

    things: dict[str, Thing] = field(default_factory=dict)
    made: dict[str, Made] = field(default_factory=dict)
    datasets: dict[str, Dataset] = field(default_factory=dict)
    datastreams: dict[str, Datastream] = field(default_factory=dict)
    profile_attributes: set[str] = field(default_factory=set)
    segments: dict[str, str] = field(default_factory=dict)  # key -> name
    _names: set[tuple[str, str]] = field(default_factory=set)

    def clear(self) -> None:
        for part in (self.things, self.made, self.datasets, self.datastreams, self.segments):
            part.clear()
        self.profile_attributes.clear()
        self._names.clear()

    def put(self, thing: Thing) -> None:
        self.things[thing.id] = thing

    def add(self, made: Made) -> Made:
        self.made[made.id] = made
        self._names.add((made.type, made.name))
        return made

    def remove(self, made: Made) -> None:
        del self.made[made.id]
        self._names.discard((made.type, made.name))

    def free_name(self, type_: str, name: str) -> str:
        """The name, or with a number behind it if an object of this type has it."""
        names: Iterator[str] = itertools.chain([name], (f"{name}_{number}" for number in itertools.count(1)))
        return next(one for one in names if (type_, one) not in self._names)

    def of_type(self, type_: str) -> Made | None:
        return next((one for one in self.made.values() if one.type == type_), None)

    def enabled_datastream(self, dataset: str) -> Datastream | None:
        """The datastream of a dataset that may take Edge calls, the latest one if there are several."""
        found = [one for one in self.datastreams.values() if one.dataset == dataset and one.is_enabled]
        return found[-1] if found else None
