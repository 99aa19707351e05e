"""Deleting the record of a workflow from the page of its job."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Organization, User
from promotions.models import Job
from promotions.systems.decisioning import kinds
from tests.factories_decisioning import migrated

WORKFLOW = "7b0c1d2e-0000-4000-8000-000000000001"


@pytest.fixture
def migration(organization: Organization) -> Job:
    job: Job = migrated(organization)
    Job.objects.filter(pk=job.pk).update(remote_id=WORKFLOW)
    return job


def raw_tab(browser: Client, job: Job) -> str:
    return browser.get(reverse("promotions:job-detail", args=[job.pk]), {"tab": "raw"}).content.decode()


def test_it_is_offered_beside_the_document_in_the_first_revision_only(
    signed_in: Callable[[User], Client], teammate: User, organization: Organization, migration: Job
) -> None:
    browser, where = signed_in(teammate), reverse("promotions:job-delete-record", args=[migration.pk])
    before = raw_tab(browser, migration)
    organization.service_dialects = {"decisioning": "r1"}
    organization.save(update_fields=["service_dialects"])

    offered, question = raw_tab(browser, migration), browser.get(where).content.decode()
    asked = browser.post(where)

    deletion = Job.objects.get(kind=kinds.DELETE)
    assert where not in before
    assert where in offered
    assert WORKFLOW in question
    assert "can no longer be rolled back" in question
    assert asked["Location"] == reverse("promotions:job-detail", args=[deletion.pk])
    assert f"Job {deletion.pk} deletes it already, or has." in raw_tab(browser, migration)
