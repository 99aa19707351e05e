"""Everything the emulator remembers, and the work that is under way."""

import hashlib
import heapq
import itertools
import random
import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from emulator import kinds
from emulator.clock import Clock
from emulator.snaplogic_things import SnapLogic
from emulator.things import (
    HOUR_MS,
    Artifact,
    Credential,
    Job,
    Organization,
    Package,
    Ref,
    Sandbox,
    SandboxObject,
    Token,
)

if TYPE_CHECKING:
    from emulator.decisioning_workflows import Workflow

MOST_EFFECTS = 50_000


@dataclass
class Switches:
    """Where the public documentation leaves a choice open, the other choice."""

    duplicate_name_status: int = 400
    documented_invalid_signature: bool = False
    import_without_body: bool = False
    visibility_in_any_status: bool = False
    list_artifacts: bool = False
    refuse_unknown_artifacts: bool = False
    transfer_details: bool = True
    versioning: bool = True
    versioning_methods: str = "GET POST PATCH"
    arrived_package_keeps_id: bool = False
    journey_sandbox_header_required: bool = False
    journey_error_as_text: bool = False
    journey_export_in_result: bool = False
    journey_import_bare: bool = False
    journey_import_deployable: bool = True
    journey_keep_description: bool = True
    journey_builtin_revision: int = 3
    journey_list_in: str = "results"
    journey_list_versions: bool = True
    journey_list_headers: bool = True
    journey_page_size: int = 0
    journey_epoch_times: bool = False
    journey_retrieve: bool = True
    decisioning_created_status: int = 201
    decisioning_busy_with_id: bool = True
    decisioning_self_link_as_object: bool = False
    decisioning_unmapped: str = "empty"
    decisioning_errors_as_text: bool = False
    decisioning_result_at_top: bool = False


class World:
    """The memory of the emulator: one source of randomness, one clock, everything by id."""

    def __init__(self, seed: str, clock: Clock) -> None:
        self.seed = seed
        self.clock = clock
        self.random = random.Random(f"emulator world: {seed}")
        # Ages in a seed count back from a whole hour: two starts of one seed then tell the same dates and titles.
        self.founded_ms = clock.now_ms() // HOUR_MS * HOUR_MS
        self.switches = Switches()
        self.organizations: dict[str, Organization] = {}
        self.credentials: dict[str, Credential] = {}
        self.tokens: dict[str, Token] = {}
        self.packages: dict[str, Package] = {}
        self.jobs: dict[str, Job] = {}
        self.handshakes: dict[str, dict[str, Any]] = {}
        self.transfers: dict[str, dict[str, Any]] = {}
        self.workflows: dict[str, Workflow] = {}
        self.snaplogic = SnapLogic()
        self.package_names: dict[tuple[str, str], int] = defaultdict(int)
        self.unlisted: set[str] = set()  # ids that neither list nor detail shows yet
        self.effects: deque[dict[str, Any]] = deque(maxlen=MOST_EFFECTS)
        self.effect_counts: dict[str, int] = defaultdict(int)
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    # Ids and times

    def hex_id(self) -> str:
        return f"{self.random.getrandbits(128):032x}"

    def uuid(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def now_ms(self) -> int:
        return self.clock.now_ms()

    # Work

    def after(self, seconds: float, act: Callable[[], None], *, since: float | None = None) -> None:
        """Do `act` once this many seconds of work have passed."""
        start = self.clock.work_s() if since is None else since
        heapq.heappush(self._due, (start + seconds, next(self._order), act))

    def settle(self) -> None:
        """Do whatever has fallen due, in its order. Called at the start of every request: nothing runs by itself."""
        now = self.clock.work_s()
        while self._due and self._due[0][0] <= now:
            self._current, _, act = heapq.heappop(self._due)
            act()
        self._current = now

    _current = 0.0

    @property
    def current_s(self) -> float:
        """The moment of work that is being settled; follow-up work counts from here."""
        return self._current

    def current_ms(self) -> int:
        return self.clock.moment_of(self._current)

    # Things

    def add_organization(self, organization: Organization) -> Organization:
        self.organizations[organization.id] = organization
        for credential in organization.credentials:
            self.credentials[credential.client_id] = credential
        return organization

    def note(self, operation: str, org_id: str, thing_id: str, **about: Any) -> None:
        """Remember that a call took effect, whatever becomes of its answer."""
        self.effect_counts[operation] += 1
        number = sum(self.effect_counts.values())
        self.effects.append(
            {"n": number, "at": self.now_ms(), "operation": operation, "ims_org_id": org_id, "id": thing_id, **about}
        )

    def hide(self, thing_id: str, seconds: float) -> None:
        """Let lists and details show something only after so many seconds of work."""
        self.unlisted.add(thing_id)
        self.after(seconds, partial(self.unlisted.discard, thing_id))

    def add_package(self, package: Package) -> Package:
        self.packages[self._key(package)] = package
        self.package_names[package.org_id, package.name] += 1
        return package

    def remove_package(self, package: Package) -> None:
        del self.packages[next(key for key, one in self._candidates(package.id, package.org_id) if one is package)]
        self.package_names[package.org_id, package.name] -= 1

    def package_of(self, org_id: str, package_id: str) -> Package | None:
        """A package by its id: two organizations may have one each, if transfers keep ids."""
        return next((one for _, one in self._candidates(package_id, org_id) if one.org_id == org_id), None)

    def _key(self, package: Package) -> str:
        return package.id if package.id not in self.packages else f"{package.id} {package.org_id}"

    def _candidates(self, package_id: str, org_id: str) -> Iterable[tuple[str, Package]]:
        keys = (package_id, f"{package_id} {org_id}")
        return [(key, self.packages[key]) for key in keys if key in self.packages]

    def rename_package(self, package: Package, name: str) -> None:
        self.package_names[package.org_id, package.name] -= 1
        package.name = name
        self.package_names[package.org_id, name] += 1

    def sandbox(self, org_id: str, name: str) -> Sandbox | None:
        organization = self.organizations.get(org_id)
        return organization.sandboxes.get(name) if organization else None

    def content_of(self, package: Package) -> tuple[SandboxObject, ...]:
        """Every object of a package with all it depends on, dependencies first."""
        if package.content is not None:
            return package.content
        source = self.sandbox(package.source_org_id, package.source_sandbox)
        objects = source.objects if source else {}
        roots: list[SandboxObject] = []
        if package.package_type == "FULL":
            roots = [thing for thing in objects.values() if thing.type not in kinds.NOT_IN_FULL]
        else:
            for artifact in package.artifacts:
                known = objects.get((artifact.type, artifact.id))
                roots.append(known or unknown_object(artifact, package.created_ms))
        content = dependencies_first(roots, objects)
        if package.status not in ("DRAFT", "PUBLISH_FAILED"):
            package.content = content
        return content


def unknown_object(artifact: Artifact, created_ms: int) -> SandboxObject:
    """Stand-in for an artifact that the emulated source sandbox does not know: it has no dependencies."""
    return SandboxObject(artifact.id, artifact.type, artifact.title or "", created_ms)


def dependencies_first(
    roots: Iterable[SandboxObject], objects: Mapping[Ref, SandboxObject]
) -> tuple[SandboxObject, ...]:
    """The roots and everything below them, each once, children before parents."""
    done: dict[Ref, SandboxObject] = {}
    for root in roots:
        stack: list[tuple[SandboxObject, bool]] = [(root, False)]
        entered: set[Ref] = set()
        while stack:
            thing, is_left = stack.pop()
            if thing.ref in done:
                continue
            if is_left:
                done[thing.ref] = thing
                continue
            if thing.ref in entered:
                continue
            entered.add(thing.ref)
            stack.append((thing, True))
            stack.extend((objects[child], False) for child in reversed(thing.children) if child in objects)
    return tuple(done.values())


def stable_hex(*parts: str, length: int = 32) -> str:
    """Hexadecimal characters that depend on nothing but these words."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:length]
