"""What the target of an import has: schemas to choose from, values to fill in, and earlier copies."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clients.errors import ApiAuthError, ApiError, ApiRejectedError
from clients.sandbox_tooling import RemoteArtifact, SandboxToolingClient
from clients.transport import Connection
from promotions.choices import ArtifactType, Decision
from promotions.systems.base import Choice

# More of one title would be no help to choose from.
OFFERED_AT_MOST = 10
# A plan keeps no more than this, to warn of an id that is typed and not among them.
IDS_KEPT = 5000
UNKNOWN_SCHEMA = "The target lists no schema of this id: the copy will show an error and cannot be published."


@dataclass(frozen=True)
class Schemas:
    """The schemas of the source and of the target, where the platform lists them."""

    titles: dict[str, str]
    """Of the source, by id."""
    target: tuple[RemoteArtifact, ...] | None
    """None where the platform gives no list."""

    @property
    def ids(self) -> list[str] | None:
        """All of the target, if it lists them and not too many."""
        if self.target is None or len(self.target) > IDS_KEPT:
            return None
        return sorted({found.id for found in self.target})

    def of(self, schema_id: str) -> list[RemoteArtifact]:
        """Those of the target that may stand for this one: the same id, then the same title."""
        title = self.titles.get(schema_id, "")
        same = [found for found in self.target or () if found.id == schema_id]
        alike = [
            found
            for found in self.target or ()
            if title and found.id != schema_id and (found.title or "").casefold() == title.casefold()
        ]
        return (same + sorted(alike, key=lambda found: found.id))[:OFFERED_AT_MOST]

    def facts_of(self, schema_ids: Iterable[str]) -> dict[str, list[str]] | None:
        if self.target is None:
            return None
        return {schema_id: [found.id for found in self.of(schema_id)] for schema_id in sorted(set(schema_ids))}


def read_schemas(
    *, source: Connection, source_sandbox: str, target: Connection, target_sandbox: str, is_wanted: bool
) -> Schemas:
    """The lists that the platform may give; Adobe has withdrawn the call, so that nobody can count on it.

    An outage is raised: the facts of a plan must not depend on the weather.
    """
    if not is_wanted:
        return Schemas({}, None)
    titles = {found.id: found.title or "" for found in _listed(source, source_sandbox) or ()}
    return Schemas(titles, _listed(target, target_sandbox))


def _listed(connection: Connection, sandbox: str) -> tuple[RemoteArtifact, ...] | None:
    try:
        return SandboxToolingClient(connection, sandbox=sandbox).list_artifacts(ArtifactType.REGISTRY_SCHEMA)
    except (ApiRejectedError, ApiAuthError) as refusal:
        if _is_for_good(refusal):
            return None
        raise


def _is_for_good(refusal: ApiError) -> bool:
    return refusal.status in (400, 403, 404, 405, 410, 422)


def schema_choices(schemas: Schemas, schema_id: str) -> Sequence[Choice]:
    """The target's own schema of that id or title, and leaving the id as it is."""
    found = schemas.of(schema_id)
    choices = [
        Choice(
            Decision.REUSE,
            {"id": schema.id, "type": ArtifactType.REGISTRY_SCHEMA.value, "title": schema.title or schema.id},
            "Same title in the target",
            "",
            rank,
        )
        for rank, schema in enumerate(found, start=1)
        if schema.id != schema_id
    ]
    if any(schema.id == schema_id for schema in found):
        return [Choice(Decision.KEEP, None, "The target has a schema of this id", ""), *choices]
    consequence = UNKNOWN_SCHEMA if schemas.target is not None else ""
    return [*choices, Choice(Decision.KEEP, None, "Only right if the id is the same in the target", consequence)]
