"""What an import of an API version carries: where the zip comes from, where it goes, and by which rule."""

from dataclasses import dataclass, replace
from typing import Any

from clients.snaplogic import VersionPath
from promotions.api_choices import DuplicateRule
from promotions.models import ApiVersion, Archive, Promotion


@dataclass(frozen=True)
class Pick:
    """As `Promotion.pick` keeps it.

    Either `source` names the version that is exported first, or `archive` the zip that is there; once it is exported,
    both do. `accounts` are the ids of those that somebody edits.
    """

    api: str
    version: str
    rule: DuplicateRule = DuplicateRule.SKIP
    types: tuple[str, ...] = ()
    archive: int | None = None
    source: tuple[str, str] | None = None
    """API and version in the source organization."""
    expressions: int | None = None
    accounts: tuple[str, ...] = ()
    is_changed: bool = False
    """Whether somebody has changed rule, types or expression files since it was planned; the plan names who."""

    @classmethod
    def of(cls, promotion: Promotion) -> "Pick":
        pick: dict[str, Any] = promotion.pick
        source = pick.get("source")
        return cls(
            api=pick["api"],
            version=pick["version"],
            rule=DuplicateRule(pick["rule"]),
            types=tuple(pick.get("types", ())),
            archive=pick.get("archive"),
            source=(source[0], source[1]) if source else None,
            expressions=pick.get("expressions"),
            accounts=tuple(pick.get("accounts", ())),
            is_changed=bool(pick.get("is_changed")),
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "api": self.api,
            "version": self.version,
            "rule": self.rule.value,
            "types": list(self.types),
            "archive": self.archive,
            "source": list(self.source) if self.source else None,
            "expressions": self.expressions,
            "accounts": list(self.accounts),
            **({"is_changed": True} if self.is_changed else {}),
        }

    def changed(self, **changes: Any) -> "Pick":
        return replace(self, **changes)

    @property
    def title(self) -> str:
        return f"{self.api} {self.version}"


def target_path(promotion: Promotion) -> VersionPath:
    """Where an import goes; what the platform calls another version that it makes is its to decide."""
    pick = Pick.of(promotion)
    return VersionPath(promotion.target_organization.remote_id, pick.api, pick.version)


def archive_of(promotion: Promotion) -> Archive | None:
    """The zip, if it is there and not erased."""
    return _standing(Pick.of(promotion).archive)


def expressions_of(promotion: Promotion) -> Archive | None:
    """The expression files that people added, if there are any."""
    return _standing(Pick.of(promotion).expressions)


def _standing(pk: int | None) -> Archive | None:
    return Archive.objects.filter(pk=pk, erased_at=None).first() if pk is not None else None


def path_of_version(row: ApiVersion) -> VersionPath:
    return VersionPath(row.organization.remote_id, row.api, row.version)
