"""Changes of drafts, and what can be asked before one."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from accounts.models import User
from promotions import access
from promotions.api.base import ApiView
from promotions.api.problems import UnderWayError
from promotions.api.serializers.jobs import JobDetailSerializer
from promotions.api.serializers.package_building import ArtifactsInput, ObjectsInput
from promotions.api.views.promotions import named
from promotions.choices import UNFINISHED
from promotions.models import Job, Package
from promotions.services import asked_expiries, building, jobs, package_readings
from promotions.services.building import NewArtifact
from promotions.services.errors import ConflictError

STARTS = "Starts a job. While another change of the package is under way, it is refused with 409, which names that job."


def started(act: Callable[[], Job], scope: str) -> Job:
    """The job of an act; if another holds what it concerns, the refusal names that one."""
    try:
        return act()
    except ConflictError as refusal:
        standing = Job.objects.filter(scope=scope, state__in=UNFINISHED).first()
        if standing is not None:
            raise UnderWayError(refusal, standing) from refusal
        raise


def artifacts_of(body: dict[str, Any]) -> list[NewArtifact]:
    return [NewArtifact(**one) for one in body["artifacts"]]


class PackageArtifactsView(ApiView):
    @extend_schema(
        operation_id="packages_add_artifacts",
        summary="Add objects to a draft",
        description=f"{STARTS} Objects that it holds already are left out.",
        tags=["Packages"],
        request=ArtifactsInput,
        responses={202: JobDetailSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        package = access.package_for_operation(self.user, pk)
        artifacts = artifacts_of(self.body(ArtifactsInput))
        job = started(
            lambda: building.add_artifacts(package=package, artifacts=artifacts, actor=self.user),
            jobs.scope_of(package),
        )
        return self.answer(JobDetailSerializer, job, status=202, at="job-detail")


class PackageArtifactsRemoveView(ApiView):
    @extend_schema(
        operation_id="packages_remove_artifacts",
        summary="Remove objects from a draft",
        description=f"{STARTS} Objects that it does not hold are left out.",
        tags=["Packages"],
        request=ArtifactsInput,
        responses={202: JobDetailSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        package = access.package_for_operation(self.user, pk)
        artifacts = artifacts_of(self.body(ArtifactsInput))
        job = started(
            lambda: building.remove_artifacts(package=package, artifacts=artifacts, actor=self.user),
            jobs.scope_of(package),
        )
        return self.answer(JobDetailSerializer, job, status=202, at="job-detail")


class PackageReadView(ApiView):
    @extend_schema(
        operation_id="packages_read",
        summary="Read one package again, with what the platform offers for it",
        description="Starts a job, or answers with the one that is under way.",
        tags=["Packages"],
        request=None,
        responses={202: JobDetailSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        job = package_readings.read_package(package=access.package_for_operation(self.user, pk), actor=self.user)
        return self.answer(JobDetailSerializer, job, status=202, at="job-detail")


class ObjectsView(ApiView):
    @extend_schema(
        operation_id="organizations_read_objects",
        summary="List the objects of one type in a sandbox",
        description="Starts a job, or answers with the one that is under way. Its result has `is_offered`, since not "
        "every platform lists objects, and `objects`, each with `id` and `title`.",
        tags=["Packages"],
        request=ObjectsInput,
        responses={202: JobDetailSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        organization = access.organization_for_operation(self.user, pk)
        body = self.body(ObjectsInput)
        sandbox = named("sandbox", access.sandbox_for_read, self.user, body)
        job = package_readings.read_objects(
            organization=organization, sandbox=sandbox, type=body["type"], actor=self.user
        )
        return self.answer(JobDetailSerializer, job, status=202, at="job-detail")


def change(package: Package, body: dict[str, Any], *, person: User) -> Job:
    """Have a draft changed as a body says; what it leaves out stays as it is, or as it was asked for."""
    return started(
        lambda: building.edit_package(
            package=package,
            name=body.get("name", package.name),
            description=body.get("description", package.description),
            expires_at=body["expires_at"] if "expires_at" in body else asked_expiries.asked_expiry(package),
            actor=person,
        ),
        jobs.scope_of(package),
    )
