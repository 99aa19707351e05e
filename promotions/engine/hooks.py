"""What the engine tells others about, without knowing them."""

from collections.abc import Callable

from accounts.errors import NoCredentialError
from accounts.models import Organization, User
from accounts.services import connections
from clients.errors import ApiAuthError, AuthProblem
from promotions.engine.registry import Ending
from promotions.models import Job

EndListener = Callable[[Job, Ending, User | None], None]
ResumeListener = Callable[[Job], None]

_end_listeners: list[EndListener] = []
_resume_listeners: list[ResumeListener] = []

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


def on_end(listener: EndListener) -> None:
    """`listener(job, ending, actor)` is called in the transaction that ends a job or hands it to a person."""
    _end_listeners.append(listener)


def on_resume(listener: ResumeListener) -> None:
    """`listener(job)` is called in the transaction in which a job that waited for a person goes on."""
    _resume_listeners.append(listener)


def ended(job: Job, ending: Ending, actor: User | None) -> None:
    for listener in _end_listeners:
        listener(job, ending, actor)


def resumed(job: Job) -> None:
    for listener in _resume_listeners:
        listener(job)
