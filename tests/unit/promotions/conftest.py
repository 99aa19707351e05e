"""Callers of the REST API."""

import pytest

from accounts.choices import Role
from accounts.models import Organization, User
from tests.factories import MembershipFactory, UserFactory
from tests.unit.promotions.api_client import ApiClient


@pytest.fixture
def operator_api(teammate: User) -> ApiClient:
    return ApiClient(teammate)


@pytest.fixture
def viewer_api(organization: Organization) -> ApiClient:
    user = UserFactory(email="viewer@example.com", full_name="Vera Viewer")
    MembershipFactory(user=user, organization=organization, role=Role.VIEWER)
    return ApiClient(user)


@pytest.fixture
def stranger_api(stranger: User) -> ApiClient:
    return ApiClient(stranger)
