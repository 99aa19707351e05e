"""Ticking what has to be looked at by hand after a run."""

from django.db import transaction
from django.utils import timezone

from accounts.access import require_role
from accounts.choices import Role
from accounts.models import User
from accounts.services import audit
from promotions.models import RunCheck
from promotions.services.errors import ConflictError
from promotions.services.verbs import Verb


@transaction.atomic
def tick(*, check: RunCheck, actor: User, is_done: bool = True) -> RunCheck:
    """Note that somebody has looked, or take that back. Raises ConflictError if it is noted so already."""
    require_role(actor, check.job.organization, Role.OPERATOR)
    check = RunCheck.objects.select_for_update(of=("self",)).select_related("job__organization").get(pk=check.pk)
    if (check.ticked_at is not None) == is_done:
        raise ConflictError(f"“{check.title}” is marked so already. Reload the page.")
    check.ticked_at = timezone.now() if is_done else None
    check.ticked_by = actor if is_done else None
    check.save(update_fields=["ticked_at", "ticked_by"])
    audit.record(
        Verb.CHECK_TICKED if is_done else Verb.CHECK_UNTICKED,
        actor=actor,
        subject=check.job,
        details={"check": check.key, "title": check.title},
    )
    return check
