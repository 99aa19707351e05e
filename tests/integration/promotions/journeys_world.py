"""Journeys of the emulator on their way from sandbox to sandbox, and what may be left of their secrets: nothing."""

import json
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from accounts.models import Organization, Sandbox, User
from clients.journeys import JourneysClient
from promotions.choices import FINISHED, Decision, ItemInput
from promotions.engine import registry
from promotions.models import Job, Journey, Plan, PlanItem, SealedValue
from promotions.services import decisions, journey_plans, journeys, plans, runs
from promotions.services.decisions import Verdict
from promotions.systems.journeys import payload
from promotions.systems.journeys.connection import journeys as authoring
from promotions.systems.journeys.connection import sources
from promotions.systems.journeys.merging import merged
from tests.integration.promotions.conftest import Platform, sandbox_of

NAME = "Parcel promise"
SECRET = 'typed "s3cret" of the täst'
IMPORT = "*/journeyVersions/import"
SETTLE = timedelta(seconds=settings.SUBMIT_SETTLE_S + 1)


class World:
    """Acme's journeys in dev, and what Towpath does with them."""

    def __init__(self, platform: Platform, acme: Organization, operator: User, drive: Callable[[Job], Job]) -> None:
        self.platform, self.acme, self.operator, self.drive = platform, acme, operator, drive

    def journey(self, name: str = NAME, **facts: Any) -> Journey:
        """A new one with one secret and one event, as its list told of it."""
        self.platform.control("journeys", organization="Acme", sandbox="dev", names=[name], **{"secrets": 1, **facts})
        return self.known(name)

    def known(self, name: str, organization: Organization | None = None) -> Journey:
        sandbox = sandbox_of(organization or self.acme, "dev")
        with sources(sandbox.organization) as found:
            journeys.apply(sandbox, merged(found.authoring("dev").list_journeys(), None))
        return Journey.objects.get(sandbox=sandbox, name=name)

    def bare_journey(self) -> Journey:
        """One without a description, which has no place for our mark."""
        self.platform.switch(journey_keep_description=False)
        self.by_hand(self.journey("Parcel"), "dev")
        self.platform.switch(journey_keep_description=True)
        return self.known("Parcel_copy")

    def take_in(self, sandbox: str, client: JourneysClient) -> None:
        """Know what a sandbox has."""
        journeys.apply(sandbox_of(self.acme, sandbox), merged(client.list_journeys(), None))

    def by_hand(self, journey: Journey, sandbox: str = "stage") -> str:
        """Somebody imports it past Towpath, with all secrets filled in; the uid of the version that it makes."""
        with authoring(journey.organization, sandbox=journey.sandbox.name) as client:
            content = client.export(journey.latest_version_uid).content
        secrets = [finding for finding in payload.survey(content).findings if finding.kind == "secret"]
        edits = {pointer: "by hand" for finding in secrets for pointer in finding.pointers}
        with authoring(journey.organization, sandbox=sandbox) as client:
            return client.import_version(payload.edited(content, edits)).version_uid

    def plan(self, journey: Journey | None = None, target: Sandbox | None = None, actor: User | None = None) -> Plan:
        """The facts of the latest version are gathered."""
        journey = journey or self.journey()
        promotion = journey_plans.plan_promotion(
            journey=journey,
            version_uid=journey.latest_version_uid,
            sandbox=target or sandbox_of(self.acme, "stage"),
            actor=actor or self.operator,
        )
        return self.gathered(promotion.current_plan)

    def gathered(self, plan: Plan) -> Plan:
        job = plans.gathering_job(plan)
        assert job is not None
        self.drive(job)
        return plan.promotion.current_plan

    def fill(self, plan: Plan, actor: User | None = None) -> Plan:
        """Where nothing is decided yet, type the secrets, take the target's schemas, keep everything else."""
        undecided = plan.items.filter(must_decide=True, decision=Decision.UNDECIDED)
        verdicts = [verdict_on(item) for item in undecided]
        decisions.decide(plan=plan, verdicts=verdicts, actor=actor or self.operator)
        return plan.promotion.current_plan

    def requested(self, plan: Plan | None = None) -> Job:
        """A run that waits for a worker."""
        plan = plan or self.fill(self.plan())
        return runs.request_run(plan=Plan.objects.get(pk=plan.pk), actor=self.operator)

    def run(self, plan: Plan | None = None) -> Job:
        return self.drive(self.requested(plan))

    def words(self, job: Job) -> str:
        """What its page says to do next."""
        return registry.describe(job)

    def imports(self) -> int:
        """How often something was imported, whatever was answered."""
        return self.platform.effects("journeys.import")

    def sent(self) -> int:
        """How often an import was asked for."""
        return sum(row["path"].endswith("/journeyVersions/import") for row in self.platform.requests())


def verdict_on(item: PlanItem, secret: str = SECRET) -> Verdict:
    if item.input == ItemInput.SECRET:
        return Verdict(item.pk, Decision.FILL, value=secret)
    choice = item.choices[0]
    return Verdict(item.pk, Decision(choice["decision"]), choice["target"]["id"] if choice["target"] else "")


def fresh(job: Job) -> Job:
    job.refresh_from_db()
    return job


def texts(job: Job) -> str:
    return "\n".join(job.events.values_list("text", flat=True))


def traces_of(secret: str) -> list[str]:
    """Where in the database a text stands, in any column of any table, also as JSON spells it."""
    forms = {secret, json.dumps(secret)[1:-1], json.dumps(json.dumps(secret))[3:-3]}
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608  names from the database
            names = [column[0] for column in cursor.description or ()]
            for row in cursor.fetchall():
                cells = (
                    (name, value if isinstance(value, str) else repr(value))
                    for name, value in zip(names, row, strict=True)
                )
                found += [f"{table}.{name}: {text[:200]}" for name, text in cells if any(one in text for one in forms)]
    return found


@pytest.fixture
def world(
    platform: Platform,
    acme: Organization,
    operator: User,
    drive: Callable[[Job], Job],
    caplog: pytest.LogCaptureFixture,
) -> Iterator[World]:
    """Whatever a test does with it, what was typed is in no table and no log afterwards, and gone with its run."""
    caplog.set_level(logging.DEBUG)

    yield World(platform, acme, operator, drive)

    assert traces_of(SECRET) == []
    assert SECRET not in caplog.text
    held = SealedValue.objects.values_list("promotion_id", flat=True)
    over = Job.objects.filter(state__in=FINISHED, submit_count__gt=0, promotion__in=list(held))
    assert list(over.exclude(state="failed")) == []
