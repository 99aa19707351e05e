"""SnapLogic spoken to over WSGI as a client of the real control plane would."""

import base64
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import jwt
from werkzeug.test import Client

from emulator import keys
from emulator.app import Emulator, create_app
from emulator.snaplogic_things import SnapOrg, SnapUser

BASE = "/api/1/rest/public"
PLAIN = "typed in plain text"
LABEL = "orders_db_account"


def at(path: str) -> str:
    """A version path as it is sent."""
    return quote(path)


def zipped(entries: Mapping[str, bytes | str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()


def unzipped(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


class SnapLogic:
    """One user of one organization."""

    def __init__(self, org: str = "acme-dev", *, user: int = 0, seed: str = "small", app: Emulator | None = None):
        self.app = app or create_app(seed, speed=0)
        # Any: werkzeug types every JSON body as optional.
        self.http: Any = Client(self.app)
        self.org: SnapOrg = self.app.world.snaplogic.orgs[org]
        self.user: SnapUser = list(self.org.users.values())[user]

    def also(self, org: str = "acme-prod", *, user: int = 0) -> "SnapLogic":
        """Another user on the same world."""
        return SnapLogic(org, user=user, app=self.app)

    @property
    def basic(self) -> str:
        word = base64.b64encode(f"{self.user.username}:{self.user.password}".encode()).decode()
        return f"Basic {word}"

    def token(self, *, key_label: str = "", key_id: str | None = None, **changes: Any) -> str:
        """A JWT as the identity provider makes it; a claim of None is left out."""
        now_s = self.app.world.now_ms() // 1000
        claims: dict[str, Any] = {
            "iat": now_s,
            "exp": now_s + 3600,
            "sub": self.org.subject,
            "aud": f"https://elastic.snaplogic.com{BASE}",
            "iss": self.org.issuer_id,
            "org": self.org.name,
        }
        claims = {name: value for name, value in (claims | changes).items() if value is not None}
        pem = keys.private_key_pem(key_label or self.org.key_label)
        return jwt.encode(claims, pem, "RS256", headers={"kid": self.org.key_id if key_id is None else key_id})

    def call(self, method: str, path: str, *, authorization: str | None = None, **options: Any) -> Any:
        headers = {"Authorization": self.basic if authorization is None else authorization}
        return self.http.open(f"{BASE}{path}", method=method, headers=headers, **options)

    def export(self, path: str, **query: str) -> Any:
        return self.call("GET", f"/apim/export_version/{at(path)}", query_string=query)

    def exported(self, path: str) -> bytes:
        answer = self.export(path)
        assert answer.status_code == 200, answer.text
        data: bytes = answer.data
        return data

    def bring(self, path: str, package: bytes, rule: str = "", *, accounts: Any = None, **options: Any) -> Any:
        """An import; `expressions` is a zip, `overwrite_types` goes into the query."""
        query = {"duplicate_check": rule} if rule else {}
        if "overwrite_types" in options:
            query["overwrite_types"] = options.pop("overwrite_types")
        data: dict[str, Any] = {"file": (io.BytesIO(package), "version.zip")}
        if accounts is not None:
            text = accounts if isinstance(accounts, bytes) else json.dumps(accounts).encode()
            data["file_account"] = (io.BytesIO(text), "accounts.json")
        if "expressions" in options:
            data["file_expr"] = (io.BytesIO(options.pop("expressions")), "expressions.zip")
        return self.call("POST", f"/apim/import_version/{at(path)}", data=data, query_string=query, **options)

    def brought(self, path: str, package: bytes, rule: str = "", **options: Any) -> dict[str, Any]:
        """The response_map of an import that was answered in full."""
        answer = self.bring(path, package, rule, **options)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json["response_map"]
        return found

    def change(self, operation: str, *paths: str, org: str | None = None, **info: Any) -> Any:
        body: dict[str, Any] = {"org_name": org or self.org.name}
        if operation in ("publish", "deprecate"):
            body["versions_info" if operation == "publish" else "version_infos"] = [
                {"path": path, **info} for path in paths
            ]
        else:
            body["version_paths"] = list(paths)
        return self.call("POST", f"/apim/{operation}_versions", json=body)

    def control(self, noun: str, **body: Any) -> Any:
        return self.http.post(f"/__emulator/{noun}", json=body)

    def told(self, noun: str, **body: Any) -> Any:
        answer = self.control(noun, **body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json

    def known(self) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get("/__emulator/snaplogic").json
        return found

    def version(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = next(one for one in self.known()["versions"] if one["path"] == path)
        return found

    def paths(self) -> list[str]:
        return [one["path"] for one in self.known()["versions"]]

    def assets(self, path: str) -> dict[tuple[str, str], dict[str, Any]]:
        return {(one["type"], one["name"]): one for one in self.version(path)["assets"]}

    def effects(self, operation: str = "snaplogic.import", **about: str) -> list[dict[str, Any]]:
        query = {"operation": operation, **about}
        found: list[dict[str, Any]] = self.http.get("/__emulator/effects", query_string=query).json["effects"]
        return found


def names(entries: list[dict[str, Any]]) -> list[str]:
    return [entry["name"] for entry in entries]


def messages(answer: Any) -> list[str]:
    return [error["message"] for error in answer.json["response_map"]["error_list"]]


def template(package: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(unzipped(package)["accounts_template.json"])
    return found


def in_plain_text(package: bytes, *labels: str, secret: str = PLAIN) -> dict[str, Any]:
    """The nodes of these accounts with every encrypted value replaced."""

    def filled(node: Any) -> Any:
        if isinstance(node, dict):
            return {name: filled(inner) for name, inner in node.items()}
        return secret if isinstance(node, str) and node.startswith("ENC(") else node

    return {uuid: filled(node) for uuid, node in template(package).items() if node["name"] in labels}
