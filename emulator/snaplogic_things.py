"""What the emulator remembers of SnapLogic: organizations, people, projects, API versions and their assets."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from emulator.blobs import Blob

# As SnapLogic writes them, in the order in which an export holds them.
ASSET_TYPES = ("Account", "File", "Flows", "Job", "Pipeline", "Policy")
READ, WRITE, ADMIN = "Read", "Write", "Admin"
UNPUBLISHED, PUBLISHED, DEPRECATED, RETIRED = "unpublished", "published", "deprecated", "retired"
STATES = (UNPUBLISHED, PUBLISHED, DEPRECATED, RETIRED)
DEFAULT_EXPORT_LIMIT = 100 * 2**20


@dataclass
class SnapUser:
    """Somebody who may call for one organization, with a password or as the subject of a JWT."""

    username: str
    name: str
    password: str
    rights: frozenset[str]


@dataclass
class SnapOrg:
    """An organization, which newer texts call an environment, and its settings."""

    name: str
    title: str
    snode_id: str
    users: dict[str, SnapUser]
    issuer_id: str
    key_id: str
    key_label: str  # of the pair in `emulator.keys` with which the identity provider signs
    subject: str  # the user that its tokens are made out for
    plexes: tuple[str, ...]
    has_account_encryption: bool = True
    is_basic_disabled: bool = False
    may_list: bool = True
    trusted_orgs: frozenset[str] = frozenset()
    export_limit: int = DEFAULT_EXPORT_LIMIT  # bytes of content; `force` ignores it
    import_limit: int = 0  # bytes of the zip; 0 is none
    jwks_url: str = ""


@dataclass
class SnapAsset:
    """Something in a project or an API version.

    An account has a `document` (class_id, class_fqid, property_map, its secrets sealed), anything else a `content`.
    """

    type: str
    name: str
    snode_id: str
    asset_id: str
    owner: str
    updated_by: str
    created_ms: int
    updated_ms: int
    content: Blob | None = None
    document: dict[str, Any] | None = None


@dataclass
class SnapFolder:
    """A project, or an API version: whatever holds assets. Two of one name may differ in type."""

    org: str
    path: str  # as calls name it, without a slash in front
    snode_id: str
    assets: list[SnapAsset] = field(default_factory=list)

    def find(self, asset_type: str, name: str) -> SnapAsset | None:
        return next((one for one in self.assets if one.type == asset_type and one.name == name), None)

    def chosen(self, asset_types: Iterable[str]) -> list[SnapAsset]:
        wanted = set(asset_types)
        return [asset for asset in self.assets if asset.type in wanted]


@dataclass
class SnapVersion(SnapFolder):
    """A version of an API.

    unpublished -> published -> unpublished
    published -> deprecated -> retired
    """

    api: str = ""
    version: str = ""
    state: str = UNPUBLISHED
    created_ms: int = 0
    tags: Sequence[str] = ()
    description: str = ""
    publish_info: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""  # of the deprecation


@dataclass(frozen=True)
class Sealed:
    """What is known of an encrypted text: who can read it, and a digest of what it says."""

    org: str
    sha256: str
    came_as_plain_text: bool


@dataclass
class Plan:
    """What a test wants of the next calls of one operation."""

    operation: str
    path: str = ""  # of the target; empty is any
    count: int = 1
    status: int = 0
    inner_status: int = 0
    message: str = ""
    takes_effect: bool = False
    fail: Sequence[Mapping[str, Any]] = ()
    warn: Sequence[Mapping[str, Any]] = ()
    delay_s: float = 0.0


class SnapLogic:
    """The memory of the control plane."""

    def __init__(self) -> None:
        self.orgs: dict[str, SnapOrg] = {}
        self.projects: dict[str, SnapFolder] = {}
        self.versions: dict[str, SnapVersion] = {}
        self.vault: dict[str, Sealed] = {}
        self.migrations: dict[str, dict[str, Any]] = {}
        self.plans: list[Plan] = []
        self.imports: Counter[tuple[str, str, str]] = Counter()  # path that was asked for, path it went to, who asked
        self.rejected: set[str] = set()  # tokens

    def add(self, version: SnapVersion) -> SnapVersion:
        self.versions[version.path] = version
        return version

    def versions_of(self, org: str) -> list[SnapVersion]:
        return [version for version in self.versions.values() if version.org == org]

    def take_plan(self, operation: str, path: str) -> Plan | None:
        """The first plan that concerns this call, counted down."""
        for plan in self.plans:
            if plan.operation in ("*", operation) and plan.path in ("", path):
                plan.count -= 1
                if plan.count <= 0:
                    self.plans.remove(plan)
                return plan
        return None


def version_path(org: str, api: str, version: str) -> str:
    return f"{org}/apim/{api}/{version}"
