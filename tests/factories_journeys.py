"""Journeys for tests: each factory makes one object and what it cannot live without."""

import json
from collections.abc import Mapping
from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from accounts.models import Organization
from promotions.choices import JourneySource, JourneyState
from promotions.models import Journey, JourneyCopy, JourneyReading, JourneyVersion, Plan
from promotions.services import documents
from promotions.systems.journeys import kinds
from tests.factories import SandboxFactory
from tests.factories_promotions import PlanFactory


class JourneyFactory(DjangoModelFactory[Journey]):
    """A draft that the authoring API names, unless a trait says otherwise."""

    class Meta:
        model = Journey

    class Params:
        live = factory.Trait(state=JourneyState.LIVE, raw_state="deployed")
        broken = factory.Trait(problem="It is listed, but its latest version cannot be read.")
        vanished = factory.Trait(vanished_at=factory.LazyFunction(timezone.now))
        newer_only = factory.Trait(source=JourneySource.RETRIEVE)

    sandbox = factory.SubFactory(SandboxFactory)
    organization = factory.SelfAttribute("sandbox.organization")
    uid = factory.Sequence(lambda n: f"journey-{n}")
    name = factory.Sequence(lambda n: f"Journey {n}")
    sort_name = factory.LazyAttribute(lambda made: made.name.lower())
    search_text = factory.LazyAttribute(lambda made: f"{made.name}\n{made.description}\n{made.uid}".lower())
    state = JourneyState.DRAFT
    raw_state = "updated"
    description = ""
    latest_version_uid = factory.LazyAttribute(lambda made: f"{made.uid}-v1")
    latest_version = "1.0"
    version_count = 1
    remote_modified_at = factory.LazyFunction(timezone.now)
    sort_at = factory.LazyAttribute(lambda made: made.remote_modified_at or timezone.now())
    modified_by = "Ada Author"


class JourneyVersionFactory(DjangoModelFactory[JourneyVersion]):
    class Meta:
        model = JourneyVersion

    journey = factory.SubFactory(JourneyFactory)
    uid = factory.LazyAttribute(lambda made: f"{made.journey.uid}-v{made.version.split('.')[0]}")
    version = "1.0"
    sort_key = factory.LazyAttribute(lambda made: f"{int(made.version.split('.')[0]):09d}")
    state = JourneyState.DRAFT
    raw_state = "updated"
    modified_at = factory.LazyFunction(timezone.now)
    modified_by = "Ada Author"


class JourneyReadingFactory(DjangoModelFactory[JourneyReading]):
    class Meta:
        model = JourneyReading

    sandbox = factory.SubFactory(SandboxFactory)
    authoring = "answers"
    retrieve = "answers"
    listed = 1
    is_complete = True
    read_at = factory.LazyFunction(timezone.now)


class JourneyCopyFactory(DjangoModelFactory[JourneyCopy]):
    """What an import made; give it the job and the promotion."""

    class Meta:
        model = JourneyCopy

    target_sandbox = factory.SubFactory(SandboxFactory)
    target_organization = factory.SelfAttribute("target_sandbox.organization")
    source_organization = factory.SelfAttribute("target_sandbox.organization")
    source_sandbox_name = "dev"
    source_uid = factory.Sequence(lambda n: f"journey-{n}")
    source_version_uid = factory.LazyAttribute(lambda made: f"{made.source_uid}-v1")
    source_version = "1.0"
    uid = factory.Sequence(lambda n: f"copy-{n}")
    version_uid = factory.LazyAttribute(lambda made: f"{made.uid}-v1")
    name = factory.Sequence(lambda n: f"Journey {n}_copy")


def journey_plan(organization: Organization, document: Mapping[str, Any] | None = None, **options: Any) -> Plan:
    """An open plan with this export, without anything to decide."""
    content = json.dumps({"journey": {"name": "Winback"}} if document is None else document).encode()
    found: Plan = PlanFactory(
        promotion__package__organization=organization,
        promotion__system=kinds.SYSTEM,
        promotion__pick={"version_uid": "v1", "uid": "j1", "version": "3.0", "sandbox": "dev"},
        facts={"content": "digest"},
        document=documents.keep(organization=organization, kind=kinds.EXPORT, remote_id="v1", content=content),
        **options,
    )
    return found
