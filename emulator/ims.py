"""Adobe IMS: tokens for OAuth server-to-server and for JWT service accounts."""

import re
from collections.abc import Mapping
from typing import Any

import jwt

from emulator import gateway, keys
from emulator.answers import Answer, refused_by_ims
from emulator.calls import Call, route
from emulator.things import Credential

PREFIX = "/ims"
CLOCK_SKEW_S = 60
LONGEST_JWT_S = 86_400
NO_BINDING = "Could not match JWT signature to any of the bindings"
_UNDECODABLE = "JWT token is incorrectly formatted, and can not be decoded."


def _form(call: Call) -> Mapping[str, str]:
    """Parameters may come in the body, urlencoded or multipart, or in the query."""
    return call.request.values


def _client(call: Call, form: Mapping[str, str], *, kind: str) -> Credential:
    credential = call.world.credentials.get(form.get("client_id", ""))
    if credential is None:
        raise refused_by_ims(400, "invalid_client", "invalid client_id parameter")
    if credential.client_secret != form.get("client_secret", ""):
        raise refused_by_ims(401, "invalid_client", "invalid client_secret parameter")
    if credential.kind != kind:
        if kind == "jwt":
            raise refused_by_ims(401, "invalid_client", "client does not have the exchange_jwt scope")
        raise refused_by_ims(400, "unauthorized_client", "client is not allowed to use this grant_type")
    return credential


def _client_credentials(call: Call) -> Answer:
    form = _form(call)
    if form.get("grant_type") != "client_credentials":
        raise refused_by_ims(400, "unsupported_grant_type", "grant_type is not supported")
    credential = _client(call, form, kind="oauth_server_to_server")
    if form.get("org_id") not in (None, "", credential.org_id):
        raise refused_by_ims(400, "bad_request", "invalid org_id parameter")
    scopes = [scope for scope in re.split(r"[,\s]+", form.get("scope", "")) if scope]
    if not scopes:
        raise refused_by_ims(400, "invalid_scope", "Missing scope parameter")
    for scope in scopes:
        if scope not in credential.scopes:
            raise refused_by_ims(400, "invalid_scope", f"Invalid scope: {scope}")
    token = gateway.issue_token(call.world, credential)
    # Seconds here, milliseconds at the JWT exchange, and both a little under 24 h, as documented.
    return Answer({"access_token": token, "token_type": "bearer", "expires_in": gateway.TOKEN_LIFE_MS // 1000 - 1})


def _exchange_jwt(call: Call) -> Answer:
    form = _form(call)
    for name in ("client_id", "client_secret", "jwt_token"):
        if not form.get(name):
            raise refused_by_ims(400, "bad_request", f"Missing {name} parameter")
    credential = _client(call, form, kind="jwt")
    _check_claims(call, credential, _verified_claims(call, credential, form["jwt_token"]))
    token = gateway.issue_token(call.world, credential)
    return Answer({"token_type": "bearer", "access_token": token, "expires_in": gateway.TOKEN_LIFE_MS - 8})


def _verified_claims(call: Call, credential: Credential, text: str) -> dict[str, Any]:
    try:
        header = jwt.get_unverified_header(text)
        claims: dict[str, Any] = jwt.decode(text, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise refused_by_ims(400, "invalid_token", _UNDECODABLE) from None
    if header.get("alg") != "RS256" or type(claims.get("exp")) is not int:
        raise refused_by_ims(400, "invalid_token", _UNDECODABLE)
    if "jti" in claims and not re.fullmatch(r"\d+", str(claims["jti"])):
        raise refused_by_ims(400, "invalid_token", _UNDECODABLE)
    try:
        jwt.api_jws.PyJWS(algorithms=["RS256"]).decode(
            text, keys.private_key(credential.key_label).public_key(), algorithms=["RS256"]
        )
    except jwt.PyJWTError:
        if call.world.switches.documented_invalid_signature:
            raise refused_by_ims(400, "invalid_signature", "Invalid JWT signature") from None
        raise refused_by_ims(400, "invalid_token", NO_BINDING) from None
    return claims


def _check_claims(call: Call, credential: Credential, claims: Mapping[str, Any]) -> None:
    if not str(claims.get("aud", "")).endswith(f"/c/{credential.client_id}"):
        raise refused_by_ims(400, "invalid_client", "invalid client_id parameter")
    left_s = claims["exp"] - call.world.now_ms() / 1000
    if left_s < -CLOCK_SKEW_S:
        raise refused_by_ims(400, "invalid_token", "JWT token has expired")
    if left_s > LONGEST_JWT_S + CLOCK_SKEW_S:
        raise refused_by_ims(400, "invalid_token", "JWT token expires more than 24 hours from now")
    if claims.get("iss") != credential.org_id or claims.get("sub") != credential.technical_account_id:
        raise refused_by_ims(400, "invalid_token", NO_BINDING)
    metascopes = [key.rpartition("/s/")[2] for key, value in claims.items() if "/s/" in key and value is True]
    if not metascopes or not set(metascopes) <= set(credential.metascopes):
        raise refused_by_ims(
            400, "invalid_scope", "The metascopes in the JWT are not a subset of the metascopes in the binding."
        )


def _validate_token(call: Call) -> Answer:
    form = _form(call)
    token = call.world.tokens.get(form.get("token", ""))
    if token is None:
        return Answer({"valid": False, "reason": "bad_signature"})
    if token.expires_ms <= call.world.now_ms():
        return Answer({"valid": False, "reason": "expired"})
    if form.get("client_id") not in (None, "", token.client_id):
        return Answer({"valid": False, "reason": "bad_client_id"})
    return Answer({"valid": True})


def _invalidate_token(call: Call) -> Answer:
    call.world.tokens.pop(_form(call).get("token", ""), None)
    return Answer({})


def _caller(call: Call) -> Credential:
    token = call.world.tokens.get(gateway.bearer_of(call.request.headers.get("Authorization")))
    if token is None or token.expires_ms <= call.world.now_ms():
        raise refused_by_ims(401, "invalid_token", "The access token is not valid")
    return call.world.credentials[token.client_id]


def _profile(call: Call) -> Answer:
    credential = _caller(call)
    return Answer({"userId": credential.technical_account_id, "name": credential.name, "account_type": "type2e"})


def _organizations(call: Call) -> Answer:
    organization = call.world.organizations[_caller(call).org_id]
    ident, _, authority = organization.id.partition("@")
    return Answer([{"orgRef": {"ident": ident, "authSrc": authority}, "orgName": organization.name}])


ROUTES = (
    route("POST", "/token/v3", _client_credentials),
    route("POST", "/token/v2", _client_credentials),
    route("POST", "/token/v1", _client_credentials),
    route("POST", "/exchange/jwt", _exchange_jwt),
    route("POST", "/validate_token/v1", _validate_token),
    route("POST", "/invalidate_token/v2", _invalidate_token),
    route("GET", "/profile/v1", _profile),
    route("GET", "/organizations/v6", _organizations),
)
