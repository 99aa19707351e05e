"""The gateway before the platform services: token, key, organization, entitlement, in this order."""

import jwt

from emulator.answers import refused_by_exim, refused_by_gateway, refused_for_content_type
from emulator.calls import Call
from emulator.things import Credential, Token
from emulator.world import World

TOKEN_LIFE_MS = 86_400_000


def issue_token(world: World, credential: Credential) -> str:
    """A new access token; the ones given out before stay valid."""
    created_ms = world.now_ms()
    payload = {
        "id": f"{created_ms}_{world.random.getrandbits(32):08x}",
        "type": "access_token",
        "client_id": credential.client_id,
        "user_id": credential.technical_account_id,
        "as": "ims-na1",
        "expires_in": str(TOKEN_LIFE_MS),
        "scope": ",".join(credential.scopes or credential.metascopes),
        "created_at": str(created_ms),
    }
    value = jwt.encode(payload, f"{credential.client_secret}:emulated-token", algorithm="HS256")
    world.tokens[value] = Token(value, credential.client_id, created_ms + TOKEN_LIFE_MS)
    return value


def bearer_of(header: str | None) -> str:
    """The token in an Authorization header, or nothing."""
    scheme, _, value = (header or "").strip().partition(" ")
    return value.strip() if scheme.casefold() == "bearer" else ""


def let_in(call: Call, *, needs_key: bool = True) -> None:
    """Set the caller and the organization of a call, or refuse it in the gateway's words."""
    world, headers = call.world, call.request.headers
    authorization = (headers.get("Authorization") or "").strip()
    if not authorization or authorization.casefold() == "bearer":
        raise refused_by_gateway("403010")
    token = world.tokens.get(bearer_of(authorization))
    if token is None or token.expires_ms <= world.now_ms():
        raise refused_by_gateway("401013")
    key = headers.get("x-api-key")
    if not key and needs_key:
        raise refused_by_gateway("403000")
    if key and key != token.client_id:
        raise refused_by_gateway("403003")
    org_id = headers.get("x-gw-ims-org-id")
    if not org_id:
        raise refused_by_gateway("400003")
    credential = world.credentials[token.client_id]
    if credential.org_id != org_id or not credential.has_product_profile:
        raise refused_by_gateway("403025")
    call.credential = credential
    call.organization = world.organizations[org_id]


def let_into_exim(call: Call) -> None:
    """The gateway, then the content type, then the sandbox of the call and the right to manage packages."""
    let_in(call)
    if call.request.get_data(cache=True) and call.request.mimetype != "application/json":
        raise refused_for_content_type()
    default = call.org.default_sandbox
    name = call.request.headers.get("x-sandbox-name") or (default.name if default else "prod")
    if name not in call.org.sandboxes:
        raise refused_by_exim(400, f"Sandbox {name} does not exist in organization {call.org.id}")
    call.sandbox_name = name
    if not call.caller.may_manage_packages:
        raise refused_by_exim(403, "Missing permission manage-package")
