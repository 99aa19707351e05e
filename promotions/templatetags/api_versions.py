"""What templates tell of changes of the life of API versions."""

from django import template

from promotions.models import ApiVersion, Job
from promotions.services.api_lifecycles import known_versions
from promotions.systems.snaplogic.acts import Act

register = template.Library()

VERSIONS_SHOWN = 20


@register.simple_tag
def versions_of(job: Job) -> list[ApiVersion]:
    """The versions that a change of life was about, as far as they are known; the first of them."""
    if job.promotion is None:
        return []
    known = known_versions(job.organization, Act.of(job.promotion).versions[:VERSIONS_SHOWN])
    return [row for row in known.values() if row is not None]
