import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from clients.redaction import MARKER, redact, redact_text

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJpZCI6IjE3MDk2NDAwMDAxMjMifQ.c2lnbmF0dXJl"
PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    "name",
    [
        "access_token",
        "clientSecret",
        "Client-Secret",
        "private_key",
        "Authorization",
        "jwt_token",
        "PASSWORD",
        "db_password",
    ],
)
def test_values_of_secret_fields_are_hidden_at_any_depth(name: str) -> None:
    assert redact({"rows": [{"inner": {name: "hush"}}]}) == {"rows": [{"inner": {name: MARKER}}]}


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"could not use {JWT} here", JWT),
        (f"cut in half: {JWT[:30]}", JWT[:30]),
        ("Authorization: Bearer EMULATOR-TOKEN", "EMULATOR-TOKEN"),
        ("curl -H 'authorization: Basic dXNlcjpwYXNz'", "dXNlcjpwYXNz"),
        ("https://ims.example/token?client_id=me&client_secret=hush&scope=a", "hush"),
        ("https://user:hush@platform.example/path", "hush"),
        ("grant_type=client_credentials&client_secret=hush", "hush"),
        ('{"client_secret": "hu\\"sh", "a": 1}', "sh"),
        ('{"a": 1, "access_token": "hush', "hush"),
        ('{"message": "{\\"access_token\\": \\"hush\\", \\"a\\": 1}"}', "hush"),
        (f"key: {PEM} end", "MIIEvQIBADANBgkq"),
        (f"key: {PEM[:40]}", "MIIEvQIB"),
    ],
)
def test_secrets_inside_texts_are_hidden(text: str, secret: str) -> None:
    hidden = redact(text)

    assert secret not in hidden
    assert MARKER in hidden


@pytest.mark.parametrize(
    "text",
    [
        "Oauth token is missing.",
        "invalid client_secret parameter",
        "Basic authentication is off",
        "https://ns.adobe.com/acmetenant/schemas/20121c2110bb2c6a585baabe5f82994577da1f7d0628234c",
        "4F1A2B3C5D6E7F800A494101@a1b2c3d4e5f60718293a4b.e",
        "Enter the password again, then go on.",
    ],
)
def test_ordinary_texts_stay_as_they_are(text: str) -> None:
    assert redact(text) == text


def test_a_known_value_is_hidden_wherever_it_stands() -> None:
    hidden = redact(
        {"note": "got plain-value-7 from you", "plain-value-7": [b"plain-value-7"]}, secrets=("plain-value-7",)
    )

    assert hidden == {"note": f"got {MARKER} from you", MARKER: [MARKER]}


ODD = 'p"a\\\\s/s\n<é😀>+'


@pytest.mark.parametrize(
    "spelling",
    [
        ODD,
        json.dumps(ODD),
        json.dumps(ODD, ensure_ascii=False),
        json.dumps(json.dumps(json.dumps(ODD))),
        json.dumps(ODD).replace("/", "\\/").replace("<", "\\u003C"),
        f"https://host/?q={quote(ODD, safe='')}",
    ],
)
def test_a_known_value_is_hidden_however_it_is_spelled(spelling: str) -> None:
    hidden = redact_text(spelling, secrets=[ODD])

    assert MARKER in hidden
    assert not [part for part in ("a\\", "00e9", "E9", "é", "😀", "d83d") if part in hidden]


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("ab", MARKER),
        ("Bearer ab", f"Bearer {MARKER}"),
        ('"ab"', f'"{MARKER}"'),
        ("about a cab", "about a cab"),
        ("x=ab;", f"x={MARKER};"),
    ],
)
def test_a_short_value_is_hidden_only_as_a_word(text: str, hidden: str) -> None:
    assert redact_text(text, secrets=["ab", "", " "]) == hidden


def test_a_document_may_be_deeper_than_the_stack() -> None:
    deep: Any = {"password": "hush-hush"}
    for _ in range(5000):
        deep = [deep]

    hidden = redact(deep)

    for _ in range(5000):
        (hidden,) = hidden
    assert hidden == {"password": MARKER}


def test_headers_are_redacted_by_name() -> None:
    headers = httpx.Headers({"Authorization": "Bearer abc", "Set-Cookie": "sid=1", "x-api-key": "client-id"})

    assert redact(headers) == {"authorization": MARKER, "set-cookie": MARKER, "x-api-key": "client-id"}


def test_empty_secret_fields_stay_visible_as_empty() -> None:
    assert redact({"token": None, "secret": "", "count": 3}) == {"token": None, "secret": "", "count": 3}


def test_redacting_twice_changes_nothing_more() -> None:
    once = redact(f"Authorization: Bearer {JWT}; client_secret=hush {PEM}")

    assert redact(once) == once
