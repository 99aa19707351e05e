"""Zips of API versions and of expression files: list, upload, detail, erase."""

from collections.abc import Callable

from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import access
from accounts.api.idempotency import KEY, idempotent
from accounts.choices import OrganizationKind
from config.parsers import UploadParser
from promotions.access_apis import archive_for_change, archive_for_read, archives_for_read, require_api_targets
from promotions.api.base import ApiView, paged
from promotions.api.serializers.archives import (
    ArchiveDetailSerializer,
    ArchiveInput,
    ArchiveQuery,
    ArchiveSerializer,
)
from promotions.api.views.promotions import named
from promotions.api_choices import ArchiveKind
from promotions.keyset import Order
from promotions.models import Archive
from promotions.services import archives
from promotions.services.errors import RefusedError

NEWEST_FIRST = Order("created_at", is_descending=True, is_time=True)


class ArchiveListView(ApiView):
    def get_parsers(self) -> list[BaseParser]:
        return [UploadParser()]

    @extend_schema(
        operation_id="archives_list",
        summary="List zips of API versions and of expression files, newest first",
        tags=["API versions"],
        parameters=[ArchiveQuery],
        responses=paged(ArchiveSerializer),
    )
    def get(self, request: Request) -> Response:
        query = ArchiveQuery.read(request)
        found = archives_for_read(self.user).defer("inventory")
        filters = {"organization": query.get("organization"), "kind": query.get("kind")}
        found = found.filter(**{name: value for name, value in filters.items() if value is not None})
        if query["erased"] is not None:
            found = found.filter(erased_at__isnull=not query["erased"])
        return self.page(ArchiveSerializer, found, NEWEST_FIRST, query)

    @extend_schema(
        operation_id="archives_create",
        summary="Upload the zip of an exported version, or expression files",
        description="It is looked through as it comes, and kept encrypted, byte for byte, until nothing has needed it "
        "for a while. What is not safe, not whole, or no export of a version is refused with 422; then nothing stays. "
        "Under an Idempotency-Key, the same file by the same name counts as the same call.",
        tags=["API versions"],
        parameters=[KEY],
        request={"multipart/form-data": ArchiveInput},
        responses={201: ArchiveDetailSerializer},
    )
    def post(self, request: Request) -> Response:
        require_api_targets(self.user)  # before anything is read
        body = self.form(ArchiveInput, "file")
        file: UploadedFile[bytes] = body["file"]
        organization = named("organization", access.organization_for_read, self.user, body)
        if organization.kind != OrganizationKind.SNAPLOGIC:
            raise RefusedError(
                f"{organization} has no API versions. Choose an environment of SnapLogic.", field="organization"
            )
        with archives.arriving(
            organization=organization,
            chunks=file.chunks(),
            file_name=file.name or "",
            actor=self.user,
            kind=ArchiveKind(body["kind"]),
        ) as keep:
            return self._kept(request, keep)

    @idempotent
    def _kept(self, request: Request, keep: Callable[[], Archive]) -> Response:
        return self.answer(ArchiveDetailSerializer, keep(), status=201, at="archive-detail")

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, RefusedError) and exc.field == "expressions":
            exc = RefusedError(exc.message, field="file")
        return super().handle_exception(exc)


class ArchiveView(ApiView):
    @extend_schema(
        operation_id="archives_retrieve",
        summary="One zip, with what a look into it found",
        tags=["API versions"],
        responses=ArchiveDetailSerializer,
    )
    def get(self, request: Request, pk: int) -> Response:
        return self.answer(ArchiveDetailSerializer, archive_for_read(self.user, pk))

    @extend_schema(
        operation_id="archives_erase",
        summary="Erase the content of a zip",
        description="What is known of it stays, so that runs go on telling what they sent. Refused with 422 while a "
        "job or a plan needs it, and if it was erased already.",
        tags=["API versions"],
        request=None,
        responses={204: None},
    )
    def delete(self, request: Request, pk: int) -> Response:
        archives.erase(archive=archive_for_change(self.user, pk), actor=self.user)
        return Response(status=204)
