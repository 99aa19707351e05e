"""Mail that waits or was given up, for administrators."""

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import access
from accounts.api.http import caller
from accounts.api.idempotency import idempotent
from accounts.api.lists import ListView
from accounts.api.pagination import NewestRowFirstPagination
from accounts.api.people import DeliverySerializer
from accounts.choices import DeliveryState
from accounts.models import NoticeDelivery
from accounts.services import mail


class TriedAgainSerializer(serializers.Serializer[object]):
    """How many mails are tried again."""

    number = serializers.IntegerField()


@extend_schema_view(
    get=extend_schema(
        summary="List mail, newest first",
        operation_id="mail_list",
        parameters=[OpenApiParameter("state", enum=DeliveryState.values, description="Only in this state.")],
    )
)
class DeliveryList(ListView[NoticeDelivery]):
    serializer_class = DeliverySerializer
    pagination_class = NewestRowFirstPagination
    filters = frozenset({"state"})

    def get_queryset(self) -> QuerySet[NoticeDelivery]:
        if getattr(self, "swagger_fake_view", False):
            return NoticeDelivery.objects.none()
        found = access.deliveries_for_administrator(caller(self.request))
        state = self.request.query_params.get("state")
        if state is None:
            return found
        if state not in DeliveryState.values:
            raise ValidationError({"state": [f"Known states: {', '.join(DeliveryState.values)}."]})
        return found.filter(state=state)


class DeliverySendAllAgain(APIView):
    @extend_schema(
        summary="Try all mail again that waits or was given up",
        operation_id="mail_send_all_again",
        request=None,
        responses=TriedAgainSerializer,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        deliveries = access.deliveries_for_administrator(caller(request))
        return Response({"number": mail.send_again(deliveries=deliveries, actor=caller(request))})


class DeliverySendAgain(APIView):
    @extend_schema(
        summary="Try one mail again",
        description="The number is 0 if it went out meanwhile, or is being tried at this moment.",
        operation_id="mail_send_again",
        request=None,
        responses=TriedAgainSerializer,
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        delivery = access.delivery_for_administrator(caller(request), pk)
        deliveries = access.deliveries_for_administrator(caller(request)).filter(pk=delivery.pk)
        return Response({"number": mail.send_again(deliveries=deliveries, actor=caller(request))})
