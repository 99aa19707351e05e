"""Stored values over the REST API: a value goes in and never comes out."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import access
from accounts.api.http import caller, checked
from accounts.api.idempotency import idempotent
from accounts.api.lists import ListView
from accounts.api.serializers import ReasonSerializer
from accounts.choices import Role
from accounts.models import StoredValue
from accounts.services import stored_values, usage
from accounts.services.stored_values import VALUE_LENGTH
from config.inputs import Input, example


class StoredValueSerializer(serializers.ModelSerializer[StoredValue]):
    class Meta:
        model = StoredValue
        fields: tuple[str, ...] = (
            "id",
            "organization",
            "name",
            "description",
            "has_value",
            "created_at",
            "set_at",
            "set_by",
        )
        read_only_fields = fields


class UsageSerializer(serializers.Serializer[Any]):
    """One thing that uses a value."""

    text = serializers.CharField()
    url = serializers.CharField()
    is_blocking = serializers.BooleanField(help_text="Whether it is unfinished, so that the value cannot be removed.")


class StoredValueDetailSerializer(StoredValueSerializer):
    usages = serializers.SerializerMethodField()

    class Meta(StoredValueSerializer.Meta):
        fields = (*StoredValueSerializer.Meta.fields, "usages")
        read_only_fields = fields

    @extend_schema_field(UsageSerializer(many=True))
    def get_usages(self, stored: StoredValue) -> object:
        return UsageSerializer(usage.of_value(stored), many=True).data


@example(name="SMS provider, API key", value="sk-...", description="Issued by the messaging team")
class NewStoredValueSerializer(Input):
    name = serializers.CharField(max_length=100)
    value = serializers.CharField(max_length=VALUE_LENGTH, write_only=True)
    description = serializers.CharField(max_length=500, default="", allow_blank=True)


@example(description="Issued by the messaging team")
class StoredValueChangeSerializer(Input):
    name = serializers.CharField(max_length=100)
    description = serializers.CharField(max_length=500, allow_blank=True)


@example(value="sk-...")
class StoredValueReplacementSerializer(Input):
    value = serializers.CharField(max_length=VALUE_LENGTH, write_only=True)
    confirmed_name = serializers.CharField(
        max_length=100,
        default="",
        allow_blank=True,
        help_text="The name of the value, if something unfinished uses it; without it the call is then refused.",
    )


@extend_schema_view(get=extend_schema(summary="List the stored values of an organization"))
class StoredValueList(ListView[StoredValue]):
    serializer_class = StoredValueSerializer

    def get_queryset(self) -> QuerySet[StoredValue]:
        if getattr(self, "swagger_fake_view", False):
            return StoredValue.objects.none()
        organization = access.organization_for_role(caller(self.request), self.kwargs["pk"], Role.OPERATOR)
        return organization.stored_values.filter(deleted_at=None)

    @extend_schema(
        summary="Add a stored value", request=NewStoredValueSerializer, responses={201: StoredValueSerializer}
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        organization = access.organization_for_admin(caller(request), pk)
        values = checked(NewStoredValueSerializer(data=request.data))
        stored = stored_values.add(organization=organization, **values, actor=caller(request))
        return Response(StoredValueSerializer(stored).data, status=201)


class StoredValueDetail(APIView):
    @extend_schema(summary="Read name, description and uses of a stored value", responses=StoredValueDetailSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return Response(StoredValueDetailSerializer(access.stored_value_for_read(caller(request), pk)).data)

    @extend_schema(
        summary="Rename or describe a stored value",
        request=StoredValueChangeSerializer,
        responses=StoredValueSerializer,
    )
    def patch(self, request: Request, pk: int) -> Response:
        stored = access.stored_value_for_admin(caller(request), pk)
        values = checked(StoredValueChangeSerializer(data=request.data, partial=True))
        kept = {"name": stored.name, "description": stored.description}
        changed = stored_values.edit(stored=stored, **{**kept, **values}, actor=caller(request))
        return Response(StoredValueSerializer(changed).data)

    @extend_schema(summary="Remove a stored value", request=ReasonSerializer, responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        stored = access.stored_value_for_admin(caller(request), pk)
        values = checked(ReasonSerializer(data=request.data))
        stored_values.remove(stored=stored, **values, actor=caller(request))
        return Response(status=204)


class StoredValueReplacement(APIView):
    @extend_schema(
        summary="Replace a stored value", request=StoredValueReplacementSerializer, responses=StoredValueSerializer
    )
    def put(self, request: Request, pk: int) -> Response:
        stored = access.stored_value_for_admin(caller(request), pk)
        values = checked(StoredValueReplacementSerializer(data=request.data))
        replaced = stored_values.set_value(stored=stored, **values, actor=caller(request))
        return Response(StoredValueSerializer(replaced).data)
