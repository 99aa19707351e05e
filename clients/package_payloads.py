"""The payload of a public package: the text that one organization hands to another."""

import json
from dataclasses import dataclass
from typing import Any

from clients.answers import load_json
from clients.transport import MalformedError
from clients.wire import ApiModel

# Far more than ids have, and little enough to show.
_ID_LIMIT = 200


@dataclass(frozen=True)
class PackagePayload:
    """Which package of which organization may be pulled in."""

    organization_id: str
    package_id: str

    def as_text(self) -> str:
        """The JSON to hand on, as the platform itself writes it."""
        return json.dumps({"imsOrgId": self.organization_id, "packageId": self.package_id}, indent=2)


class _Payload(ApiModel):
    ims_org_id: Any = None
    ims_ord_id: Any = None
    """As the property table of Adobe's guide misspells it."""
    package_id: Any = None


def parse_payload(text: str) -> PackagePayload:
    """The payload in a pasted text; raises ValueError with a sentence that says what is wrong with it."""
    if not text.strip():
        raise ValueError("The payload is empty. Paste the whole text that the other organization copied.")
    try:
        value = load_json(text.strip().removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        raise ValueError(
            "The payload is not JSON. Paste the whole text that the other organization copied, with its braces."
        ) from None
    if not isinstance(value, dict):
        raise ValueError("The payload must be one JSON object with imsOrgId and packageId.")
    try:
        payload = read_payload(value)
        if not payload.organization_id.lower().endswith("@adobeorg"):
            raise MalformedError("the imsOrgId of the payload is not an organization id, which ends in @AdobeOrg")
        return payload
    except MalformedError as exc:
        sentence = str(exc)
        raise ValueError(f"{sentence[0].upper()}{sentence[1:]}. Ask the other organization to copy it again.") from None


def read_payload(value: dict[str, Any]) -> PackagePayload:
    """The payload in a JSON object; raises MalformedError."""
    wire = _Payload.model_validate(value)
    organization_id = wire.ims_org_id if wire.ims_org_id is not None else wire.ims_ord_id
    return PackagePayload(_id("imsOrgId", organization_id), _id("packageId", wire.package_id))


def _id(name: str, value: Any) -> str:
    if value is None:
        raise MalformedError(f"the payload has no {name}")
    if not isinstance(value, str):
        raise MalformedError(f"the {name} of the payload is not a text")
    found = value.strip()
    if not found:
        raise MalformedError(f"the {name} of the payload is empty")
    if len(found) > _ID_LIMIT or not found.isprintable() or " " in found or not found.strip("."):
        raise MalformedError(f"the {name} of the payload is not an id")
    return found
