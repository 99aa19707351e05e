"""Builds organizations of SnapLogic and what is in them. Ids depend on the seed's name, and on no other maker."""

import json
import random
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from emulator.blobs import Blob
from emulator.snaplogic_accounts import digest
from emulator.snaplogic_things import (
    ADMIN,
    READ,
    WRITE,
    Sealed,
    SnapAsset,
    SnapFolder,
    SnapOrg,
    SnapUser,
    SnapVersion,
    version_path,
)
from emulator.things import DAY_MS
from emulator.world import World, stable_hex

_BUILD = "_1-main31019"
_BASIC = "com-snaplogic-snaps-rest-basicauthaccount"
_DATABASE = "com-snaplogic-snap-api-sql-accounts-postgresdatabaseaccount"
_OAUTH = "com-snaplogic-snaps-rest-oauth2account"
_KEY_STORE = "com-snaplogic-snaps-transform-keystoreaccount"


class SnapMaker:
    """Makes things of one organization."""

    def __init__(self, world: World, org: str) -> None:
        self.world, self.org = world, org

    def hex(self, *words: str, length: int = 24) -> str:
        return stable_hex(self.world.seed, "snaplogic", self.org, *words, length=length)

    def organization(
        self, title: str, *, has_account_encryption: bool = True, trusted_orgs: frozenset[str] = frozenset()
    ) -> SnapOrg:
        robot, reader, subject = (f"{who}@{self.org}.example.test" for who in ("svc-ci", "svc-reader", "svc-idp"))
        everything = frozenset({READ, WRITE, ADMIN})
        users = [
            SnapUser(robot, f"{title}, release robot", f"emulator-{self.hex(robot)}", everything),
            SnapUser(reader, f"{title}, reader", f"emulator-{self.hex(reader)}", frozenset({READ})),
            SnapUser(subject, f"{title}, identity provider", "", everything),
        ]
        org = SnapOrg(
            name=self.org,
            title=title,
            snode_id=self.hex("org"),
            users={user.username: user for user in users},
            issuer_id=f"{self.org}-idp",
            key_id=self.hex("key", length=16),
            key_label=f"{self.world.seed}/snaplogic/{self.org}",
            subject=subject,
            plexes=(f"{self.org}/shared/main-plex",),
            has_account_encryption=has_account_encryption,
            trusted_orgs=trusted_orgs,
        )
        self.world.snaplogic.orgs[self.org] = org
        return org

    def project(self, name: str, assets: Sequence[SnapAsset], *, age: float) -> SnapFolder:
        path = f"{self.org}/shared/{name}"
        project = SnapFolder(self.org, path, self.hex(path))
        self._keep(project, assets, age)
        self.world.snaplogic.projects[path] = project
        return project

    def version(
        self, api: str, version: str, state: str, assets: Sequence[SnapAsset], *, age: float, description: str = ""
    ) -> SnapVersion:
        path = version_path(self.org, api, version)
        made = SnapVersion(
            org=self.org,
            path=path,
            snode_id=self.hex(path),
            api=api,
            version=version,
            state=state,
            created_ms=self._ago(age),
            description=description,
            message="Use a newer version" if state in ("deprecated", "retired") else "",
        )
        self._keep(made, assets, age)
        return self.world.snaplogic.add(made)

    def added(self, version: SnapVersion, asset_type: str, name: str) -> SnapAsset:
        """A new asset of a version, still empty."""
        asset = self._asset(asset_type, name, "")
        self._keep(version, [asset], age=0)
        return asset

    def _keep(self, folder: SnapFolder, assets: Sequence[SnapAsset], age: float) -> None:
        for asset in assets:
            words = (folder.path, asset.type, asset.name)
            asset.snode_id = self.hex(*words)
            asset.asset_id = str(uuid.UUID(self.hex(*words, "asset", length=32), version=4))
            asset.created_ms = asset.updated_ms = self._ago(age)
        folder.assets.extend(assets)

    # Assets

    def pipeline(self, name: str, *snaps: str, revision: int = 1) -> SnapAsset:
        document = {
            "class_id": "com-snaplogic-pipeline",
            "class_version": 9,
            "property_map": {"info": {"label": {"value": name}, "notes": {"value": f"Revision {revision}"}}},
            "snap_map": {self.hex(name, snap, length=32): {"property_map": {"label": snap}} for snap in snaps},
            "link_map": {},
        }
        return self._asset("Pipeline", name, document)

    def file(self, name: str, text: str) -> SnapAsset:
        return self._asset("File", name, text)

    def large_file(self, name: str, size: int) -> SnapAsset:
        """That many bytes which cannot be packed smaller."""
        asset = self._asset("File", name, "")
        asset.content = Blob(_Noise(self.hex(name), size))
        return asset

    def job(self, name: str, pipeline: str) -> SnapAsset:
        return self._asset("Job", name, {"class_id": "com-snaplogic-job", "pipeline": pipeline, "trigger": "triggered"})

    def flow(self, name: str) -> SnapAsset:
        return self._asset("Flows", name, {"class_id": "com-snaplogic-flow", "steps": ["receive", "check", "answer"]})

    def policy(self, name: str, kind: str, **settings: Any) -> SnapAsset:
        values = {setting: {"value": value} for setting, value in settings.items()}
        return self._asset(
            "Policy",
            name,
            {"class_id": f"com-snaplogic-apim-policy-{kind}", "name": name, "property_map": {"settings": values}},
        )

    def database(self, name: str, host: str, database: str, username: str) -> SnapAsset:
        """Its settings stand in objects below `value`."""
        connection = {
            "hostname": _text(host),
            "portNumber": {"value": 5432},
            "databaseName": _text(database),
            "username": _text(username),
            "password": self._secret(name, "password"),
            "jdbcDriverClass": {"value": "org.postgresql.Driver"},
        }
        pool = {"maxPoolSize": {"value": 50}, "maxIdleTime": {"value": 30}}
        settings = {"connectionProperties": {"value": connection}, "advancedProperties": {"value": pool}}
        return self._account(name, _DATABASE, settings)

    def basic(self, name: str, username: str, notes: str = "") -> SnapAsset:
        settings = {"username": _text(username), "password": self._secret(name, "password")}
        return self._account(name, _BASIC, settings, notes)

    def oauth(self, name: str, client_id: str, endpoint: str) -> SnapAsset:
        settings = {
            "client_id": _text(client_id),
            "client_secret": self._secret(name, "client_secret"),
            "access_token_endpoint": _text(endpoint),
            "auto_refresh": {"value": True},
        }
        return self._account(name, _OAUTH, settings)

    def key_store(self, name: str, alias: str) -> SnapAsset:
        """Two secrets, one of them a level deeper."""
        key = {"alias": _text(alias), "passphrase": self._secret(name, "passphrase")}
        settings = {"key_store": {"value": key}, "store_password": self._secret(name, "store_password")}
        return self._account(name, _KEY_STORE, settings)

    def _account(self, name: str, class_id: str, settings: Mapping[str, Any], notes: str = "") -> SnapAsset:
        asset = self._asset("Account", name, "")
        asset.content = None
        info = {"label": {"value": name}, "notes": {"value": notes}}
        asset.document = {
            "class_id": class_id,
            "class_fqid": f"{class_id}{_BUILD}",
            "property_map": {"view_serial": 100, "info": info, "settings": dict(settings)},
        }
        return asset

    def _secret(self, account: str, name: str) -> dict[str, Any]:
        sealed = f"ENC({self.hex(account, name, 'sealed', length=32)}==)"
        plain = f"plain-{self.hex(account, name, 'plain')}"
        self.world.snaplogic.vault[sealed] = Sealed(self.org, digest(plain), came_as_plain_text=False)
        return {"value": sealed, "expression": False}

    def _asset(self, asset_type: str, name: str, content: Any) -> SnapAsset:
        text = content if isinstance(content, str) else json.dumps(content, indent=2, ensure_ascii=False)
        owner = f"svc-ci@{self.org}.example.test"
        return SnapAsset(asset_type, name, "", "", owner, owner, 0, 0, Blob(text.encode()))

    def _ago(self, days: float) -> int:
        return self.world.founded_ms - int(days * DAY_MS)


class _Noise:
    """A stream of so many bytes that look random."""

    def __init__(self, seed: str, size: int) -> None:
        self._random, self._left = random.Random(seed), size

    def read(self, size: int) -> bytes:
        size = min(size, self._left)
        self._left -= size
        return self._random.randbytes(size)


def _text(value: str) -> dict[str, Any]:
    return {"value": value, "expression": False}
