"""REST API of accounts."""

from django.urls import path

from accounts.api import schema  # noqa: F401  registers itself
from accounts.api.views import audit, notices, organizations, people

app_name = "accounts_api"

urlpatterns = [
    path("organizations/", organizations.OrganizationList.as_view(), name="organization-list"),
    path("organizations/<int:pk>/", organizations.OrganizationDetail.as_view(), name="organization-detail"),
    path("organizations/<int:pk>/credentials/", organizations.CredentialList.as_view(), name="credential-list"),
    path(
        "organizations/<int:pk>/synchronize-sandboxes/",
        organizations.SandboxSynchronization.as_view(),
        name="sandbox-sync",
    ),
    path("credentials/<int:pk>/", organizations.CredentialDetail.as_view(), name="credential-detail"),
    path("credentials/<int:pk>/secret/", organizations.CredentialSecret.as_view(), name="credential-secret"),
    path("credentials/<int:pk>/primary/", organizations.CredentialPrimary.as_view(), name="credential-primary"),
    path("credentials/<int:pk>/test/", organizations.CredentialTest.as_view(), name="credential-test"),
    path("sandboxes/", organizations.SandboxList.as_view(), name="sandbox-list"),
    path("people/", people.PersonList.as_view(), name="person-list"),
    path("people/<int:pk>/", people.PersonDetail.as_view(), name="person-detail"),
    path("notices/", notices.NoticeList.as_view(), name="notice-list"),
    path("notices/read/", notices.NoticeReadAll.as_view(), name="notice-read-all"),
    path("notices/preferences/", notices.NoticePreferences.as_view(), name="notice-preferences"),
    path("notices/<int:pk>/read/", notices.NoticeRead.as_view(), name="notice-read"),
    path("audit/", audit.AuditListView.as_view(), name="audit-list"),
    path("audit/export/", audit.AuditExportView.as_view(), name="audit-export"),
    path("audit/chain/", audit.AuditChainView.as_view(), name="audit-chain"),
    path("audit/<int:pk>/", audit.AuditLineView.as_view(), name="audit-line"),
]
