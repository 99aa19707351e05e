"""Secrets that people type into a plan: encrypted until the run that needs them has ended, then erased."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from accounts import crypto
from accounts.models import User
from promotions.choices import UNFINISHED, Decision, ItemInput, PlanState
from promotions.models import Job, Plan, PlanItem, Promotion, SealedValue

SECRET_LIMIT = 20_000


def seal(*, promotion: Promotion, value: str, person: User) -> dict[str, str]:
    """Keep a typed secret; what a decision shows of it: a digest that tells it from others and gives nothing away.

    To be called in the transaction that decides.
    """
    digest = crypto.keyed_digest(f"{promotion.pk}:{value}")
    # Typed once more it is as good as new: its age counts from now.
    SealedValue.objects.update_or_create(
        promotion=promotion,
        digest=digest,
        defaults={"sealed": crypto.encrypt(value), "typed_by": person, "typed_at": timezone.now()},
    )
    return {"id": digest, "type": ItemInput.SECRET.value, "title": "typed secret"}


def value_of(promotion: Promotion, digest: str) -> str | None:
    """The secret; None once it was erased. Raises UndecryptableError if the key is gone."""
    found = SealedValue.objects.filter(promotion=promotion, digest=digest).first()
    return crypto.decrypt(found.sealed) if found is not None else None


def erase(promotion: Promotion) -> None:
    """Forget every secret that was typed for this promotion; decisions keep their digests, for the record."""
    SealedValue.objects.filter(promotion=promotion).delete()


def drop_unused(plan: Plan) -> None:
    """Forget secrets that no decision of the current plan names any more."""
    used = [
        item.target["id"] for item in plan.items.filter(input=ItemInput.SECRET, decision=Decision.FILL) if item.target
    ]
    SealedValue.objects.filter(promotion=plan.promotion_id).exclude(digest__in=used).delete()


def is_standing(promotion: Promotion, item: PlanItem) -> bool:
    """Whether what was typed for an item is still there; anything but a secret always is."""
    if item.input != ItemInput.SECRET or item.decision != Decision.FILL or not item.target:
        return True
    return SealedValue.objects.filter(promotion=promotion, digest=item.target["id"]).exists()


def forget_old() -> None:
    """Erase what was typed long ago into plans that nobody ran; their decisions have to be taken anew."""
    before = timezone.now() - timedelta(days=settings.TYPED_SECRETS_DAYS)
    # A run that is not over may have to send them once more.
    unfinished = Job.objects.filter(state__in=UNFINISHED).exclude(promotion=None).values("promotion_id")
    late = SealedValue.objects.filter(typed_at__lt=before).exclude(promotion__in=unfinished)
    for promotion_id in set(late.values_list("promotion_id", flat=True)):
        SealedValue.objects.filter(promotion=promotion_id, typed_at__lt=before).delete()
        kept = SealedValue.objects.filter(promotion=promotion_id).values_list("digest", flat=True)
        PlanItem.objects.filter(
            plan__promotion=promotion_id, plan__state=PlanState.OPEN, decision=Decision.FILL, input=ItemInput.SECRET
        ).exclude(target__id__in=list(kept)).update(decision=Decision.UNDECIDED, target=None)
