"""What a caller may create in a sandbox: the preflight of a package, and the check before each task."""

from collections.abc import Iterable
from typing import Any

from emulator import kinds
from emulator.things import Credential, SandboxObject


def missing_rights(credential: Credential, sandbox: str, object_type: str) -> kinds.Rights:
    """Of the rights that creating such an object takes, those the caller lacks in this sandbox."""
    lacking = credential.missing_rights.get(sandbox, {})
    missing = []
    for resource, permissions in kinds.required_rights(object_type):
        gone = tuple(permission for permission in permissions if permission in lacking.get(resource, ()))
        if gone:
            missing.append((resource, gone))
    return tuple(missing)


def _resources(rights: kinds.Rights) -> dict[str, Any]:
    return {
        "resources": [
            {"palmResourceType": resource, "resourcePermissions": list(permissions)} for resource, permissions in rights
        ]
    }


def preflight(
    package_id: str, content: Iterable[SandboxObject], credential: Credential, sandbox: str
) -> dict[str, Any]:
    """The preflight answer: a row for each object that the import would create."""
    rows = []
    for thing in content:
        missing = missing_rights(credential, sandbox, thing.type)
        rows.append(
            {
                "artifactID": thing.id,
                "requiredPermissions": _resources(kinds.required_rights(thing.type)),
                "missingPermissions": _resources(missing),
                "artifactType": thing.type,
                "creationAllowed": not missing,
            }
        )
    return {"packageID": package_id, "targetSandboxName": sandbox, "permissionResponse": rows}
