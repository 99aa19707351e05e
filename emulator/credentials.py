"""What a client is set up from: organizations, sandboxes and credentials of a seed, and whom to share with."""

from typing import Any

from emulator import keys
from emulator.clock import Clock
from emulator.seeds import build
from emulator.snaplogic_things import WRITE, SnapOrg
from emulator.things import Credential
from emulator.world import World


def describe(seed: str, base_url: str) -> dict[str, Any]:
    """The credentials of a seed as JSON; they are invented and depend on nothing but the seed's name."""
    world = build(seed, Clock())
    return {
        "base_url": base_url,
        "organizations": [
            {
                "ims_org_id": organization.id,
                "name": organization.name,
                "region": organization.region,
                "sandboxes": list(organization.sandboxes),
                "credentials": [_credential(credential) for credential in organization.credentials],
            }
            for organization in world.organizations.values()
            if not organization.is_outside
        ]
        + [_snaplogic(world, org) for org in world.snaplogic.orgs.values()],
        "partners": [
            {
                "ims_org_id": organization.id,
                "name": organization.name,
                "region": organization.region,
                "manner": organization.manner,
            }
            for organization in world.organizations.values()
            if organization.is_outside
        ],
        "public_packages": [
            {"name": package.name, "payload": {"imsOrgId": package.org_id, "packageId": package.id}}
            for package in world.packages.values()
            if package.visibility == "PUBLIC"
        ],
    }


def _snaplogic(world: World, org: SnapOrg) -> dict[str, Any]:
    """An environment of SnapLogic, recognizable by its kind; the control plane is the base URL itself."""
    by_password = [
        {
            "kind": "snaplogic_basic",
            "name": user.name,
            "username": user.username,
            "password": user.password,
            **({} if WRITE in user.rights else {"read_only": True}),
        }
        for user in org.users.values()
        if user.password
    ]
    by_token = {
        "kind": "snaplogic_bearer",
        "name": org.users[org.subject].name,
        "username": org.subject,
        "issuer": org.issuer_id,
        "key_id": org.key_id,
        "private_key": keys.private_key_pem(org.key_label),
    }
    return {
        "kind": "snaplogic",
        "remote_id": org.name,
        "name": org.title,
        "api_versions": [{"api": one.api, "version": one.version} for one in world.snaplogic.versions_of(org.name)],
        "credentials": [*by_password, by_token],
    }


def _credential(credential: Credential) -> dict[str, Any]:
    common: dict[str, Any] = {
        "kind": credential.kind,
        "name": credential.name,
        "client_id": credential.client_id,
        "client_secret": credential.client_secret,
    }
    if credential.is_service_user:
        common["service_user"] = True
    if credential.kind == "oauth_server_to_server":
        return common | {"scopes": list(credential.scopes)}
    return common | {
        "technical_account_id": credential.technical_account_id,
        "metascopes": list(credential.metascopes),
        "private_key": keys.private_key_pem(credential.key_label),
    }
