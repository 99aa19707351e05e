"""What is inside some objects of the demo: as packages have it, as older ones in staging, and as changed since."""

from collections.abc import Mapping
from typing import Any

Details = Mapping[str, Any]


def _text(title: str, **more: Any) -> dict[str, Any]:
    return {"title": title, "type": "string", **more}


PUBLISHED: Mapping[str, Details] = {
    "Postal address details": {
        "description": "Postal address as the delivery service takes it",
        "properties": {"street": _text("Street"), "city": _text("City"), "region": _text("Region, state or province")},
        "required": ["city"],
    },
    "Loyalty member profile": {
        "description": "A member of the programme with tier, home store and contact choices",
        "properties": {
            "memberSince": _text("Member since", format="date"),
            "tier": _text("Tier", enum=["blue", "silver", "gold", "platinum"]),
            "preferredStore": _text("Preferred store"),
        },
        "required": ["memberSince"],
    },
    "Loyalty members": {
        "description": "Members of the loyalty programme, one record each",
        "isPrimaryIdentitySet": True,
    },
    "Trade accounts attributes": {
        "description": "Attributes of a trade account",
        "properties": {"creditLimit": {"title": "Credit limit", "type": "number"}, "vatNumber": _text("VAT number")},
    },
}

CHANGED: Mapping[str, Details] = {
    "Store visit preferences": {
        "description": "When and how a member likes to visit a store",
        "properties": {"clickAndCollect": {"title": "Click and collect", "type": "boolean"}},
    },
    "Member tier rules": {"description": "How a member moves between tiers, from the 2026 terms on"},
    "Trade accounts attributes": {
        "properties": {
            "creditLimit": {"title": "Credit limit", "type": "number", "minimum": 0},
            "vatNumber": _text("VAT number"),
            "paymentTerms": _text("Payment terms", enum=["net 14", "net 30"]),
        },
    },
}

OLDER: Mapping[str, Details] = {
    "Postal address details": {
        "description": "Postal address",
        "properties": {"street": _text("Street"), "city": _text("City")},
        "required": ["street", "city"],
    },
    "Loyalty member profile": {
        "description": "A member of the programme",
        "properties": {
            "memberSince": _text("Member since", format="date"),
            "tier": _text("Tier", enum=["blue", "silver", "gold"]),
            "legacyNumber": _text("Number on the old plastic card"),
        },
        "required": ["memberSince", "tier"],
    },
    "Loyalty members": {"description": "Members of the loyalty programme"},
    "Trade accounts attributes": {
        "description": "Attributes of an account",
        "properties": {"creditLimit": {"title": "Credit limit", "type": "integer"}},
    },
}
