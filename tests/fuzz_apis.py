"""Calls about API versions that can do what they are for: schemathesis draws no zips and no names that fit."""

import random
from collections.abc import Callable
from typing import Any

from tests.unit.promotions.zip_making import DB_ACCOUNT, MAIL_ACCOUNT, exported

ACCOUNTS = (DB_ACCOUNT, MAIL_ACCOUNT)
SECRETS = (
    "/property_map/settings/client_secret/value",
    "/property_map/settings/connectionProperties/value/password/value",
)
RULES: tuple[dict[str, Any], ...] = (
    {"rule": "skip", "types": []},
    {"rule": "create_new", "types": []},
    {"rule": "overwrite", "types": ["Pipeline", "File"]},
)
PLANS = "/api/v1/plans/{id}/"
# Acts that few of their collection are fit for.
FEW_FIT = {
    **dict.fromkeys(
        (
            f"{PLANS}import-rule/",
            f"{PLANS}accounts/",
            f"{PLANS}accounts/{{uuid}}/",
            f"{PLANS}file-account/",
            f"{PLANS}expressions/",
        ),
        "import plans",
    ),
    "/api/v1/jobs/{id}/remedies/": "ended imports",
}
_ZIP = exported()


def sensible(path: str, body: dict[str, Any], choose: random.Random, one_of: Callable[[str], int | None]) -> Any:
    """The same body with what fits, where a call is about API versions; one_of names something of a collection."""
    name = f"made-{choose.getrandbits(32):x}"
    place = {"organization": one_of("environments") or body.get("organization")}
    version = {"api": name, "version": "1.0"}
    match path.removeprefix("/api/v1"):
        case "/api-versions/":
            return {**place, **version}
        case "/api-life-cycles/":
            act = choose.choice(["unpublish", "deprecate", "retire"])
            return {**place, "act": act, "versions": [version]}
        case "/api-imports/":
            field, collection = choose.choice([("archive", "archives"), ("api_version", "api-versions")])
            return {**place, **version, **choose.choice(RULES), field: one_of(collection) or 1}
        case "/plans/{id}/import-rule/":
            return choose.choice(RULES)
        case "/plans/{id}/accounts/{uuid}/":
            return {"values": {choose.choice(SECRETS): name}}
        case "/jobs/{id}/remedies/":
            return {"key": "overwrite"}
    return body


def form(path: str, choose: random.Random, one_of: Callable[[str], int | None]) -> list[tuple[str, Any]]:
    """The parts of a form with files that fit; none where the address takes no form."""
    expressions = ("made.expr", f"{{ made_{choose.getrandbits(32):x}: 1 }}".encode())
    if path == f"{PLANS}expressions/":
        return [("expressions", expressions)]
    if path != "/api/v1/archives/":
        return []
    kind, file = choose.choice([("version", ("made.zip", _ZIP)), ("expressions", expressions)])
    return [("organization", (None, str(one_of("environments") or 1))), ("kind", (None, kind)), ("file", file)]
