"""A person's own names for filters of the job list."""

from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.services import audit
from promotions.models import SavedView
from promotions.services.errors import RefusedError
from promotions.services.verbs import Verb

VIEWS_LIMIT = 50
QUERY_LIMIT = 1000


@transaction.atomic
def save_view(*, name: str, query: str, actor: User) -> SavedView:
    """Keep a filter under a name that this person has not used yet."""
    if not query:
        raise RefusedError("Set a filter first: a view without one is the whole list.")
    if len(query) > QUERY_LIMIT:
        raise RefusedError("This filter is too long to be saved. Drop some of its parts.")
    if actor.saved_views.count() >= VIEWS_LIMIT:
        raise RefusedError(f"You have {VIEWS_LIMIT} saved views. Delete one that you no longer use.")
    view = SavedView(person=actor, name=name, query=query)
    _store(view)
    audit.record(Verb.VIEW_SAVED, actor=actor, subject=view, details={"query": query})
    return view


@transaction.atomic
def rename_view(*, view: SavedView, name: str, actor: User) -> None:
    before = view.name
    view.name = name
    _store(view)
    audit.record(Verb.VIEW_RENAMED, actor=actor, subject=view, details={"from": before})


@transaction.atomic
def delete_view(*, view: SavedView, actor: User) -> None:
    """Forget the name; jobs and addresses stay as they are."""
    audit.record(Verb.VIEW_DELETED, actor=actor, subject=view, details={"query": view.query})
    view.delete()


def _store(view: SavedView) -> None:
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as exc:
        raise RefusedError(f"You have a view named “{view.name}” already. Choose another name.", field="name") from exc
