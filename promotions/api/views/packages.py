"""Packages: list, make, detail, change, delete, synchronise, publish."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from promotions import access
from promotions.api.base import ApiView, paged
from promotions.api.filters import PackageQuery, package_filters
from promotions.api.problems import UnderWayError
from promotions.api.serializers.jobs import JobDetailSerializer
from promotions.api.serializers.package_building import PackageChangeInput, PackageDeleteQuery, PackageInput
from promotions.api.serializers.packages import (
    DependenciesSerializer,
    PackageDetailSerializer,
    PackageSerializer,
    PublishInput,
    PublishManyInput,
    PublishOutcomesSerializer,
)
from promotions.api.views.package_building import STARTS, artifacts_of, change, started
from promotions.api.views.promotions import named
from promotions.models import Package
from promotions.queries import PACKAGE_ORDERS, package_page, unfinished_write
from promotions.services import building, jobs, packages
from promotions.services.errors import ConflictError, RefusedError


class PackageListView(ApiView):
    @extend_schema(
        operation_id="packages_list",
        summary="List packages",
        tags=["Packages"],
        parameters=[PackageQuery],
        responses=paged(PackageSerializer),
    )
    def get(self, request: Request) -> Response:
        query = PackageQuery.read(request)
        rows = Package.objects.visible_to(self.user).select_related("organization")
        page = package_page(
            self.user,
            rows,
            package_filters(query),
            PACKAGE_ORDERS[query["order"]],
            query.get("cursor", ""),
            size=query["limit"],
            read=Package.objects.select_related("organization"),
        )
        return self.answer_page(PackageSerializer, page)

    @extend_schema(
        operation_id="packages_create",
        summary="Make a package",
        description="Starts a job, which has the package once the platform has made it. While one of that name is "
        "being made, it is refused with 409, which names that job.",
        tags=["Packages"],
        request=PackageInput,
        responses={202: JobDetailSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        body = self.body(PackageInput)
        sandbox = named("sandbox", access.sandbox_for_read, self.user, body)
        organization = sandbox.organization
        job = started(
            lambda: building.create_package(
                organization=organization,
                sandbox=sandbox,
                artifacts=artifacts_of(body),
                **{name: body[name] for name in ("name", "description", "package_type", "expires_at", "publishes")},
                actor=self.user,
            ),
            building.scope_of_name(organization, body["name"]),
        )
        return self.answer(JobDetailSerializer, job, status=202, at="job-detail")


class PackageView(ApiView):
    @extend_schema(
        operation_id="packages_retrieve", summary="One package", tags=["Packages"], responses=PackageDetailSerializer
    )
    def get(self, request: Request, pk: int) -> Response:
        return self.answer(PackageDetailSerializer, access.package_for_read(self.user, pk))

    @extend_schema(
        operation_id="packages_update",
        summary="Change name, text and expiry of a draft",
        description=f"{STARTS} What is left out stays.",
        tags=["Packages"],
        request=PackageChangeInput,
        responses={202: JobDetailSerializer},
    )
    def patch(self, request: Request, pk: int) -> Response:
        package = access.package_for_operation(self.user, pk)
        job = change(package, self.body(PackageChangeInput), person=self.user)
        return self.answer(JobDetailSerializer, job, status=202, at="job-detail")

    @extend_schema(
        operation_id="packages_delete",
        summary="Delete a package",
        description=f"{STARTS} Whatever unfinished needs it is listed, also with 409.",
        tags=["Packages"],
        parameters=[PackageDeleteQuery],
        responses={202: JobDetailSerializer},
    )
    def delete(self, request: Request, pk: int) -> Response:
        package = access.package_for_operation(self.user, pk)
        query = PackageDeleteQuery.read(request)
        job = started(
            lambda: building.delete_package(package=package, typed_name=query["name"], actor=self.user),
            jobs.scope_of(package),
        )
        return self.answer(JobDetailSerializer, job, status=202, at="job-detail")


class PackagePublishView(ApiView):
    @extend_schema(
        operation_id="packages_publish",
        summary="Publish a package",
        description="Starts a job. While one is under way, asking again is refused with 409 and names it.",
        tags=["Packages"],
        request=PublishInput,
        responses={202: JobDetailSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        package = access.package_for_operation(self.user, pk)
        body = self.body(PublishInput)
        try:
            job = packages.request_publish(package=package, expiry_days=body["expiry_days"], actor=self.user)
        except ConflictError as refusal:
            if (standing := unfinished_write(package)) is not None:
                raise UnderWayError(refusal, standing) from refusal
            raise
        return self.answer(JobDetailSerializer, job, status=202, at="job-detail")


class PackagesPublishView(ApiView):
    @extend_schema(
        operation_id="packages_publish_many",
        summary="Publish several packages",
        description="Starts a job for each; those that cannot be published say why and keep none back.",
        tags=["Packages"],
        request=PublishManyInput,
        responses=PublishOutcomesSerializer,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        body = self.body(PublishManyInput)
        wanted = list(dict.fromkeys(body["packages"]))
        found = Package.objects.visible_to(self.user).select_related("organization").in_bulk(wanted)
        missing = [pk for pk in wanted if pk not in found]
        if missing:
            raise RefusedError(f"There is no package {missing[0]}, or you may not see it.", field="packages")
        outcomes = packages.publish_together(
            packages=[found[pk] for pk in wanted], expiry_days=body["expiry_days"], actor=self.user
        )
        return self.answer(PublishOutcomesSerializer, {"outcomes": outcomes})


class PackageDependenciesView(ApiView):
    @extend_schema(
        operation_id="packages_dependencies",
        summary="What the objects of a package need, as last read",
        tags=["Packages"],
        responses=DependenciesSerializer,
    )
    def get(self, request: Request, pk: int) -> Response:
        package = access.package_for_read(self.user, pk)
        read_at, changed_at = package.dependencies_read_at, package.remote_modified_at
        found = package.dependencies or {}
        return self.answer(
            DependenciesSerializer,
            {
                "read_at": read_at,
                "is_old": bool(read_at and changed_at and changed_at > read_at),
                "is_cut": bool(found.get("is_cut")),
                "nodes": found.get("nodes", []),
                "children": found.get("children", {}),
            },
        )

    @extend_schema(
        operation_id="packages_read_dependencies",
        summary="Read what the objects of a package need",
        description="Starts a job, or answers with the one that is under way.",
        tags=["Packages"],
        request=None,
        responses={202: JobDetailSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        job = packages.request_dependencies(package=access.package_for_operation(self.user, pk), actor=self.user)
        return self.answer(JobDetailSerializer, job, status=202, at="job-detail")


class PackageSynchronizeView(ApiView):
    @extend_schema(
        operation_id="packages_synchronize",
        summary="Read all packages of an organization again",
        description="Starts a job, or answers with the one that is under way.",
        tags=["Packages"],
        request=None,
        responses={202: JobDetailSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        organization = access.organization_for_operation(self.user, pk)
        job = packages.request_synchronization(organization=organization, actor=self.user)
        return self.answer(JobDetailSerializer, job, status=202, at="job-detail")
