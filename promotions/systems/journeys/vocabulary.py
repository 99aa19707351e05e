"""What the names of members and lists tell of a document whose form nobody has written down.

Public sources name dataEntities, builtIn, xdmEntity and the system objects (Adobe, "Exporting and importing journeys",
journeys guide); the rest are the words of its pages and of sibling routes, matched in any spelling of case.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

PLACEHOLDER = "INSERT_SECRET_HERE"
# Provisioned with every sandbox: exported in some revisions of the API, never imported. All revisions' names.
SYSTEM_OBJECTS = frozenset({"acsDataProvider", "acppsDataProvider", "acppsFieldGroup", "acppsDataPack", "acsAction"})
NAME_MEMBERS = ("name", "displayName", "title", "label", "nodeName", "key")
UID_MEMBERS = ("uid", "id", "_id")
TYPE_MEMBERS = ("type", "objectType", "elementType", "kind")
SYSTEM_MEMBERS = ("name", "displayName", "title", "label", "technicalName", *UID_MEMBERS, *TYPE_MEMBERS)
# Members whose texts are kept while their object is open, to say later what it is.
KEPT = frozenset({*NAME_MEMBERS, *SYSTEM_MEMBERS, "location", "in", "description"})

_KINDS: Final = {
    "event": "event",
    "dataprovider": "data source",
    "datasource": "data source",
    "dataentity": "field group",
    "datapack": "field group",
    "fieldgroup": "field group",
    "customaction": "custom action",
    "journey": "journey",
    "journeyversion": "journey",
}
_LISTS: Final = {
    "events": "event",
    "dataproviders": "data source",
    "datasources": "data source",
    "dataentities": "field group",
    "datapacks": "field group",
    "fieldgroups": "field group",
    "customactions": "custom action",
    "actions": "custom action",
    "journeys": "journey",
    "journeyversions": "journey",
}
# What a template or an app is called, inside the object that stands for it.
NAMING = ("name", "title", "label")
_template = re.compile(r"(?:(?:e?mail|sms|push|message|inapp)(?:message)?)?templates?(?:names?|label|title)?")
_template_reference = re.compile(r"(?:(?:e?mail|sms|push|message|inapp)(?:message)?)?template(?:ref|reference)s?")
_mobile_app = re.compile(r"mobile(?:app|application)s?(?:names?|label|title)?")
_app = re.compile(r"(?:app|application)s?(?:names?|label|title)?")
_mobile = re.compile(
    r"(?:mobile|push)(?:push|messages?|notifications?|channels?|config(?:uration)?|settings?|actions?)*"
)


class Member(NamedTuple):
    kind: str = ""  # what a single object of this name is
    kinds: str = ""  # what a list of this name holds
    names: str = ""  # "template" or "mobile_app": a text here is the name of one
    holds: str = ""  # the same: an object here has the name of one
    is_mobile: bool = False  # apps inside are mobile ones
    is_app: bool = False  # a mobile app where something around is mobile
    is_xdm: bool = False
    is_flow: bool = False  # the journey's own steps: what is listed inside is used there, not carried
    is_schema: bool = False  # an object here refers to a schema
    is_schema_id: bool = False  # a text here is the id of a schema
    is_reference: bool = False  # a text here is one if its object refers to a schema


NOTHING = Member()


def member(name: str) -> Member:
    return _member(name) if len(name) <= 40 else NOTHING


@lru_cache(maxsize=4096)
def _member(name: str) -> Member:
    plain = re.sub(r"[^a-z0-9$]", "", name.lower())
    names = "template" if _template.fullmatch(plain) else "mobile_app" if _mobile_app.fullmatch(plain) else ""
    found = Member(
        kind=_KINDS.get(plain, ""),
        kinds=_LISTS.get(plain, ""),
        names=names,
        holds=names or ("template" if _template_reference.fullmatch(plain) else ""),
        is_mobile=bool(_mobile.fullmatch(plain)),
        is_app=bool(_app.fullmatch(plain)),
        is_xdm=plain == "xdmentity",
        is_flow=plain in ("steps", "nodes", "ui"),
        is_schema=plain in ("schemaref", "schema", "xdmschema", "xdmschemaref"),
        is_schema_id=plain in ("schemaid", "schemaref", "schemarefid", "xdmschemaid", "xdmschema", "$ref", "$id"),
        is_reference=plain in ("id", "uid", "ref") and name != "_id",
    )
    return NOTHING if found == NOTHING else found


def kind_of_type(text: str) -> str:
    """The kind of an object by what its own `type` says, such as customAction; "" if it says nothing of use."""
    return member(text).kind
