"""Template tags about flows of journeys: how steps, marks and used objects look."""

from django import template

from promotions.journey_looks import MARKS, MarkLook, StepLook, look_of

register = template.Library()

ICONS = {
    "event": "bell",
    "data source": "link",
    "field group": "schema",
    "custom action": "settings",
    "audience": "audience",
    "journey": "journey",
}


@register.filter
def step_look(kind: str) -> StepLook:
    """Word, shape, tone and icon of a step of this kind."""
    return look_of(kind)


@register.filter
def mark_look(mark: str) -> MarkLook | None:
    """Sign, word and tone of a mark; None for what is the same on both sides."""
    return MARKS.get(mark)


@register.filter
def used_icon(kind: str) -> str:
    """The icon of something that a journey uses."""
    return ICONS.get(kind, "object")
