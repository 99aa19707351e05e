"""What a change of a version's life carries.

SnapLogic, public API, "Publish versions", "Unpublish versions", "Deprecate versions", "Retire versions".
"""

import json
from dataclasses import dataclass
from typing import Any

from promotions.api_choices import LifecycleAct
from promotions.models import Promotion

DONE = {
    LifecycleAct.PUBLISH: "published",
    LifecycleAct.UNPUBLISH: "unpublished",
    LifecycleAct.DEPRECATE: "deprecated",
    LifecycleAct.RETIRE: "retired",
}
MEANS = {
    LifecycleAct.PUBLISH: "It is offered and can be called from then on.",
    LifecycleAct.UNPUBLISH: "It is no longer offered.",
    LifecycleAct.DEPRECATE: "Those who use it are told to move on. Only retiring it is offered afterwards: the "
    "platform's texts do not agree on a way back.",
    LifecycleAct.RETIRE: "This is final: its tasks are switched off, and nothing in it can be changed any more.",
}


@dataclass(frozen=True)
class Act:
    """As `Promotion.pick` keeps it: what is done to which versions, and what the platform is told besides."""

    act: LifecycleAct
    versions: tuple[tuple[str, str], ...]
    """APIs and versions, of one environment."""
    message: str = ""
    contact_email: str = ""
    allow_subscriptions: bool = False
    auto_approve: bool = False
    is_yaml: bool = False
    spec: str = ""
    """The OpenAPI document as it came."""

    @classmethod
    def of(cls, promotion: Promotion) -> "Act":
        pick: dict[str, Any] = promotion.pick
        versions = tuple((api, version) for api, version in pick["versions"])
        return cls(**{**pick, "act": LifecycleAct(pick["act"]), "versions": versions})

    def as_json(self) -> dict[str, Any]:
        return {
            "act": self.act.value,
            "versions": [list(pair) for pair in self.versions],
            "message": self.message,
            "contact_email": self.contact_email,
            "allow_subscriptions": self.allow_subscriptions,
            "auto_approve": self.auto_approve,
            "is_yaml": self.is_yaml,
            "spec": self.spec,
        }

    @property
    def paths(self) -> list[str]:
        """As the platform names them within an environment."""
        return [f"{api}/{version}" for api, version in self.versions]

    @property
    def document(self) -> Any:
        """The specification as it is sent: a text if it is YAML, JSON otherwise. Raises ValueError if it is none."""
        return self.spec if self.is_yaml else json.loads(self.spec)

    @property
    def what(self) -> str:
        api, version = self.versions[0]
        return f"{api} {version}" if len(self.versions) == 1 else f"{len(self.versions)} API versions"

    @property
    def title(self) -> str:
        return f"{self.act.label} {self.what}"
