"""Versions of packages: list, save, compare."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from promotions import access
from promotions.api.base import ApiView
from promotions.api.problems import UnderWayError
from promotions.api.serializers.jobs import JobDetailSerializer
from promotions.api.serializers.package_versions import CompareInput, ComparisonSerializer, VersionsSerializer
from promotions.api.views.promotions import named
from promotions.queries import unfinished_write
from promotions.services import versions
from promotions.services.errors import ConflictError


class PackageVersionsView(ApiView):
    @extend_schema(
        operation_id="packages_versions",
        summary="Versions of a package, as last read",
        tags=["Packages"],
        responses=VersionsSerializer,
    )
    def get(self, request: Request, pk: int) -> Response:
        package = access.package_for_read(self.user, pk)
        reason = versions.reason_not_offered(package)
        return self.answer(
            VersionsSerializer,
            {
                "is_offered": not reason,
                "reason_not_offered": reason,
                "latest_version": package.package_version,
                "versions": package.versions,
            },
        )

    @extend_schema(
        operation_id="packages_save_version",
        summary="Save the package's objects as they are now as a new version",
        description="Starts a job. While another one changes the package, it is refused with 409 and names that.",
        tags=["Packages"],
        request=None,
        responses={202: JobDetailSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        package = access.package_for_operation(self.user, pk)
        try:
            job = versions.request_version(package=package, actor=self.user)
        except ConflictError as refusal:
            if (standing := unfinished_write(package)) is not None:
                raise UnderWayError(refusal, standing) from refusal
            raise
        return self.answer(JobDetailSerializer, job, status=202, at="job-detail")


class PackageVersionsReadView(ApiView):
    @extend_schema(
        operation_id="packages_read_versions",
        summary="Read the versions of a package",
        description="Starts a job, or answers with the one that is under way.",
        tags=["Packages"],
        request=None,
        responses={202: JobDetailSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        job = versions.request_history(package=access.package_for_operation(self.user, pk), actor=self.user)
        return self.answer(JobDetailSerializer, job, status=202, at="job-detail")


class PackageCompareView(ApiView):
    @extend_schema(
        operation_id="packages_comparison",
        summary="How a package differs from a sandbox, as last compared",
        tags=["Packages"],
        responses=ComparisonSerializer,
    )
    def get(self, request: Request, pk: int) -> Response:
        nothing: dict[str, Any] = {"at": None, "target": "", "version": "", "left_out": 0, "objects": []}
        return self.answer(
            ComparisonSerializer, {**nothing, **(access.package_for_read(self.user, pk).comparison or {})}
        )

    @extend_schema(
        operation_id="packages_compare",
        summary="Compare a package with a sandbox",
        description="Starts a job, or answers with the same comparison that is under way. GET then tells what it "
        "found.",
        tags=["Packages"],
        request=CompareInput,
        responses={202: JobDetailSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        package = access.package_for_operation(self.user, pk)
        body = self.body(CompareInput)
        sandbox = None if body["sandbox"] is None else named("sandbox", access.sandbox_for_read, self.user, body)
        job = versions.request_comparison(package=package, sandbox=sandbox, actor=self.user)
        return self.answer(JobDetailSerializer, job, status=202, at="job-detail")
