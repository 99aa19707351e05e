"""The pages of notices, their API, and the administrators' page of mail."""

import pytest
from django.urls import reverse

from accounts.choices import DeliveryState
from accounts.models import Membership, Notice, NoticeDelivery
from accounts.services import notices
from tests.factories import NoticeDeliveryFactory, NoticeFactory, UserFactory, api_headers

LIST = "/notices/"


def texts(response):
    return response.content.decode()


def test_unread_notices_come_first_and_settled_ones_are_marked(owner, signed_in):
    NoticeFactory(person=owner, text="The oldest, not read yet")
    NoticeFactory(person=owner, text="Read already", read=True)
    NoticeFactory(person=owner, text="Settled already", settled=True)

    page = texts(signed_in(owner).get(LIST))

    assert page.index("The oldest, not read yet") < page.index("Settled already") < page.index("Read already")
    assert page.count("settled meanwhile") == 1
    assert "1 unread notice<" in page


def test_nobody_sees_the_notices_of_others(owner, teammate, signed_in):
    NoticeFactory(person=owner, text="For the owner only")

    assert "For the owner only" not in texts(signed_in(teammate).get(LIST))


def test_opening_marks_it_read_and_leads_to_what_it_is_about(owner, signed_in):
    notice = NoticeFactory(person=owner, url="/settings/profile/")

    response = signed_in(owner).post(reverse("accounts:notice-open", args=[notice.pk]))

    assert (response.status_code, response["Location"]) == (302, "/settings/profile/")
    assert notices.unread_count(owner) == 0


def test_looking_at_the_address_of_a_notice_changes_nothing(owner, signed_in):
    notice = NoticeFactory(person=owner)

    response = signed_in(owner).get(reverse("accounts:notice-open", args=[notice.pk]))

    assert response.status_code == 405
    assert notices.unread_count(owner) == 1


@pytest.mark.parametrize("url", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_a_row_that_leads_elsewhere_is_not_followed(owner, signed_in, url):
    notice = NoticeFactory(person=owner, url=url)

    response = signed_in(owner).post(reverse("accounts:notice-open", args=[notice.pk]))

    assert response.status_code == 400
    assert notices.unread_count(owner) == 1


def test_a_notice_about_an_organization_that_was_left_is_gone(organization, owner, signed_in):
    notice = NoticeFactory(person=owner, organization=organization, text="Secret of Acme")
    Membership.objects.filter(user=owner).delete()
    client = signed_in(owner)

    answers = [client.get(LIST), client.post(reverse("accounts:notice-open", args=[notice.pk]))]

    assert "Secret of Acme" not in texts(answers[0])
    assert answers[1].status_code == 404


def test_one_and_then_all_are_marked_read(owner, teammate, signed_in):
    first = NoticeFactory(person=owner)
    NoticeFactory.create_batch(2, person=owner)
    NoticeFactory(person=teammate)
    client = signed_in(owner)

    client.post(reverse("accounts:notice-read", args=[first.pk]))
    after_one = notices.unread_count(owner)
    page = texts(client.post(reverse("accounts:notice-read-all"), follow=True))

    assert after_one == 2
    assert (notices.unread_count(owner), notices.unread_count(teammate)) == (0, 1)
    assert "2 notices were marked read." in page


def test_older_pages_are_reached_by_key_and_hold_no_unread_ones(owner, signed_in):
    NoticeFactory.create_batch(60, person=owner, read=True)
    NoticeFactory(person=owner, text="Not read yet")
    client = signed_in(owner)

    first = client.get(LIST)
    older = client.get(first.context["older_url"])

    assert (len(first.context["earlier"]), len(older.context["earlier"])) == (50, 10)
    assert older.context["unread"] == []
    assert client.get(older.context["newer_url"]).context["earlier"] == first.context["earlier"]


def test_a_made_up_cursor_is_refused(owner, signed_in):
    assert signed_in(owner).get(f"{LIST}?cursor=nonsense").status_code == 400


def test_the_list_costs_the_same_however_many_there_are(organization, owner, signed_in, django_assert_max_num_queries):
    client = signed_in(owner)
    NoticeFactory(person=owner, organization=organization)
    with django_assert_max_num_queries(20) as spent:
        client.get(LIST)
    NoticeFactory.create_batch(40, person=owner, organization=organization)
    NoticeFactory.create_batch(40, person=owner, organization=organization, read=True)

    with django_assert_max_num_queries(len(spent.captured_queries)):
        client.get(LIST)

    assert notices.unread_count(owner) == 41


def test_titles_from_elsewhere_are_shown_as_text(owner, signed_in):
    NoticeFactory(person=owner, text="<script>alert(1)</script>", detail="<b>bold</b>")

    page = texts(signed_in(owner).get(LIST))

    assert "<script>alert(1)</script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_the_bell_says_the_number_in_words_and_answers_nothing_while_it_stays(owner, signed_in):
    NoticeFactory.create_batch(3, person=owner)
    client = signed_in(owner)

    first = client.get("/notices/badge/")
    same = client.get("/notices/badge/?shown=3")
    other = client.get("/notices/badge/?shown=2")

    assert "3 unread notices" in texts(first)
    assert 'hx-get="/notices/badge/?shown=3"' in texts(first)
    assert (same.status_code, other.status_code) == (204, 200)


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "No unread notices"), (1, "1 unread notice"), (99, "99 unread notices"), (100, "100 or more unread notices")],
)
def test_a_count_in_words(count, words):
    assert notices.in_words(count) == words


def test_a_very_long_inbox_is_counted_up_to_a_limit(owner, signed_in):
    Notice.objects.bulk_create(NoticeFactory.build_batch(130, person=owner))

    page = texts(signed_in(owner).get(LIST))

    assert notices.unread_count(owner) == notices.COUNT_LIMIT
    assert "99+" in page
    assert "Older ones follow as you read these." in page


# Preferences


def test_a_choice_is_saved_for_each_kind_and_way(owner, signed_in):
    response = signed_in(owner).post("/settings/notices/", {"job_ended-in_app": "on", "expiry-mail": "on"}, follow=True)

    chosen = {choice.kind.name: (choice.in_app, choice.mail) for choice in notices.preferences(owner)}
    assert "Your choice was saved." in texts(response)
    assert chosen["job_ended"] == (True, False)
    assert chosen["expiry"] == (False, True)
    assert chosen["approval_wanted"] == (False, False)


def test_without_a_mail_server_the_page_says_so_and_keeps_the_choice_of_mail(owner, signed_in, settings):
    settings.CAN_SEND_MAIL = False
    client = signed_in(owner)

    page = texts(client.get("/settings/notices/"))
    client.post("/settings/notices/", {"job_ended-in_app": "on"})

    chosen = {choice.kind.name: (choice.in_app, choice.mail) for choice in notices.preferences(owner)}
    assert "Mail is not set up" in page
    assert "EMAIL_HOST" in page
    assert chosen["job_ended"] == (True, True)
    assert chosen["expiry"] == (False, True)


def test_with_a_mail_server_the_page_says_nothing_of_it(owner, signed_in):
    assert "Mail is not set up" not in texts(signed_in(owner).get("/settings/notices/"))


# Mail, for administrators


def test_administrators_see_what_waits_and_what_was_given_up_with_the_reason(administrator, signed_in):
    NoticeDeliveryFactory(error="The mail server cannot be reached: refused", attempts=2)
    NoticeDeliveryFactory(given_up=True, notice__person__email="gone@example.com")
    NoticeDeliveryFactory(state=DeliveryState.SENT, notice__person__email="fine@example.com")

    page = texts(signed_in(administrator).get("/settings/mail/"))

    assert "The mail server cannot be reached: refused" in page
    assert "gone@example.com" in page
    assert "550 no such user" in page
    assert "fine@example.com" not in page
    assert "Send all 2 again now" in page


def test_one_mail_is_sent_again(administrator, signed_in):
    wanted, other = NoticeDeliveryFactory.create_batch(2, given_up=True)

    response = signed_in(administrator).post(reverse("accounts:mail-send-again", args=[wanted.pk]), follow=True)

    wanted.refresh_from_db()
    other.refresh_from_db()
    assert (wanted.state, wanted.attempts) == (DeliveryState.WAITING, 0)
    assert other.state == DeliveryState.GIVEN_UP
    assert "1 mail is tried again now." in texts(response)


def test_all_mails_are_sent_again_but_those_that_went_out(administrator, signed_in):
    NoticeDeliveryFactory.create_batch(2, given_up=True)
    sent = NoticeDeliveryFactory(state=DeliveryState.SENT)

    response = signed_in(administrator).post("/settings/mail/send-again/", follow=True)

    assert NoticeDelivery.objects.filter(state=DeliveryState.WAITING).count() == 2
    sent.refresh_from_db()
    assert sent.state == DeliveryState.SENT
    assert "2 mails are tried again now." in texts(response)


def test_with_nothing_to_send_again_the_page_says_why(administrator, signed_in):
    page = texts(signed_in(administrator).post("/settings/mail/send-again/", follow=True))

    assert "Nothing waits to be sent" in page


# The API


def test_the_api_lists_ones_own_newest_first_and_filters(client, owner, teammate):
    old = NoticeFactory(person=owner, read=True)
    new = NoticeFactory(person=owner)
    NoticeFactory(person=teammate)
    headers = api_headers(owner)

    found = {
        query: [row["id"] for row in client.get(f"/api/v1/notices/{query}", **headers).json()["results"]]
        for query in ("", "?unread=true", "?unread=false")
    }

    assert found == {"": [new.pk, old.pk], "?unread=true": [new.pk], "?unread=false": [old.pk]}


def test_the_api_refuses_an_odd_filter(client, owner):
    response = client.get("/api/v1/notices/?unread=perhaps", **api_headers(owner))

    assert response.status_code == 400
    assert response.json()["detail"] == "unread must be true or false."


def test_the_api_marks_one_and_all_read(client, owner):
    first = NoticeFactory(person=owner)
    NoticeFactory.create_batch(2, person=owner)
    headers = api_headers(owner)

    one = client.post(f"/api/v1/notices/{first.pk}/read/", **headers).json()
    every = client.post("/api/v1/notices/read/", **headers).json()

    assert (one["id"], one["is_unread"]) == (first.pk, False)
    assert every == {"marked": 2}


def test_the_api_reads_and_changes_what_one_is_told(client, owner):
    headers = api_headers(owner)
    change = {"choices": [{"kind": "job_ended", "in_app": True, "mail": False}]}

    response = client.patch("/api/v1/notices/preferences/", change, content_type="application/json", **headers)

    rows = {row["kind"]: row for row in client.get("/api/v1/notices/preferences/", **headers).json()}
    assert response.status_code == 200
    assert (rows["job_ended"]["in_app"], rows["job_ended"]["mail"]) == (True, False)
    assert (rows["expiry"]["in_app"], rows["expiry"]["mail"]) == (True, True)


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ([{"kind": "gossip", "in_app": True, "mail": True}], "no such kind"),
        ([{"kind": "expiry", "in_app": True, "mail": True}] * 2, "once"),
        ([{"kind": "expiry", "in_app": True}], "required"),
        ([{"kind": "expiry", "in_app": True, "mail": True, "sms": True}], "no such field"),
    ],
)
def test_the_api_refuses_an_odd_choice(client, owner, choices, words):
    response = client.patch(
        "/api/v1/notices/preferences/", {"choices": choices}, content_type="application/json", **api_headers(owner)
    )

    assert response.status_code == 400
    assert words in response.content.decode()


def test_a_stranger_cannot_read_a_notice_of_others_over_the_api(client, owner):
    notice = NoticeFactory(person=owner)

    response = client.post(f"/api/v1/notices/{notice.pk}/read/", **api_headers(UserFactory()))

    assert response.status_code == 404
    assert notices.unread_count(owner) == 1
