"""Pages of accounts."""

from django.urls import path

from accounts.views import (
    audit,
    credentials,
    first_run,
    invitations,
    memberships,
    organizations,
    passwords,
    people,
    profile,
    second_factor,
)

app_name = "accounts"

urlpatterns = [
    path("setup/", first_run.set_up, name="first-run"),
    path("invitations/<str:token>/", invitations.accept, name="invitation-accept"),
    path("audit/", audit.audit_list, name="audit-list"),
    path("settings/", profile.settings_index, name="settings-index"),
    path("settings/profile/", profile.profile_edit, name="profile-edit"),
    path("settings/profile/second-factor/", second_factor.set_up, name="second-factor-set-up"),
    path("settings/profile/second-factor/codes/", second_factor.new_codes, name="second-factor-codes"),
    path("settings/profile/second-factor/remove/", second_factor.remove, name="second-factor-remove"),
    path("settings/api-tokens/", profile.api_token_list, name="api-token-list"),
    path("settings/api-tokens/add/", profile.api_token_create, name="api-token-create"),
    path("settings/api-tokens/<int:pk>/revoke/", profile.api_token_revoke, name="api-token-revoke"),
    path("settings/people/", people.person_list, name="person-list"),
    path("settings/people/invite/", invitations.invite, name="person-invite"),
    path("settings/people/<int:pk>/", people.person_detail, name="person-detail"),
    path("settings/people/<int:pk>/deactivate/", people.deactivate, name="person-deactivate"),
    path("settings/people/<int:pk>/reactivate/", people.reactivate, name="person-reactivate"),
    path("settings/people/<int:pk>/password-link/", passwords.password_link, name="person-password-link"),
    path("settings/people/<int:pk>/second-factor/", second_factor.take_away, name="person-second-factor"),
    path("settings/people/<int:pk>/identity/", second_factor.unlink, name="person-identity"),
    path("settings/people/<int:pk>/administrator/", people.set_administrator, name="person-administrator"),
    path("settings/invitations/<int:pk>/revoke/", invitations.revoke, name="invitation-revoke"),
    path("settings/organizations/", organizations.organization_list, name="organization-list"),
    path("settings/organizations/add/", organizations.organization_create, name="organization-create"),
    path("settings/organizations/<int:pk>/", organizations.organization_detail, name="organization-detail"),
    path("settings/organizations/<int:pk>/edit/", organizations.organization_edit, name="organization-edit"),
    path("settings/organizations/<int:pk>/delete/", organizations.organization_delete, name="organization-delete"),
    path("settings/organizations/<int:pk>/sandboxes/", organizations.organization_sync, name="organization-sync"),
    path("settings/organizations/<int:pk>/members/add/", memberships.membership_add, name="membership-add"),
    path("settings/members/<int:pk>/", memberships.membership_change, name="membership-change"),
    path("settings/members/<int:pk>/remove/", memberships.membership_remove, name="membership-remove"),
    path("settings/organizations/<int:pk>/credentials/add/", credentials.credential_create, name="credential-create"),
    path("settings/credentials/<int:pk>/", credentials.credential_detail, name="credential-detail"),
    path("settings/credentials/<int:pk>/edit/", credentials.credential_edit, name="credential-edit"),
    path("settings/credentials/<int:pk>/secret/", credentials.credential_secret, name="credential-secret"),
    path("settings/credentials/<int:pk>/primary/", credentials.credential_primary, name="credential-primary"),
    path("settings/credentials/<int:pk>/test/", credentials.credential_test, name="credential-test"),
    path("settings/credentials/<int:pk>/delete/", credentials.credential_delete, name="credential-delete"),
]
