"""The types of objects that packages carry: how their ids look and what a caller must be allowed to create them."""

import random
import re
import uuid
from collections.abc import Mapping

SCHEMA = "REGISTRY_SCHEMA"
FIELD_GROUP = "REGISTRY_MIXIN"
DATA_TYPE = "REGISTRY_DATATYPE"
CLASS = "REGISTRY_CLASS"
DESCRIPTOR = "REGISTRY_DESCRIPTOR"
DATASET = "CATALOG_DATASET"
NAMESPACE = "ID_NAMESPACE"
AUDIENCE = "PROFILE_SEGMENT"
MERGE_POLICY = "PROFILE_MERGE"
POLICY = "DULE_CONSENT_POLICY"
DATAFLOW = "FLOW"
MAPPING_SET = "MAPPING_SET"
JOURNEY = "JOURNEY"

# Adobe, Sandbox tooling UI guide: an object of the same name is always reused, even with "Create new".
REUSED_BY_TITLE = frozenset({SCHEMA, FIELD_GROUP, AUDIENCE})
# Adobe, Sandbox tooling UI guide, "Export and import an entire sandbox": no Journey Optimizer objects.
NOT_IN_FULL = frozenset({JOURNEY})
# Adobe, Sandbox tooling UI guide: the updates that a new package version can carry.
UPDATABLE = frozenset({SCHEMA, FIELD_GROUP, DATA_TYPE})
# Adobe, Sandbox tooling UI guide: these arrive as new drafts each time, so a version could never replace them.
ALWAYS_COPIED = frozenset({JOURNEY, DATAFLOW})

STANDARD_NAMESPACES = ("AdCloud", "CORE", "CRMID", "ECID", "Email", "IDFA", "GAID", "Phone")

_XDM_FOLDERS: Mapping[str, str] = {
    SCHEMA: "schemas",
    FIELD_GROUP: "mixins",
    DATA_TYPE: "datatypes",
    CLASS: "classes",
}

Rights = tuple[tuple[str, tuple[str, ...]], ...]
_ALL = ("read", "write", "delete")
_SANDBOX = ("Sandbox", ("view",))
_XDM_RIGHTS: Rights = (_SANDBOX, ("Schema", _ALL))

# The rows of audiences and merge policies are those of Adobe's preflight sample; the others follow their pattern.
_RIGHTS: Mapping[str, Rights] = {
    SCHEMA: _XDM_RIGHTS,
    FIELD_GROUP: _XDM_RIGHTS,
    DATA_TYPE: _XDM_RIGHTS,
    CLASS: _XDM_RIGHTS,
    DATASET: (_SANDBOX, ("Schema", ("read",)), ("Dataset", _ALL)),
    NAMESPACE: (_SANDBOX, ("IdentityNamespace", ("read", "write"))),
    AUDIENCE: (
        _SANDBOX,
        ("Schema", ("read",)),
        ("ProfileConfig", ("read",)),
        ("Segment", _ALL),
        ("Composition", _ALL),
        ("Query", ("write",)),
        ("SegmentDashboard", ("read",)),
    ),
    MERGE_POLICY: (_SANDBOX, ("ProfileConfig", _ALL), ("Dataset", ("read",))),
    POLICY: (_SANDBOX, ("DataUsagePolicy", _ALL)),
    DATAFLOW: (_SANDBOX, ("Source", _ALL), ("Dataset", ("read",))),
    MAPPING_SET: (_SANDBOX, ("Schema", ("read",)), ("Source", ("read", "write"))),
    JOURNEY: (_SANDBOX, ("Journey", _ALL), ("Segment", ("read",))),
}


def required_rights(object_type: str) -> Rights:
    """The resources and permissions that creating an object of this type takes."""
    return _RIGHTS.get(object_type, (_SANDBOX,))


def new_id(source: random.Random, object_type: str, tenant: str, title: str = "") -> str:
    """An id in the form of its type, as the samples of the Sandbox tooling API guide show them."""
    if folder := _XDM_FOLDERS.get(object_type):
        return f"https://ns.adobe.com/{tenant}/{folder}/{source.getrandbits(192):048x}"
    if object_type == DESCRIPTOR:
        return f"{source.getrandbits(192):048x}"
    if object_type == DATASET:
        return f"{source.getrandbits(96):024x}"
    if object_type == MAPPING_SET:
        return f"{source.getrandbits(128):032x}"
    if object_type == NAMESPACE:
        return re.sub(r"\W", "", title) or f"ns{source.getrandbits(32):08x}"
    return str(uuid.UUID(int=source.getrandbits(128), version=4))
