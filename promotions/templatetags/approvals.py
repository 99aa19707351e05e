"""Template tags about approvals."""

from django import template

from promotions import approval_facts
from promotions.models import Approval

register = template.Library()


@register.filter
def approval_badge(approval: Approval) -> str:
    """The name of its look."""
    return approval_facts.badge_of(approval)
