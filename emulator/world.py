"""Everything the emulator remembers, and the work that is under way."""

import hashlib
import heapq
import itertools
import random
import re
import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from emulator import kinds
from emulator.clock import Clock

Ref = tuple[str, str]  # (type, id): ids alone are not unique

DAY_MS = 86_400_000
HOUR_MS = DAY_MS // 24
MOST_EFFECTS = 50_000
_COPY_SUFFIX = re.compile(r"_\d{13}$")
_WORD = re.compile(r"[a-z0-9]+")


def base_title(title: str) -> str:
    """The title without the epoch milliseconds that an import adds to a copy."""
    return _COPY_SUFFIX.sub("", title).strip().casefold()


def words_of(title: str) -> frozenset[str]:
    """The words by which titles are compared."""
    return frozenset(_WORD.findall(base_title(title)))


@dataclass(frozen=True)
class SandboxObject:
    """One object in one sandbox."""

    id: str
    type: str
    title: str
    created_ms: int
    children: tuple[Ref, ...] = ()
    descriptors: tuple[str, ...] = ()  # ids of helper objects that move with a schema
    origin: str = ""  # id of the first ancestor this was copied from; its own id if made by hand
    is_standard: bool = False  # delivered by Adobe in every sandbox
    is_default: bool = False  # the default merge policy
    flaw: str = ""  # "hidden_error", or the sentence with which every import of this object fails
    # What is inside, as far as comparisons tell: description, fields, what is required.
    details: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def ref(self) -> Ref:
        return (self.type, self.id)

    @property
    def lineage(self) -> str:
        return self.origin or self.id


@dataclass
class Sandbox:
    """A sandbox and the objects in it, indexed the way conflicts look for them."""

    name: str
    title: str
    type: str
    region: str
    created_ms: int
    created_by: str
    state: str = "active"
    is_default: bool = False
    modified_ms: int = 0
    modified_by: str = ""
    etag: int = 1
    objects: dict[Ref, SandboxObject] = field(default_factory=dict)
    _by_title: dict[Ref, list[SandboxObject]] = field(default_factory=lambda: defaultdict(list))
    _by_base: dict[Ref, list[SandboxObject]] = field(default_factory=lambda: defaultdict(list))
    _by_lineage: dict[Ref, list[SandboxObject]] = field(default_factory=lambda: defaultdict(list))
    _by_word: dict[Ref, list[SandboxObject]] = field(default_factory=lambda: defaultdict(list))

    def add(self, thing: SandboxObject) -> SandboxObject:
        self.objects[thing.ref] = thing
        self._by_lineage[thing.type, thing.lineage].append(thing)
        if thing.title:
            self._by_title[thing.type, thing.title].append(thing)
            self._by_base[thing.type, base_title(thing.title)].append(thing)
            for word in words_of(thing.title):
                self._by_word[thing.type, word].append(thing)
        return thing

    def remove(self, thing: SandboxObject) -> None:
        del self.objects[thing.ref]
        for index in (self._by_title, self._by_base, self._by_lineage, self._by_word):
            for key in [key for key, things in index.items() if thing in things]:
                index[key].remove(thing)

    def replace(self, old: SandboxObject, new: SandboxObject) -> SandboxObject:
        """Change an object; with the same title it keeps its place among the others."""
        if (old.ref, old.title, old.lineage) != (new.ref, new.title, new.lineage):
            self.remove(old)
            return self.add(new)
        self.objects[new.ref] = new
        for index in (self._by_title, self._by_base, self._by_lineage, self._by_word):
            for things in index.values():
                things[:] = [new if one is old else one for one in things]
        return new

    def clear(self) -> None:
        for index in (self.objects, self._by_title, self._by_base, self._by_lineage, self._by_word):
            index.clear()

    def titled(self, object_type: str, title: str) -> list[SandboxObject]:
        """The objects with exactly this title, oldest first."""
        return list(self._by_title.get((object_type, title), ())) if title else []

    def copies_of(self, thing: SandboxObject) -> list[SandboxObject]:
        """The same object under the same name, renamed by an import, or descended from the same ancestor."""
        same_base = self._by_base.get((thing.type, base_title(thing.title)), ()) if thing.title else ()
        same_line = self._by_lineage.get((thing.type, thing.lineage), ())
        return list({other.id: other for other in (*same_base, *same_line)}.values())

    def sharing_words(self, thing: SandboxObject) -> Iterable[SandboxObject]:
        """The objects of this type with at least one word of the title."""
        seen: dict[str, SandboxObject] = {}
        for word in sorted(words_of(thing.title)):
            seen.update((other.id, other) for other in self._by_word.get((thing.type, word), ()))
        return seen.values()


@dataclass
class Credential:
    """A technical account of one organization and what it may do."""

    name: str
    kind: str  # "oauth_server_to_server" or "jwt"
    client_id: str
    client_secret: str
    org_id: str
    technical_account_id: str
    scopes: tuple[str, ...] = ()
    metascopes: tuple[str, ...] = ()
    key_label: str = ""
    is_sandbox_admin: bool = True
    may_manage_packages: bool = True
    may_share_packages: bool = True
    has_product_profile: bool = True
    # What is missing: sandbox name -> resource -> permissions.
    missing_rights: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)


@dataclass
class Organization:
    """An IMS organization."""

    id: str
    name: str
    region: str
    tenant: str
    tenant_id: str
    user_id: str
    user_name: str
    sandboxes: dict[str, Sandbox] = field(default_factory=dict)
    credentials: list[Credential] = field(default_factory=list)
    is_outside: bool = False  # a partner that nobody here works for: its credentials are not printed
    manner: str = ""  # how it deals with partners by itself: a name in `partnerships.MANNERS`, or not at all
    answers_after_s: float = 20.0

    @property
    def default_sandbox(self) -> Sandbox | None:
        return next((sandbox for sandbox in self.sandboxes.values() if sandbox.is_default), None)


@dataclass
class Artifact:
    """An object as a package names it."""

    id: str
    type: str
    title: str | None = None


@dataclass
class Package:
    """A package of one organization.

    DRAFT -> PUBLISH_IN_PROGRESS -> PUBLISHED | PUBLISH_FAILED
    PUBLISH_FAILED -> PUBLISH_IN_PROGRESS
    """

    id: str
    org_id: str
    name: str
    description: str | None
    package_type: str
    source_org_id: str
    source_sandbox: str
    artifacts: list[Artifact]
    created_ms: int
    modified_ms: int
    expiry_ms: int
    created_by: str
    modified_by: str
    client_id: str
    status: str = "DRAFT"
    version: int = 0
    published_ms: int | None = None
    visibility: str = "PRIVATE"
    package_version: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    content: tuple[SandboxObject, ...] | None = None  # dependencies first; fixed when published
    shown_status: str | None = None

    @property
    def is_from_elsewhere(self) -> bool:
        """Whether another organization made it and shared it."""
        return self.org_id != self.source_org_id


@dataclass(frozen=True)
class Task:
    """What happened to one object of a job."""

    thing: SandboxObject
    status: str  # SUCCESS or FAILED
    message_status: str
    message: str
    new_id: str | None = None
    task_type: str = "POST"


@dataclass
class Job:
    """A publish, import, copy or version job.

    PENDING -> IN_PROGRESS -> SUCCESS | FAILED | CANCELLED
    """

    id: str
    org_id: str
    name: str
    description: str | None
    request_type: str
    job_type: str
    package_id: str
    package_type: str
    source: tuple[str, str]  # organization, sandbox
    target: tuple[str, str] | None
    created_ms: int
    created_by: str
    correlation_id: str
    status: str = "PENDING"
    package_version: int | None = None
    completed: list[Task] = field(default_factory=list)
    failed: list[Task] = field(default_factory=list)
    replacements: dict[str, str] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    delta: dict[str, Any] | None = None
    shown_status: str | None = None
    finished_ms: int | None = None

    @property
    def is_finished(self) -> bool:
        return self.status in ("SUCCESS", "FAILED", "CANCELLED")


@dataclass
class Token:
    """An access token that IMS gave out."""

    value: str
    client_id: str
    expires_ms: int


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
