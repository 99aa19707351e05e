"""What a client is set up from: organizations, sandboxes and credentials of a seed, and whom to share with."""

from typing import Any

from emulator import keys
from emulator.clock import Clock
from emulator.seeds import build
from emulator.things import Credential


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
        ],
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
