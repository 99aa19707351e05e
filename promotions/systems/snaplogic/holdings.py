"""What a version in the target holds already, as far as that can be known.

No route lists versions or tells their state; the assets of one can be listed where the account may (SnapLogic, public
API, "List assets").
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from typing import Literal

from django.db.models import Q

from accounts.models import Organization
from clients.errors import ApiAuthError, ApiNotFoundError, ApiRejectedError
from clients.snaplogic import SnapLogicClient, VersionPath
from promotions.api_choices import DuplicateRule
from promotions.choices import GOOD_OUTCOMES, ResultOutcome
from promotions.models import TaskResult, api_pick_key
from promotions.systems.snaplogic import kinds
from promotions.systems.snaplogic.asset_types import folded_type

Presence = Literal["there", "absent", "unknown"]


@dataclass(frozen=True)
class Holding:
    """A version of the target: whether it is there, and the names of its assets by type.

    Without a list nothing is known but what our own runs have brought there.
    """

    presence: Presence
    is_listed: bool
    """Whether all of its assets are listed."""
    why: str = ""
    """Why nothing is listed, in a sentence."""
    assets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    ours: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """The job of ours that last brought an asset there, by type and name."""

    def presence_of(self, kind: str, name: str) -> Presence:
        """Whether the version has an asset of this type and name."""
        if self.presence == "absent":
            return "absent"
        if name in self._names.get(folded_type(kind), ()):
            return "there"
        return "absent" if self.is_listed else "unknown"

    def job_of(self, kind: str, name: str) -> int | None:
        return self._jobs.get((folded_type(kind), name))

    @cached_property
    def _names(self) -> Mapping[str, set[str]]:
        found: dict[str, set[str]] = {}
        for kind, names in self.assets.items():
            found.setdefault(folded_type(kind), set()).update(names)
        return found

    @cached_property
    def _jobs(self) -> Mapping[tuple[str, str], int]:
        in_order = sorted(self.ours.items(), key=itemgetter(1))
        return {(folded_type(kind), name): job for (kind, name), job in in_order}

    @property
    def number(self) -> int:
        return sum(len(names) for names in self.assets.values())


def holding_of(client: SnapLogicClient, organization: Organization, path: VersionPath) -> Holding:
    """Ask the target. An outage is raised: the facts of a plan must not depend on the weather."""
    ours = brought_before(organization, path)
    try:
        listed = client.list_assets(path)
    except ApiNotFoundError as refusal:
        if path.version in refusal.message and path.api in refusal.message:
            return Holding("absent", is_listed=False, ours=ours)
        return Holding("unknown", is_listed=False, why=f"The platform could not list it: {refusal.message}", ours=ours)
    except ApiAuthError as refusal:
        if refusal.status != 403:
            raise
        return Holding("unknown", is_listed=False, why=f"The account may not list it: {refusal.message}", ours=ours)
    except ApiRejectedError as refusal:
        return Holding("unknown", is_listed=False, why=f"The platform could not list it: {refusal.message}", ours=ours)
    assets = {kind: frozenset(names) for kind, names in listed.assets.items()}
    why = "" if listed.is_complete else "The platform's list could not be read completely."
    return Holding("there", is_listed=listed.is_complete, why=why, assets=assets, ours=ours)


def brought_before(organization: Organization, path: VersionPath) -> dict[tuple[str, str], int]:
    """What earlier runs of ours have brought into this version, with the latest job of each."""
    # Where an answer told the version, that counts; what made another one without telling it did not come into this.
    is_asked = Q(job__promotion__pick_key=api_pick_key(organization.pk, path.api, path.version))
    is_untold = Q(job__result__version_path="") | Q(job__result__version_path__isnull=True)
    is_another = Q(job__promotion__pick__rule=DuplicateRule.CREATE_NEW.value)
    rows = TaskResult.objects.filter(
        Q(job__result__version_path=path.text) | is_asked & is_untold & ~is_another,
        job__kind=kinds.IMPORT,
        job__organization=organization,
        outcome__in=set(GOOD_OUTCOMES) - {ResultOutcome.UNCHANGED},
    )
    return {
        (row.type, row.remote_id): row.job_id for row in rows.order_by("job_id").only("type", "remote_id", "job_id")
    }
