"""What objects need, as far as earlier readings of packages tell: the platform says nothing on drafts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from accounts.models import Organization
from promotions.models import Package

READINGS_LOOKED_AT = 10
# They travel with others, or are only mapped in the target: no package names them.
NEVER_NAMED = ("REGISTRY_DESCRIPTOR", "PROFILE_MERGE")


@dataclass(frozen=True)
class Needed:
    """An object that another one needs."""

    type: str
    id: str
    title: str


@dataclass
class KnownNeeds:
    """What a set of objects needs and does not hold."""

    total: int
    known: int = 0
    """Of how many of them the needs are known at all."""
    missing: list[Needed] = field(default_factory=list)
    read_at: datetime | None = None
    """When the oldest of the readings used was made."""

    @property
    def is_unknown(self) -> bool:
        return self.total > 0 and self.known == 0


def known_needs(organization: Organization, sandbox: str, keys: Collection[tuple[str, str]]) -> KnownNeeds:
    """What these objects of a sandbox, by type and id, need and is not among them; nothing is asked of the platform."""
    found = KnownNeeds(total=len(keys))
    if not keys or not sandbox:
        return found
    readings = (
        Package.objects.filter(organization=organization, source_sandbox=sandbox, dependencies_read_at__isnull=False)
        .only("dependencies", "dependencies_read_at")
        .order_by("-dependencies_read_at")[:READINGS_LOOKED_AT]
    )
    left = set(keys)
    missing: dict[tuple[str, str], Needed] = {}
    for package in readings:
        nodes = {node["key"]: node for node in (package.dependencies or {}).get("nodes", [])}
        children: Mapping[str, Sequence[str]] = (package.dependencies or {}).get("children", {})
        starts = [key for key, node in nodes.items() if (node["type"], node["id"]) in left]
        if not starts:
            continue
        left -= {(nodes[key]["type"], nodes[key]["id"]) for key in starts}
        found.read_at = package.dependencies_read_at  # readings come newest first
        for node in _below(starts, nodes, children):
            missing.setdefault((node["type"], node["id"]), Needed(node["type"], node["id"], node.get("title") or ""))
    found.known = len(keys) - len(left)
    found.missing = [needed for key, needed in missing.items() if key not in keys and key[0] not in NEVER_NAMED]
    return found


def _below(
    starts: Sequence[str], nodes: Mapping[str, dict[str, Any]], children: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    """Everything that can be reached from these nodes."""
    seen, waiting = set(starts), list(starts)
    while waiting:
        for child in children.get(waiting.pop(), []):
            if child not in seen:
                seen.add(child)
                waiting.append(child)
    return [node for key, node in nodes.items() if key in seen and key not in starts]
