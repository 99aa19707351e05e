"""Addresses of sharing, below those of promotions."""

from django.urls import path

from promotions.api.views import partners, sharing

urlpatterns = [
    path("packages/<int:pk>/publicity/", sharing.PackagePublicityView.as_view(), name="package-publicity"),
    path("packages/<int:pk>/payload/", sharing.PackagePayloadView.as_view(), name="package-payload"),
    path(
        "organizations/<int:pk>/synchronize-sharing/",
        sharing.SharingSynchronizeView.as_view(),
        name="sharing-synchronize",
    ),
    path("sharing-requests/", sharing.SharingRequestListView.as_view(), name="sharing-request-list"),
    path("sharing-requests/partnership/", sharing.RequestPartnershipView.as_view(), name="request-partnership"),
    path("sharing-requests/share/", sharing.RequestShareView.as_view(), name="request-share"),
    path("sharing-requests/pull/", sharing.RequestPullView.as_view(), name="request-pull"),
    path("sharing-requests/<int:pk>/", sharing.SharingRequestView.as_view(), name="sharing-request-detail"),
    path("sharing-requests/<int:pk>/stop/", sharing.SharingRequestStopView.as_view(), name="sharing-request-stop"),
    path("partnerships/", partners.PartnershipListView.as_view(), name="partnership-list"),
    path("partnerships/<int:pk>/", partners.PartnershipView.as_view(), name="partnership-detail"),
    path("partnerships/<int:pk>/decide/", partners.PartnershipDecideView.as_view(), name="partnership-decide"),
    path("transfers/", partners.TransferListView.as_view(), name="transfer-list"),
    path("transfers/<int:pk>/", partners.TransferView.as_view(), name="transfer-detail"),
    path("transfers/<int:pk>/again/", partners.TransferAgainView.as_view(), name="transfer-again"),
]
