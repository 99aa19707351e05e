"""Words of journeys for templates."""

from django import template

from promotions.models import Journey, JourneyVersion

register = template.Library()


@register.filter
def state_word(thing: Journey | JourneyVersion, slug: str) -> str:
    """The word on the badge, if its look has none that fits: an unknown state speaks for itself."""
    return thing.raw_state if slug == "unknown" else ""


@register.filter
def raw_words(thing: Journey | JourneyVersion) -> str:
    """What the platform calls the state, for the hover."""
    return f"The platform says “{thing.raw_state}”" if thing.raw_state else "The platform names no state"
