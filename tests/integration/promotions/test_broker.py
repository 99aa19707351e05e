"""What a dead broker costs: a note in the log, and a second of waiting."""

import logging

import pytest
from django.db import transaction

from promotions.models import Job
from promotions.services import jobs
from promotions.systems.packages import kinds
from tests.factories import OrganizationFactory
from tests.services import PrivateValkey


@pytest.mark.django_db(transaction=True)
def test_work_is_queued_although_the_broker_is_dead(
    installation_valkey: PrivateValkey, caplog: pytest.LogCaptureFixture
) -> None:
    organization = OrganizationFactory()
    installation_valkey.kill()
    try:
        with caplog.at_level(logging.WARNING), transaction.atomic():
            job = jobs.queue(kind=kinds.SYNCHRONIZE, title="Packages", organization=organization, actor=None)
    finally:
        installation_valkey.start()

    assert Job.objects.filter(pk=job.pk, state="queued").exists()
    assert "could not be told" in caplog.text
