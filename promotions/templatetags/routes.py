"""Template filters about where a promotion comes from and goes to, as its system calls it."""

from django import template

from promotions.models import Promotion
from promotions.systems.base import system

register = template.Library()


@register.filter
def source_note(promotion: Promotion) -> str:
    """What else tells the source from others, behind its place."""
    return system(promotion.system).source_note(promotion)


@register.filter
def target_note(promotion: Promotion) -> str:
    """What in the target it goes into, where that is more than the sandbox."""
    return system(promotion.system).target_note(promotion)
