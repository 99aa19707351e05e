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
from clients.tokens import TokenStore
from clients.transport import CallPolicy, Connection, adobe_connection

DEFAULT_POLICY = CallPolicy()

__all__ = ["NoCredentialError", "connect", "flag_credential", "list_sandboxes", "primary_credential"]


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
    """A connection with the given or the primary credential; call it outside any transaction.

    It leads to the platform, or to the named further service of the organization.

    Raises NoCredentialError if there is none, or none with a secret that can be read.
    """
    if organization.kind != OrganizationKind.ADOBE:
        raise NoCredentialError(f"{organization} is no organization of Adobe Experience Platform.")
    if organization.deleted_at is not None:
        raise NoCredentialError(f"{organization} was deleted.")
    credential = credential or primary_credential(organization)
    if not credential.has_secret:
        raise NoCredentialError(
            f"The credential {credential.name} of {organization} has no secret. One of its admins must enter it."
        )
    try:
        remote_credential = _remote_credential(organization, credential)
    except UndecryptableError as exc:
        raise NoCredentialError(str(exc)) from exc
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


def _checked_base_url(organization: Organization, service: str) -> str:
    """Where calls go, by the rules of today, whatever they were when the URLs were stored: secrets are sent there."""
    try:
        check_service_url(organization.ims_url)
        if not service:
            return check_service_url(organization.platform_url)
        allows_path = remote_services.named(service).allows_path
        return check_service_url(organization.service_url(service), allows_path=allows_path)
    except ForbiddenUrlError as exc:
        raise NoCredentialError(f"{organization} cannot be reached: {exc}") from exc


def list_sandboxes(connection: Connection) -> list[RemoteSandbox]:
    return SandboxManagementClient(connection).list_sandboxes()


def _remote_credential(organization: Organization, credential: Credential) -> OAuthServerToServer | JwtServiceAccount:
    secrets = read_secrets(credential)
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
