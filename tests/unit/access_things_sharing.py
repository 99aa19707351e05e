"""Things of sharing that rows of the access table name; access_rows_promotions.py explains them."""

from collections.abc import Callable
from typing import Any

from accounts.models import Organization
from promotions.choices import Visibility
from tests.factories_promotions import PackageFactory
from tests.factories_sharing import PartnershipFactory, SharingRequestFactory, TransferFactory

THINGS: dict[str, Callable[[Organization], Any]] = {
    "public_package": lambda organization: PackageFactory(organization=organization, visibility=Visibility.PUBLIC),
    "partnership": lambda organization: PartnershipFactory(organization=organization),
    "transfer": lambda organization: TransferFactory(package__organization=organization),
    "failed_transfer": lambda organization: TransferFactory(package__organization=organization, failed=True),
    "sharing_request": lambda organization: SharingRequestFactory(package__organization=organization),
    "sharing_approval": lambda organization: SharingRequestFactory(package__organization=organization).approvals.get(),
}
