"""What people send along: nothing of it misleads, shows a secret, goes in part, or comes from somewhere else."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.choices import Role
from accounts.models import Organization, User
from promotions.api_choices import ArchiveKind, LifecycleAct
from promotions.models import Archive, Promotion
from promotions.services import api_accounts, api_lifecycles, api_version_plans, archives
from promotions.services.errors import RefusedError
from promotions.systems.snaplogic.acts import Act
from tests.factories import MembershipFactory, SnapLogicOrganizationFactory, UserFactory
from tests.factories_api_accounts import DB_ACCOUNT, with_accounts
from tests.factories_apis import ApiImportPlanFactory, ArchiveFactory
from tests.unit.promotions.zip_making import FILES, METADATA, exported

pytestmark = pytest.mark.django_db

MIB = 1 << 20
HOST = "/property_map/settings/connectionProperties/value/hostname/value"


@pytest.fixture
def environment() -> Organization:
    made: Organization = SnapLogicOrganizationFactory()
    return made


@pytest.fixture
def operator(environment: Organization) -> User:
    user: User = UserFactory()
    MembershipFactory(user=user, organization=environment, role=Role.OPERATOR)
    return user


@pytest.mark.parametrize("sign", ["\u202e", "\u2066"])
def test_a_name_that_turns_the_direction_of_reading_is_refused(
    environment: Organization, operator: User, sign: str
) -> None:
    asset = {"type": "Policy", "name": f"{sign}added(tset"}
    content = {**FILES, "export.json": json.dumps({**METADATA, "assets": [asset]}).encode()}

    with pytest.raises(RefusedError, match="turns the direction of reading"):
        archives.receive(organization=environment, chunks=[exported(content)], file_name="a.zip", actor=operator)

    assert not Archive.objects.exists()


def test_a_secret_in_a_value_that_all_may_read_is_refused(environment: Organization, operator: User) -> None:
    plan = with_accounts(ApiImportPlanFactory(promotion__archive__organization=environment))
    typed = {HOST: "jdbc:postgresql://sync:canary-4711@db.test/orders"}

    with pytest.raises(RefusedError, match="holds a secret") as caught:
        api_accounts.edit(plan=plan, uuid=DB_ACCOUNT, typed=typed, stored={}, actor=operator)

    assert "canary-4711" not in caught.value.message


def test_expression_files_of_a_third_environment_do_not_go_along(environment: Organization, operator: User) -> None:
    third = SnapLogicOrganizationFactory()
    MembershipFactory(user=operator, organization=third, role=Role.OPERATOR)
    extras = ArchiveFactory(organization=third, kind=ArchiveKind.EXPRESSIONS, inventory={"files": ["rates.expr"]})

    with pytest.raises(RefusedError, match="neither source nor target"):
        api_version_plans.plan_import(
            source=ArchiveFactory(organization=environment),
            target=environment,
            api="orders",
            version="v2",
            expressions=extras,
            actor=operator,
        )

    assert not Promotion.objects.exists()


def test_of_several_files_all_go_along_or_none(
    environment: Organization, operator: User, signed_in: Callable[[User], Client], settings: Any, tmp_path: Path
) -> None:
    settings.ARCHIVE_MAX_MB, settings.DATA_DIR, settings.READY_FREE_MB = 3, tmp_path, 0
    plan = ApiImportPlanFactory(promotion__archive__organization=environment)
    files = [SimpleUploadedFile(f"{name}.expr", b" " * 2 * MIB) for name in ("rates", "fees")]

    answer = signed_in(operator).post(
        reverse("promotions:plan-expressions", args=[plan.pk]), {"expressions": files}, follow=True
    )

    assert "together larger than 3 MiB" in answer.content.decode()
    assert not Archive.objects.filter(kind=ArchiveKind.EXPRESSIONS).exists()


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ('{"openapi": NaN}', "NaN and Infinity"),
        ('{"openapi": "3.0", "openapi": "3.1"}', "names a member twice"),
        ('{"title": "\\ud800"}', "signs that are no text"),
        ('{"a":' * 200 + "1" + "}" * 200, "nested more than 100 levels"),
        ("[]", "no JSON object"),
        ("{", "is not JSON"),
    ],
)
def test_a_specification_that_would_arrive_as_another_one_is_refused(
    environment: Organization, operator: User, spec: str, words: str
) -> None:
    act = Act(LifecycleAct.PUBLISH, (("orders", "v1"),), contact_email="owner@example.test", spec=spec)

    with pytest.raises(RefusedError, match=words):
        api_lifecycles.plan_change(organization=environment, act=act, actor=operator)
