"""Organizations, their credentials and sandboxes over the REST API."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import access, registries
from accounts.api.http import caller, checked
from accounts.api.idempotency import idempotent
from accounts.api.lists import ListView
from accounts.api.serializers import (
    CredentialChangeSerializer,
    CredentialSerializer,
    NewCredentialSerializer,
    NewOrganizationSerializer,
    OrganizationChangeSerializer,
    OrganizationSerializer,
    ReasonSerializer,
    SandboxSerializer,
    SecretSerializer,
    StartedSerializer,
)
from accounts.choices import Role
from accounts.http import natural_number
from accounts.models import Credential, Organization, Sandbox
from accounts.services import credentials, organizations

ORGANIZATION_FIELDS = ("name", "is_production", "region", "ims_url", "platform_url")
CREDENTIAL_FIELDS = ("name", "scopes", "metascopes", "issuer", "key_id", "expires_at")


@extend_schema_view(get=extend_schema(summary="List organizations"))
class OrganizationList(ListView[Organization]):
    serializer_class = OrganizationSerializer

    def get_queryset(self) -> QuerySet[Organization]:
        return access.organizations_for_read(caller(self.request))

    @extend_schema(
        summary="Add an organization", request=NewOrganizationSerializer, responses={201: OrganizationSerializer}
    )
    @idempotent
    def post(self, request: Request) -> Response:
        access.require_administrator(caller(request))
        values = checked(NewOrganizationSerializer(data=request.data))
        organization = organizations.create_organization(**values, actor=caller(request))
        return Response(OrganizationSerializer(organization).data, status=201)


class OrganizationDetail(APIView):
    @extend_schema(summary="Read an organization", responses=OrganizationSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return Response(OrganizationSerializer(access.organization_for_read(caller(request), pk)).data)

    @extend_schema(
        summary="Change an organization", request=OrganizationChangeSerializer, responses=OrganizationSerializer
    )
    def patch(self, request: Request, pk: int) -> Response:
        organization = access.organization_for_admin(caller(request), pk)
        values = checked(OrganizationChangeSerializer(data=request.data, partial=True))
        kept = {name: getattr(organization, name) for name in ORGANIZATION_FIELDS}
        changed = organizations.update_organization(
            organization=organization, **{**kept, **values}, actor=caller(request)
        )
        return Response(OrganizationSerializer(changed).data)

    @extend_schema(summary="Delete an organization", request=ReasonSerializer, responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        organization = access.organization_for_administrator(caller(request), pk)
        values = checked(ReasonSerializer(data=request.data))
        organizations.delete_organization(organization=organization, **values, actor=caller(request))
        return Response(status=204)


@extend_schema_view(get=extend_schema(summary="List the credentials of an organization"))
class CredentialList(ListView[Credential]):
    serializer_class = CredentialSerializer

    def get_queryset(self) -> QuerySet[Credential]:
        if getattr(self, "swagger_fake_view", False):
            return Credential.objects.none()
        return access.organization_for_admin(caller(self.request), self.kwargs["pk"]).credentials.all()

    @extend_schema(summary="Add a credential", request=NewCredentialSerializer, responses={201: CredentialSerializer})
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        organization = access.organization_for_admin(caller(request), pk)
        values = checked(NewCredentialSerializer(data=request.data))
        credential = credentials.add_credential(organization=organization, **values, actor=caller(request))
        return Response(CredentialSerializer(credential).data, status=201)


class CredentialDetail(APIView):
    @extend_schema(summary="Read a credential", responses=CredentialSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return Response(CredentialSerializer(access.credential_for_admin(caller(request), pk)).data)

    @extend_schema(
        summary="Change what is no secret", request=CredentialChangeSerializer, responses=CredentialSerializer
    )
    def patch(self, request: Request, pk: int) -> Response:
        credential = access.credential_for_admin(caller(request), pk)
        values = checked(CredentialChangeSerializer(data=request.data, partial=True))
        kept: dict[str, Any] = {name: getattr(credential, name) for name in CREDENTIAL_FIELDS}
        changed = credentials.update_credential(credential=credential, **{**kept, **values}, actor=caller(request))
        return Response(CredentialSerializer(changed).data)

    @extend_schema(summary="Delete a credential", request=ReasonSerializer, responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        credential = access.credential_for_admin(caller(request), pk)
        values = checked(ReasonSerializer(data=request.data))
        credentials.delete_credential(credential=credential, **values, actor=caller(request))
        return Response(status=204)


class CredentialSecret(APIView):
    @extend_schema(summary="Replace the secret", request=SecretSerializer, responses=CredentialSerializer)
    def put(self, request: Request, pk: int) -> Response:
        credential = access.credential_for_admin(caller(request), pk)
        values = checked(SecretSerializer(data=request.data, kind=credential.kind))
        replaced = credentials.replace_secret(credential=credential, **values, actor=caller(request))
        return Response(CredentialSerializer(replaced).data)


class CredentialPrimary(APIView):
    @extend_schema(summary="Let jobs use this credential", request=None, responses=CredentialSerializer)
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        credential = access.credential_for_admin(caller(request), pk)
        credentials.make_primary(credential=credential, actor=caller(request))
        credential.refresh_from_db()
        return Response(CredentialSerializer(credential).data)


class CredentialTest(APIView):
    @extend_schema(summary="Test a credential, as a job", request=None, responses={202: StartedSerializer})
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        credential = access.credential_for_admin(caller(request), pk)
        return Response({"url": registries.start_credential_test(credential, caller(request))}, status=202)


class SandboxSynchronization(APIView):
    @extend_schema(summary="Read the sandboxes again, as a job", request=None, responses={202: StartedSerializer})
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        organization = access.organization_for_role(caller(request), pk, Role.OPERATOR)
        return Response({"url": registries.start_sandbox_sync(organization, caller(request))}, status=202)


@extend_schema_view(
    get=extend_schema(
        summary="List sandboxes", parameters=[OpenApiParameter("organization", int, description="Only of this one.")]
    )
)
class SandboxList(ListView[Sandbox]):
    serializer_class = SandboxSerializer
    filters = frozenset({"organization"})

    def get_queryset(self) -> QuerySet[Sandbox]:
        rows = access.sandboxes_for_read(caller(self.request)).select_related("organization")
        wanted = natural_number(self.request.query_params.get("organization", ""), what="organization")
        return rows if wanted is None else rows.filter(organization=wanted)


class SandboxDetail(APIView):
    @extend_schema(summary="Read a sandbox", operation_id="sandboxes_retrieve", responses=SandboxSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return Response(SandboxSerializer(access.sandbox_for_read(caller(request), pk)).data)
