"""What the engine tells others about, without knowing them."""

from accounts.errors import NoCredentialError
from accounts.models import Organization
from accounts.services import connections
from clients.errors import ApiAuthError, AuthProblem

# A permission that is missing for one call says nothing against the credential as such.
_BLAMES_CREDENTIAL = (AuthProblem.CREDENTIAL, AuthProblem.KEY, AuthProblem.TOKEN, AuthProblem.ENTITLEMENT)


def credential_refused(organization: Organization, exc: ApiAuthError) -> None:
    """Mark the organization's credential, so that its page and the home page say so."""
    if exc.reason in _BLAMES_CREDENTIAL:
        try:
            credential = connections.primary_credential(organization)
        except NoCredentialError:
            return
        connections.flag_credential(credential, exc.message)
