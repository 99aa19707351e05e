"""What a promotion of this system carries: sandboxes, scope, and how long to wait."""

from dataclasses import dataclass
from typing import Any

from clients.decisioning import Dependencies, Level, Scope, Segment
from promotions.models import Promotion

LEVELS: dict[Level, str] = {
    "sandbox": "Everything in the sandbox",
    "offer": "Chosen offers",
    "decision": "Chosen decisions",
}


@dataclass(frozen=True)
class Pick:
    """What is migrated from where, as `Promotion.pick` keeps it."""

    source: str
    level: Level
    ids: tuple[str, ...] = ()
    hours: int = 24
    """How long a workflow is followed before a person is asked."""

    @classmethod
    def of(cls, promotion: Promotion) -> "Pick":
        pick: dict[str, Any] = promotion.pick
        return cls(pick["source"], pick["level"], tuple(pick.get("ids", ())), pick.get("hours", 24))

    def as_json(self) -> dict[str, Any]:
        return {"source": self.source, "level": self.level, "ids": list(self.ids), "hours": self.hours}

    @property
    def scope(self) -> Scope:
        return Scope(self.level, self.ids)

    @property
    def title(self) -> str:
        if self.level == "sandbox":
            return f"Decisioning of {self.source}"
        number = len(self.ids)
        return f"{number} {self.level}{'' if number == 1 else 's'} of {self.source}"


def dependencies_as_json(found: Dependencies) -> dict[str, Any]:
    """As the analysis job keeps them."""
    return {
        "profile": dict(found.profile_attributes),
        "context": dict(found.context_attributes),
        "segments": {key: [segment.namespace, segment.id] for key, segment in found.segments.items()},
        "dataset": found.dataset_name,
    }


def segment_of(text: str) -> Segment | None:
    """A segment as people write it, namespace and id with a colon in between; None if it is not written so."""
    namespace, colon, segment_id = text.strip().partition(":")
    if not colon or not namespace.strip() or not segment_id.strip():
        return None
    return Segment(namespace.strip(), segment_id.strip())
