"""How allauth behaves here."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from accounts.addresses import client_address
from accounts.models import User
from accounts.services import people


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """People come in by invitation only; what they do to their account is recorded."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)

    def populate_username(self, request: HttpRequest, user: Any) -> None:
        """There are no user names."""

    def set_password(self, user: User, password: str) -> None:
        # A reset has no session; the link in the mail shows that it is the person themselves.
        people.set_password(user=user, password=password, actor=user)

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        people.record_sign_in(user=user)
