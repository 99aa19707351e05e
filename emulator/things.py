"""What the emulator remembers: organizations, sandboxes and their objects, packages, jobs, tokens."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.decisioning_things import DecisioningShelf
from emulator.journey_things import JourneyShelf

Ref = tuple[str, str]  # (type, id): ids alone are not unique

DAY_MS = 86_400_000
HOUR_MS = DAY_MS // 24
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
    shelf: JourneyShelf = field(default_factory=JourneyShelf)  # its journeys
    decisioning: DecisioningShelf = field(default_factory=DecisioningShelf)
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
        self.shelf.clear()
        self.decisioning.clear()

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
    is_service_user: bool = False  # may delete workflows of the decisioning migration
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
