"""REST API of accounts."""

from django.urls import path

from accounts.api import schema  # noqa: F401  registers itself
from accounts.api.views import audit, mail, me, memberships, notices, organizations, people, stored_values

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
    path("organizations/<int:pk>/members/", memberships.MembershipList.as_view(), name="membership-list"),
    path("members/<int:pk>/", memberships.MembershipDetail.as_view(), name="membership-detail"),
    path("credentials/<int:pk>/", organizations.CredentialDetail.as_view(), name="credential-detail"),
    path("credentials/<int:pk>/secret/", organizations.CredentialSecret.as_view(), name="credential-secret"),
    path("credentials/<int:pk>/primary/", organizations.CredentialPrimary.as_view(), name="credential-primary"),
    path("credentials/<int:pk>/test/", organizations.CredentialTest.as_view(), name="credential-test"),
    path("organizations/<int:pk>/values/", stored_values.StoredValueList.as_view(), name="value-list"),
    path("values/<int:pk>/", stored_values.StoredValueDetail.as_view(), name="value-detail"),
    path("values/<int:pk>/value/", stored_values.StoredValueReplacement.as_view(), name="value-replace"),
    path("sandboxes/", organizations.SandboxList.as_view(), name="sandbox-list"),
    path("sandboxes/<int:pk>/", organizations.SandboxDetail.as_view(), name="sandbox-detail"),
    path("me/", me.Me.as_view(), name="me"),
    path("api-tokens/", me.ApiTokenList.as_view(), name="api-token-list"),
    path("api-tokens/<int:pk>/", me.ApiTokenDetail.as_view(), name="api-token-detail"),
    path("people/", people.PersonList.as_view(), name="person-list"),
    path("people/<int:pk>/", people.PersonDetail.as_view(), name="person-detail"),
    path("people/<int:pk>/deactivate/", people.PersonDeactivate.as_view(), name="person-deactivate"),
    path("people/<int:pk>/reactivate/", people.PersonReactivate.as_view(), name="person-reactivate"),
    path("people/<int:pk>/administrator/", people.PersonAdministrator.as_view(), name="person-administrator"),
    path("invitations/", people.InvitationList.as_view(), name="invitation-list"),
    path("invitations/<int:pk>/", people.InvitationDetail.as_view(), name="invitation-detail"),
    path("mail/", mail.DeliveryList.as_view(), name="mail-list"),
    path("mail/send-again/", mail.DeliverySendAllAgain.as_view(), name="mail-send-all-again"),
    path("mail/<int:pk>/send-again/", mail.DeliverySendAgain.as_view(), name="mail-send-again"),
    path("notices/", notices.NoticeList.as_view(), name="notice-list"),
    path("notices/read/", notices.NoticeReadAll.as_view(), name="notice-read-all"),
    path("notices/preferences/", notices.NoticePreferences.as_view(), name="notice-preferences"),
    path("notices/<int:pk>/read/", notices.NoticeRead.as_view(), name="notice-read"),
    path("audit/", audit.AuditListView.as_view(), name="audit-list"),
    path("audit/export/", audit.AuditExportView.as_view(), name="audit-export"),
    path("audit/chain/", audit.AuditChainView.as_view(), name="audit-chain"),
    path("audit/<int:pk>/", audit.AuditLineView.as_view(), name="audit-line"),
]
