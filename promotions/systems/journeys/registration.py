"""Everything journeys tell others at start."""

from datetime import timedelta

from django.conf import settings

from accounts import registries
from promotions.engine import registry, schedules
from promotions.engine.schedules import Routine
from promotions.services import routines
from promotions.systems import base
from promotions.systems.journeys import kinds
from promotions.systems.journeys.comparing import CompareJourneys
from promotions.systems.journeys.importing import ImportJourney
from promotions.systems.journeys.planning import JourneySystem
from promotions.systems.journeys.reading import ReadJourney
from promotions.systems.journeys.synchronizing import SynchronizeJourneys

SERVICE = registries.RemoteService(
    name=kinds.SERVICE,
    label="Journey service URL",
    default="https://journey.adobe.io/authoring",
    help="Where the export and import routes of journeys live; some organizations have them at "
    "https://platform.adobe.io/journey/orchestration.",
    allows_path=True,
)


def register() -> None:
    registries.register_service(SERVICE)
    base.register(JourneySystem())
    for job_type in (SynchronizeJourneys(), ReadJourney(), CompareJourneys(), ImportJourney()):
        registry.register(job_type)
    every = timedelta(seconds=settings.SYNC_INTERVAL_S)
    schedules.register(Routine(kinds.SYNCHRONIZE, every, routines.request_of(kinds.SYNCHRONIZE)))
    registries.register_pages({"promotions.journey": "promotions:journey-detail"})
