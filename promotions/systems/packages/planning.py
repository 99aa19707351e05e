"""Planning the import of a package: conflicts, dependency tree, permissions, sandbox state. Reads only."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils import timezone

from accounts.choices import IMPORTABLE_STATES
from accounts.services import connections, sandboxes
from clients.sandbox_management import RemoteSandbox
from clients.sandbox_tooling import (
    ArtifactRef,
    RemoteArtifact,
    RemoteConflict,
    RemotePackage,
    RemotePermission,
    SandboxToolingClient,
)
from promotions.choices import Decision, ItemKind, Match, PackageStatus, PackageType, label
from promotions.engine.registry import Report
from promotions.models import Promotion
from promotions.services import packages
from promotions.systems.base import Blocker, Choice, Gathered, ItemDraft
from promotions.systems.packages import kinds
from promotions.systems.packages.changes import describe
from promotions.systems.packages.connection import platform
from promotions.systems.packages.made_before import earlier_made
from promotions.systems.packages.matching import (
    UPDATABLE,
    Made,
    candidates_of_update,
    choices,
    choices_of_update,
    judge,
    usable,
)
from promotions.systems.packages.telling import PackageTelling

CHILDREN_PER_CALL = 50
OBJECTS_LIMIT = 5000

NOT_UPDATABLE = "An update cannot change objects of this type; it creates another one."
CONFIRMATION_KEY = "confirmation"
FULL_EXPLANATION = (
    "This package holds the entire sandbox {source}. Every object of it is created new in {target}: nothing is "
    "mapped to what is there, and the platform names no objects beforehand. Journeys are left out. "
    "There is no way back."
)


def key_of(artifact_type: str, remote_id: str) -> str:
    return f"{artifact_type}:{remote_id}"


@dataclass
class Tree:
    """The objects of a package and what they need, in the order they were found."""

    titles: dict[str, str] = field(default_factory=dict)
    refs: dict[str, ArtifactRef] = field(default_factory=dict)
    depths: dict[str, int] = field(default_factory=dict)
    children: dict[str, list[str]] = field(default_factory=dict)
    is_cut: bool = False

    def add(self, ref: ArtifactRef, title: str | None, depth: int) -> bool:
        """Note an object; True if it is new. Some answers give the id as the title: that is no title."""
        key = key_of(ref.type, ref.id)
        if title and title != ref.id:
            self.titles.setdefault(key, title)
        if key in self.refs:
            return False
        self.refs[key] = ref
        self.depths[key] = depth
        return True

    def typed(self, ref: ArtifactRef) -> ArtifactRef:
        """The object itself where an answer leaves out its type, and only one of that id is known."""
        known = [] if ref.type else [found for found in self.refs.values() if found.id == ref.id]
        return known[0] if len(known) == 1 else ref

    def parents(self) -> dict[str, list[str]]:
        """By key, the keys of what needs it."""
        found: dict[str, list[str]] = {}
        for parent, children in self.children.items():
            for child in children:
                found.setdefault(child, []).append(parent)
        return found

    def as_json(self) -> dict[str, Any]:
        """As `Package.dependencies` keeps it."""
        return {
            "nodes": [
                {
                    "key": key,
                    "type": ref.type,
                    "id": ref.id,
                    "title": self.titles.get(key, ""),
                    "depth": self.depths[key],
                }
                for key, ref in self.refs.items()
            ],
            "children": {key: list(children) for key, children in self.children.items() if children},
            "is_cut": self.is_cut,
        }


class PackageSystem(PackageTelling):
    """Import of published packages through sandbox tooling."""

    name = kinds.SYSTEM
    run_kinds = (kinds.IMPORT, kinds.IMPORT_UPDATE)

    def run_kind(self, promotion: Promotion) -> str:
        return kinds.IMPORT_UPDATE if promotion.is_update else kinds.IMPORT

    def gather(self, promotion: Promotion, report: Report) -> Gathered:
        package, sandbox = promotion.package, promotion.target_sandbox
        if package is None:
            raise TypeError("a promotion of this system has a package")
        with platform(promotion.target_organization) as connection:
            client = SandboxToolingClient(connection, sandbox=sandbox.name)
            report("Reading the target sandbox", done=0, total=5)
            remote_sandboxes = connections.list_sandboxes(connection)
            sandboxes.apply_sandboxes(promotion.target_organization, remote_sandboxes)
            target = next((found for found in remote_sandboxes if found.name == sandbox.name), None)
            report("Reading the package", done=1, total=5)
            remote = client.get_package(package.remote_id, with_capabilities=promotion.is_update)
            packages.apply(promotion.source_organization, [remote])
            blockers = _blockers(promotion, remote, target)
            if blockers:
                # The platform answers the other questions only for what could be imported.
                # What was not asked is left out, so that nobody takes it for gone.
                facts = {**_facts_of_mode(promotion), "package": _facts_of_package(remote)}
                facts["target"] = _facts_of_target(promotion, target)
                return Gathered(facts=facts, blockers=blockers)
            report("Checking permissions in the target", done=2, total=5)
            permissions = client.check_permissions(remote.id, target_sandbox=sandbox.name)
            if remote.package_type == PackageType.FULL:
                return _gathered_full(promotion, remote, target, permissions)
            report("Looking for conflicts in the target", done=3, total=5)
            conflicts = client.find_conflicts(remote.id, target_sandbox=sandbox.name)
            tree = read_tree(client, remote, report)
        packages.store_dependencies(
            organization=promotion.source_organization, remote_id=remote.id, dependencies=tree.as_json()
        )
        return _gathered_partial(promotion, remote, target, permissions, conflicts, tree)

    def describe_changes(self, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
        return describe(before, after)


def read_tree(client: SandboxToolingClient, remote: RemotePackage, report: Report) -> Tree:
    """Walk what the package's objects need, breadth first: one answer holds one level."""
    tree = Tree()
    level = deque(ref for artifact in remote.artifacts if tree.add(ref := _ref(artifact), artifact.title, 0))
    depth = 0
    while level:
        depth += 1
        following: deque[ArtifactRef] = deque()
        while level:
            asked = [level.popleft() for _ in range(min(CHILDREN_PER_CALL, len(level)))]
            report(f"Reading dependencies, level {depth}: {len(tree.refs)} objects", done=4, total=5)
            for node in client.list_children(remote.id, asked):
                parent = tree.typed(ArtifactRef(node.id, node.type))
                tree.add(parent, node.title, depth - 1)
                names = tree.children.setdefault(key_of(parent.type, parent.id), [])
                for child in node.children:
                    ref = tree.typed(_ref(child))
                    if key_of(ref.type, ref.id) not in names:
                        names.append(key_of(ref.type, ref.id))
                    if tree.add(ref, child.title, depth):
                        following.append(ref)
            if len(tree.refs) > OBJECTS_LIMIT:
                tree.is_cut = True
                return tree
        level = following
    return tree


def _ref(artifact: Any) -> ArtifactRef:
    return ArtifactRef(artifact.id, artifact.type)


def _facts_of_package(remote: RemotePackage) -> dict[str, Any]:
    return {
        "id": remote.id,
        "name": remote.name,
        "version": remote.version,
        "package_version": remote.package_version,
        "status": remote.status,
        "type": remote.package_type,
        # Times just written carry milliseconds that a later answer no longer has.
        "expires_at": remote.expires_at.replace(microsecond=0).isoformat() if remote.expires_at else None,
        "artifacts": sorted(key_of(artifact.type, artifact.id) for artifact in remote.artifacts),
    }


def _facts_of_target(promotion: Promotion, target: RemoteSandbox | None) -> dict[str, Any]:
    return {
        "organization": promotion.target_organization.remote_id,
        "sandbox": promotion.target_sandbox.name,
        "state": target.state if target else None,
        "type": target.type if target else None,
    }


def _facts_of_mode(promotion: Promotion) -> dict[str, Any]:
    """Named only where it is not the usual one, so that plans made before there were two keep their hash."""
    return {"mode": promotion.mode} if promotion.is_update else {}


def _basic_facts(promotion: Promotion, remote: RemotePackage, target: RemoteSandbox | None) -> dict[str, Any]:
    return {
        **_facts_of_mode(promotion),
        "package": _facts_of_package(remote),
        "target": _facts_of_target(promotion, target),
        "permissions": {},
        "conflicts": {},
        "dependencies": {},
    }


def _facts_of_permissions(permissions: Sequence[RemotePermission]) -> dict[str, Any]:
    return {
        key_of(found.artifact.type, found.artifact.id): {
            "allowed": found.creation_allowed,
            "missing": sorted(
                (
                    {"resource": missing.resource, "permissions": sorted(missing.permissions)}
                    for missing in found.missing
                ),
                key=lambda row: str(row["resource"]),
            ),
        }
        # An object named twice keeps its refusal, in whichever order the rows come.
        for found in sorted(permissions, key=lambda found: found.creation_allowed is False)
    }


def _matrix(permissions: Sequence[RemotePermission]) -> list[dict[str, Any]]:
    """Rows of the permission table: each resource type, and for each permission how many objects need or miss it."""
    rows: dict[str, dict[str, dict[str, int]]] = {}
    for found in permissions:
        for kind, resources in (("needed", found.required), ("missing", found.missing)):
            for resource in resources:
                for permission in resource.permissions:
                    cell = rows.setdefault(resource.resource, {}).setdefault(permission, {"needed": 0, "missing": 0})
                    cell[kind] += 1
    return [{"resource": resource, "permissions": cells} for resource, cells in sorted(rows.items())]


def _blockers(promotion: Promotion, remote: RemotePackage, target: RemoteSandbox | None) -> list[Blocker]:
    found = []
    if remote.status != PackageStatus.PUBLISHED:
        words = label(PackageStatus, remote.status).lower()
        next_step = (
            "Publish it first."
            if remote.status in PackageStatus.values
            else "Towpath does not know that status: look at the package at the platform, then plan again."
        )
        found.append(Blocker(f"The package is {words}; only a published package can be imported. {next_step}"))
    if remote.expires_at is not None and remote.expires_at <= timezone.now():
        found.append(Blocker(f"The package expired on {remote.expires_at:%Y-%m-%d}. Make and publish a new one."))
    if promotion.is_update and not remote.is_versionable:
        found.append(
            Blocker("The platform does not let this package update objects. Plan a plain import of it instead.")
        )
    name = promotion.target_sandbox.name
    if target is None:
        found.append(Blocker(f"The platform no longer lists the sandbox {name}. Choose another target."))
    elif target.state not in IMPORTABLE_STATES:
        found.append(Blocker(f"The sandbox {name} is {target.state}; only an active one can take an import."))
    return found


def _gathered_full(
    promotion: Promotion,
    remote: RemotePackage,
    target: RemoteSandbox | None,
    permissions: Sequence[RemotePermission],
) -> Gathered:
    explanation = FULL_EXPLANATION.format(
        source=remote.source_sandbox or "named by the package", target=promotion.target_sandbox.name
    )
    rights = _facts_of_permissions(permissions)
    missing = [row for right in rights.values() for row in right["missing"]]
    is_refused = any(right["allowed"] is False for right in rights.values())
    return Gathered(
        facts={**_basic_facts(promotion, remote, target), "permissions": rights},
        display={"matrix": _matrix(permissions)},
        items=[
            ItemDraft(
                key=CONFIRMATION_KEY,
                kind=ItemKind.CONFIRMATION,
                title=f"Everything of sandbox {remote.source_sandbox or 'unknown'} is created new",
                explanation=explanation,
                choices=[Choice(Decision.CONFIRM, None, "Understood", "")],
                must_decide=True,
                missing_rights=missing,
                is_creation_allowed=False if is_refused else None,
            )
        ],
    )


def _gathered_partial(
    promotion: Promotion,
    remote: RemotePackage,
    target: RemoteSandbox | None,
    permissions: Sequence[RemotePermission],
    conflicts: Sequence[RemoteConflict],
    tree: Tree,
) -> Gathered:
    permissions = [replace(found, artifact=tree.typed(found.artifact)) for found in permissions]
    rights = _facts_of_permissions(permissions)
    suggested: dict[str, list[RemoteArtifact]] = {}
    for conflict in conflicts:
        ref = tree.typed(_ref(conflict.artifact))
        tree.add(ref, conflict.artifact.title, 1)
        suggested.setdefault(key_of(ref.type, ref.id), []).extend(conflict.suggestions)
    suggested = {key: usable(found, tree.refs[key].type) for key, found in suggested.items()}
    for permission in permissions:
        tree.add(permission.artifact, None, 1)
    parents = tree.parents()
    made = earlier_made(promotion.target_sandbox, tree.refs.values()) if promotion.is_update else None
    blockers = _clashes(tree)
    if tree.is_cut:
        blockers.append(
            Blocker(f"The package reaches more than {OBJECTS_LIMIT} objects; the rest was not read. Split the package.")
        )
    return Gathered(
        facts={
            **_basic_facts(promotion, remote, target),
            "permissions": rights,
            # Without their order, which is the platform's opinion of the day.
            "conflicts": {
                key: sorted([found.type, found.id, found.title or ""] for found in suggestions)
                for key, suggestions in sorted(suggested.items())
                if suggestions
            },
            "dependencies": {key: sorted(children) for key, children in sorted(tree.children.items()) if children},
        },
        display={"matrix": _matrix(permissions)},
        blockers=blockers,
        items=[
            _item(key, tree, parents.get(key, []), suggested.get(key, []), rights)
            if made is None
            else _item_of_update(key, tree, parents.get(key, []), suggested.get(key, []), rights, made)
            for key in sorted(tree.refs, key=lambda key: tree.depths[key])
        ],
    )


def _item(
    key: str,
    tree: Tree,
    needed_by: Sequence[str],
    suggestions: Sequence[RemoteArtifact],
    rights: Mapping[str, dict[str, Any]],
) -> ItemDraft:
    ref, title = tree.refs[key], tree.titles.get(key, "")
    right = rights.get(key, {"allowed": None, "missing": []})
    return ItemDraft(
        key=key,
        type=ref.type,
        remote_id=ref.id,
        title=title,
        depth=tree.depths[key],
        needed_by=needed_by,
        match=judge(title, suggestions, ref.type) if suggestions else Match.NONE,
        choices=choices(title, suggestions, ref.type),
        must_decide=bool(suggestions),
        default=Decision.UNDECIDED if suggestions else Decision.CREATE,
        missing_rights=right["missing"],
        is_creation_allowed=right["allowed"],
    )


def _item_of_update(
    key: str,
    tree: Tree,
    needed_by: Sequence[str],
    suggestions: Sequence[RemoteArtifact],
    rights: Mapping[str, dict[str, Any]],
    made: Mapping[tuple[str, str], Mapping[str, Made]],
) -> ItemDraft:
    """Like an item of a plain import, with objects to update in place of objects to use."""
    ref, title = tree.refs[key], tree.titles.get(key, "")
    known = made.get((ref.type, ref.id), {})
    candidates = candidates_of_update(title, suggestions, ref.type, known)
    # What the target does not list proves nothing about how well the rest fits.
    listed = [found for found in candidates if found in suggestions]
    draft = _item(key, tree, needed_by, suggestions, rights)
    return replace(
        draft,
        choices=choices_of_update(title, suggestions, ref.type, known),
        match=judge(title, listed or candidates, ref.type) if candidates else draft.match,
        must_decide=bool(candidates),
        default=Decision.UNDECIDED if candidates else Decision.CREATE,
        explanation="" if ref.type in UPDATABLE else NOT_UPDATABLE,
    )


def _clashes(tree: Tree) -> list[Blocker]:
    """The import maps objects by id alone, so two types with one id could be mixed up."""
    types: dict[str, list[str]] = {}
    for ref in tree.refs.values():
        types.setdefault(ref.id, []).append(ref.type)
    return [
        Blocker(
            f"Objects of the types {' and '.join(sorted(found))} share the id {remote_id}. The platform's import "
            "tells objects apart by id alone, so a decision could reach the wrong one. Split the package."
        )
        for remote_id, found in types.items()
        if len(found) > 1
    ]
