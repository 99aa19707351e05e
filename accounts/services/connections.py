"""Calls out in the name of an organization."""

from collections.abc import Iterator
from contextlib import contextmanager

from accounts import remote_services
from accounts.choices import CredentialKind, OrganizationKind
from accounts.crypto import UndecryptableError
from accounts.errors import NoCredentialError
from accounts.models import Credential, Organization
from accounts.remote_hosts import ForbiddenUrlError, check_service_url
from accounts.services.credentials import flag_credential, read_secrets
from accounts.services.tokens import DatabaseTokenStore
from clients.ims import ImsClient, JwtServiceAccount, OAuthServerToServer
from clients.sandbox_management import RemoteSandbox, SandboxManagementClient
from clients.snaplogic import BasicAuth, SignedJwt, public_api_url, snaplogic_connection
from clients.tokens import TokenStore
from clients.transport import CallPolicy, Connection, adobe_connection

DEFAULT_POLICY = CallPolicy()

__all__ = [
    "NoCredentialError",
    "connect",
    "connect_snaplogic",
    "flag_credential",
    "list_sandboxes",
    "primary_credential",
]


def primary_credential(organization: Organization) -> Credential:
    """The credential that jobs use; raises NoCredentialError with the next step."""
    credential = organization.credentials.filter(is_primary=True).first()
    if credential is None:
        raise NoCredentialError(f"{organization} has no credential. One of its admins must add one.")
    return credential


@contextmanager
def connect(
    organization: Organization,
    *,
    service: str = "",
    credential: Credential | None = None,
    token_store: TokenStore | None = None,
    policy: CallPolicy = DEFAULT_POLICY,
) -> Iterator[Connection]:
    """A connection to Adobe with the given or the primary credential; call it outside any transaction.

    It leads to the platform, or to the named further service of the organization.

    Raises NoCredentialError if there is none, or none with a secret that can be read.
    """
    credential, secrets = _usable(organization, OrganizationKind.ADOBE, credential)
    remote_credential = _adobe_credential(organization, credential, secrets)
    base_url = _checked_base_url(organization, service)
    store = token_store or DatabaseTokenStore(credential.pk, generation=str(credential.secret_set_at))
    ims = ImsClient(base_url=organization.ims_url)
    try:
        with adobe_connection(
            base_url=base_url,
            ims_org_id=organization.remote_id,
            credential=remote_credential,
            token_store=store,
            ims=ims,
            policy=policy,
        ) as connection:
            yield connection
    finally:
        ims.close()


@contextmanager
def connect_snaplogic(
    organization: Organization,
    *,
    credential: Credential | None = None,
    policy: CallPolicy = DEFAULT_POLICY,
) -> Iterator[Connection]:
    """A connection to SnapLogic with the given or the primary credential; call it outside any transaction.

    For `clients.snaplogic.SnapLogicClient`, whose environment is the `remote_id`. A call that the platform may take its
    15 minutes for needs a `policy` of its own.

    Raises NoCredentialError if there is no credential, or none with a secret that can be read.
    """
    credential, secrets = _usable(organization, OrganizationKind.SNAPLOGIC, credential)
    base_url = _checked_base_url(organization)
    auth = _snaplogic_auth(organization, credential, secrets, base_url)
    with snaplogic_connection(base_url=base_url, auth=auth, policy=policy) as connection:
        yield connection


def _usable(
    organization: Organization, kind: OrganizationKind, credential: Credential | None
) -> tuple[Credential, dict[str, str]]:
    """The credential to call with, and its secrets."""
    if organization.kind != kind:
        raise NoCredentialError(f"{organization} is no organization of {kind.label}.")
    if organization.deleted_at is not None:
        raise NoCredentialError(f"{organization} was deleted.")
    credential = credential or primary_credential(organization)
    if not credential.has_secret:
        raise NoCredentialError(
            f"The credential {credential.name} of {organization} has no secret. One of its admins must enter it."
        )
    try:
        return credential, read_secrets(credential)
    except UndecryptableError as exc:
        raise NoCredentialError(str(exc)) from exc


def _checked_base_url(organization: Organization, service: str = "") -> str:
    """Where calls go, by the rules of today, whatever they were when the URLs were stored: secrets are sent there."""
    try:
        if organization.vendor.sign_in_url:
            check_service_url(organization.ims_url)
        if not service:
            return check_service_url(organization.platform_url)
        allows_path = remote_services.named(service).allows_path
        return check_service_url(organization.service_url(service), allows_path=allows_path)
    except ForbiddenUrlError as exc:
        raise NoCredentialError(f"{organization} cannot be reached: {exc}") from exc


def list_sandboxes(connection: Connection) -> list[RemoteSandbox]:
    return SandboxManagementClient(connection).list_sandboxes()


def _adobe_credential(
    organization: Organization, credential: Credential, secrets: dict[str, str]
) -> OAuthServerToServer | JwtServiceAccount:
    if credential.kind == CredentialKind.JWT:
        return JwtServiceAccount(
            ims_org_id=organization.remote_id,
            client_id=credential.client_id,
            client_secret=secrets["client_secret"],
            technical_account_id=credential.technical_account_id,
            metascopes=tuple(credential.metascopes),
            private_key=secrets["private_key"],
        )
    return OAuthServerToServer(
        client_id=credential.client_id,
        client_secret=secrets["client_secret"],
        scopes=tuple(credential.scopes),
    )


def _snaplogic_auth(
    organization: Organization, credential: Credential, secrets: dict[str, str], base_url: str
) -> BasicAuth | SignedJwt:
    try:
        if credential.kind == CredentialKind.SNAPLOGIC_BEARER:
            return SignedJwt(
                credential.client_id,
                credential.issuer,
                secrets.get("private_key", ""),
                organization.remote_id,
                public_api_url(base_url),
                credential.key_id,
            )
        return BasicAuth(credential.client_id, secrets.get("client_secret", ""))
    except ValueError as exc:
        raise NoCredentialError(
            f"The credential {credential.name} of {organization} cannot be used. {exc} One of its admins must replace "
            "the secret."
        ) from exc
