"""Accounts of an export: what may be edited, what is a secret, and the part that is sent."""

import json
from typing import Any

import pytest

from promotions.systems.snaplogic import accounts_template as accounts
from promotions.systems.snaplogic.accounts_template import (
    HIDDEN,
    AccountsTemplate,
    ChangedShapeError,
    NotFilledError,
    UnknownLayoutError,
)
from promotions.systems.snaplogic.json_reading import UnfitJsonError
from promotions.systems.snaplogic.secret_words import is_secret_key, looks_secret, shown
from tests.unit.promotions.zip_making import DB_ACCOUNT, MAIL_ACCOUNT, TEMPLATE

IN_DB = "/property_map/settings/connectionProperties/value"
HOST, PORT, PASSWORD = f"{IN_DB}/hostname/value", f"{IN_DB}/portNumber/value", f"{IN_DB}/password/value"
SSL, TIMEOUT, PASSPHRASE = f"{IN_DB}/ssl/value", f"{IN_DB}/timeout/value", f"{IN_DB}/passphrase/value"
CLEAR = {PASSWORD: "correct horse"}


def raw(document: Any = TEMPLATE) -> bytes:
    return json.dumps(document, indent=1).encode()


def parsed(document: Any = TEMPLATE) -> AccountsTemplate:
    return accounts.parse(raw(document))


def sent(typed: dict[str, str], document: Any = TEMPLATE) -> Any:
    return json.loads(accounts.file_account(parsed(document), {DB_ACCOUNT: typed}))


def refusal(typed: dict[str, str], document: Any = TEMPLATE) -> str:
    with pytest.raises(NotFilledError) as refused:
        accounts.file_account(parsed(document), {DB_ACCOUNT: typed})
    return str(refused.value)


def node_with(settings: Any) -> Any:
    return {DB_ACCOUNT: {"name": "x", "property_map": {"settings": settings}}}


def test_each_account_tells_the_values_that_may_be_edited() -> None:
    database, mail = parsed().nodes

    assert (database.name, mail.class_id) == ("orders_db_account", "com-snaplogic-snaps-rest-oauth2account_1-main31019")
    assert [(leaf.label, leaf.kind, leaf.is_secret, leaf.shown) for leaf in database.leaves] == [
        ("info › label", "text", False, "orders_db_account"),
        ("info › notes", "text", False, ""),
        ("settings › connectionProperties › hostname", "text", False, "db.dev.example.test"),
        ("settings › connectionProperties › portNumber", "number", False, "5432"),
        ("settings › connectionProperties › password", "text", True, HIDDEN),
        ("settings › connectionProperties › passphrase", "text", True, ""),
        ("settings › connectionProperties › ssl", "flag", False, "false"),
        ("settings › connectionProperties › timeout", "nothing", False, ""),
    ]
    assert [leaf.label for leaf in mail.leaves if leaf.is_secret] == ["settings › client_secret"]
    assert [leaf.pointer for leaf in database.leaves if leaf.must_be_typed] == [PASSWORD]


def test_nothing_that_is_printed_holds_a_value() -> None:
    assert "ENC(" not in repr(parsed())
    assert "db.dev" not in repr(parsed())


@pytest.mark.parametrize(
    "document",
    [
        [{**node, "id": uuid} for uuid, node in TEMPLATE.items()],
        {"accounts": TEMPLATE, "version": 1},
        {"class_id": "x", "entries": [{**node, "instance_id": uuid} for uuid, node in TEMPLATE.items()]},
        {"something": [{**node, "snode_id": uuid, "uuid": None} for uuid, node in TEMPLATE.items()]},
    ],
)
def test_other_layouts_are_read_and_kept(document: Any) -> None:
    template = parsed(document)
    assert [node.uuid for node in template.nodes] == [DB_ACCOUNT, MAIL_ACCOUNT]

    part = json.loads(accounts.file_account(template, {DB_ACCOUNT: CLEAR}))

    text = json.dumps(part)
    assert type(part) is type(document)
    assert "correct horse" in text
    assert "mail_oauth" not in text
    if isinstance(document, dict):
        assert part.keys() == document.keys()


@pytest.mark.parametrize("content", [b"", b" \n", b"{}", b"[]", b'{"accounts": []}'])
def test_an_export_without_accounts_has_an_empty_template(content: bytes) -> None:
    assert accounts.parse(content).nodes == ()


@pytest.mark.parametrize(
    "document",
    [1, "text", None, True, {"a": 1}, [1], [{"property_map": {}}], [{"id": 7, "property_map": {}}], {"a": {"b": {}}},
     {"a": {"property_map": []}}, {"": {"property_map": {}}}],
)  # fmt: skip
def test_an_unknown_layout_is_said_to_be_so(document: Any) -> None:
    with pytest.raises(UnknownLayoutError):
        parsed(document)


def test_an_account_that_is_listed_twice_is_refused() -> None:
    with pytest.raises(UnfitJsonError, match="lists the account abc twice"):
        parsed([{"id": "abc", "property_map": {}}] * 2)


def test_only_edited_accounts_are_sent_and_only_their_values_changed() -> None:
    part = sent({HOST: "db.prod.example.test", PORT: "6432", SSL: "TRUE", TIMEOUT: "30s", **CLEAR})

    expected = json.loads(raw({DB_ACCOUNT: TEMPLATE[DB_ACCOUNT]}))
    values = expected[DB_ACCOUNT]["property_map"]["settings"]["connectionProperties"]["value"]
    values["hostname"]["value"], values["portNumber"]["value"] = "db.prod.example.test", 6432
    values["password"]["value"], values["ssl"]["value"], values["timeout"]["value"] = "correct horse", True, "30s"
    assert part == expected


def test_order_and_digits_stay_as_they_were() -> None:
    content = (
        b'{"u": {"z": 1.50, "a": 12345678901234567890123, "property_map": {"b": {"value": 1e400}, "a": {"value": 2}}}}'
    )

    part = accounts.file_account(accounts.parse(content), {"u": {"/property_map/a/value": "2.50"}})

    assert (
        part.split()
        == content.replace(b'"value": 2}', b'"value": 2.50}').replace(b"{", b"{ ").replace(b"}", b" }").split()
    )


def test_text_of_any_kind_comes_through() -> None:
    typed = 'Zürich "quoted" \\ 😀 \ud800 \x00'

    assert (
        sent({PASSWORD: typed})[DB_ACCOUNT]["property_map"]["settings"]["connectionProperties"]["value"]["password"][
            "value"
        ]
        == typed
    )


@pytest.mark.parametrize("typed", [{}, {PASSWORD: ""}, {HOST: "elsewhere"}])
def test_a_secret_that_is_not_typed_keeps_the_account_from_going(typed: dict[str, str]) -> None:
    assert (
        "before these are typed in plain text, even if they are to stay the same: settings › connectionProperties › "
        "password" in refusal(typed)
    )


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({PORT: "many"}, "has to stay a number"),
        ({PORT: ""}, "has to stay a number"),
        ({PORT: "0x10"}, "has to stay a number"),
        ({PORT: "NaN"}, "has to stay a number"),
        ({SSL: "perhaps"}, "has to stay true or false"),
        ({PASSWORD: "ENC(1x8QmV0ZXN0LWVuY3J5cHRlZA==)"}, "is still the encrypted value"),
        ({PASSWORD: "{cipher}abcdef"}, "is still the encrypted value"),
        ({HOST: "x" * 100_001}, "longer than 100,000 characters"),
        ({"/property_map/view_serial": "1"}, "has no value at /property_map/view_serial"),
        ({"/name": "other"}, "has no value at /name"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(typed: dict[str, str], words: str) -> None:
    assert words in refusal({**CLEAR, **typed})


def test_an_account_that_is_not_in_the_export_is_refused() -> None:
    with pytest.raises(NotFilledError, match="holds no account 1234"):
        accounts.file_account(parsed(), {"1234": {}})


def test_random_text_of_the_export_typed_again_is_taken_for_what_it_was() -> None:
    blob = "Zm9vYmFyQmF6MTIzNDU2Nzg5MHF1dXhYWVpRUlNUVVY="
    document = node_with({"blob": {"value": blob}})

    assert "is still the encrypted value" in refusal({"/property_map/settings/blob/value": blob}, document)


def test_an_encrypted_value_where_none_can_be_typed_keeps_the_account_from_going() -> None:
    assert "still holds an encrypted value at" in refusal({}, node_with({"list": {"value": ["ENC(abc)"]}}))


def test_values_in_lists_of_objects_can_be_edited() -> None:
    document = node_with({"headers": {"value": [{"name": {"value": "a"}, "apiKey": {"value": "k"}}]}})
    (node,) = parsed(document).nodes
    assert [(leaf.label, leaf.is_secret) for leaf in node.leaves] == [
        ("settings › headers › 1 › name", False),
        ("settings › headers › 1 › apiKey", True),
    ]

    part = sent({leaf.pointer: f"new {leaf.key}" for leaf in node.leaves}, document)

    row = part[DB_ACCOUNT]["property_map"]["settings"]["headers"]["value"][0]
    assert (row["name"]["value"], row["apiKey"]["value"]) == ("new name", "new apiKey")


def test_members_with_odd_names_are_found_again() -> None:
    document = node_with({"a/b~c": {"value": "1"}})

    assert sent({"/property_map/settings/a~1b~0c/value": "2"}, document)[DB_ACCOUNT]["property_map"]["settings"] == {
        "a/b~c": {"value": "2"}
    }


@pytest.mark.parametrize(
    "name",
    ["password", "dbPassword", "DB_PASSWORD", "userpassword", "clientSecret", "client_secret", "access_token", "apiKey",
     "API-Key", "privateKey", "passphrase", "credential", "secretId", "awsSecretAccessKey", "keyPassword", "pwd", "key",
     "encryption_key", "saslToken", "privateKeyPassphrase", "hmacKey"],
)  # fmt: skip
def test_a_name_that_suggests_a_secret_makes_one(name: str) -> None:
    assert is_secret_key(["settings", name])


@pytest.mark.parametrize(
    "name",
    ["access_token_endpoint", "tokenUrl", "tokenEndpoint", "access_key_id", "publicKey", "primaryKey", "keyAlias",
     "passwordExpiry", "token_type", "keystorePath", "hostname", "username", "monkey", "keyboard", "auto_refresh",
     "secretName", "jdbcDriverClass", "oauth2TokenEndpointUrl", "partitionKey", "credentialType"],
)  # fmt: skip
def test_a_name_that_only_sounds_like_one_makes_none(name: str) -> None:
    assert not is_secret_key(["settings", name])


def test_what_lies_below_a_secret_is_one_but_for_harmless_names() -> None:
    assert is_secret_key(["settings", "password", "text"])
    assert is_secret_key(["credentials", "first"])
    assert not is_secret_key(["credentials", "username"])
    assert not is_secret_key(["tokenSettings", "first"])


@pytest.mark.parametrize(
    "value",
    ["ENC(abc)", " enc(abc)", "{cipher}0a1b", "{AES}xyz", "vault:v1:abc", "-----BEGIN PRIVATE KEY-----\nabc",
     "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.abc", "Zm9vYmFyQmF6MTIzNDU2Nzg5MHF1dXhYWVpRUlNUVVY=", "a1" * 32],
)  # fmt: skip
def test_ciphertext_is_known_by_its_looks(value: str) -> None:
    assert looks_secret(value)
    assert shown(value) == HIDDEN


@pytest.mark.parametrize(
    "value",
    ["", "orders", "db.prod.example.test", "com-snaplogic-snaps-rest-oauth2account", DB_ACCOUNT, "https://example.test/a",
     "65f0c1d2e3a4b5c6d7e80001", "a sentence of several words, with 1 number", "org.postgresql.Driver", "ENCODING"],
)  # fmt: skip
def test_plain_values_are_not_taken_for_ciphertext(value: str) -> None:
    assert not looks_secret(value)
    assert shown(value) == value


def test_an_address_with_a_password_is_a_secret_as_a_whole() -> None:
    document = node_with({"url": {"value": "https://orders:hunter2@db.example.test/"}})

    (leaf,) = parsed(document).nodes[0].leaves

    assert (leaf.is_secret, leaf.shown) == (True, HIDDEN)


def test_for_people_secrets_are_hidden_whether_typed_or_not() -> None:
    edits = {DB_ACCOUNT: {HOST: "db.prod.example.test", **CLEAR}, MAIL_ACCOUNT: {}}

    shown_part = accounts.shown_account(parsed(), edits)
    masked_part = accounts.masked(accounts.file_account(parsed(), {DB_ACCOUNT: edits[DB_ACCOUNT]}))

    for text in (shown_part, masked_part, accounts.masked(raw())):
        assert "correct horse" not in text
        assert "ENC(" not in text
        assert HIDDEN in text
    assert "db.prod.example.test" in shown_part
    assert "db.prod.example.test" in masked_part
    assert "https://login.example.test/oauth/token" in shown_part


def test_a_secret_is_hidden_although_only_its_encrypted_form_tells_that_it_is_one() -> None:
    document = {DB_ACCOUNT: {"name": "x", "property_map": {"remark": {"value": "ENC(abc)"}}}}

    text = accounts.shown_account(parsed(document), {DB_ACCOUNT: {"/property_map/remark/value": "in clear"}})

    assert "in clear" not in text
    assert HIDDEN in text


def test_secrets_outside_values_are_hidden_too() -> None:
    document = {
        DB_ACCOUNT: {"name": "x", "password": "hunter2", "note": "ENC(abc)", "property_map": {"a": "{cipher}b"}}
    }

    text = accounts.masked(raw(document))

    assert not any(word in text for word in ("hunter2", "ENC(", "cipher"))


def changed(**members: Any) -> Any:
    return {DB_ACCOUNT: {**json.loads(raw())[DB_ACCOUNT], **members}}


def test_a_file_edited_by_hand_gives_what_a_form_would() -> None:
    document = changed()
    values = document[DB_ACCOUNT]["property_map"]["settings"]["connectionProperties"]["value"]
    values["hostname"]["value"], values["password"]["value"] = "db.prod.example.test", "correct horse"
    values["portNumber"]["value"], values["timeout"]["value"] = 6432, "30s"

    edits = accounts.edits_of(parsed(), raw(document))

    assert list(edits) == [DB_ACCOUNT]
    assert json.loads(accounts.file_account(parsed(), edits)) == document


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({}, "It holds no account."),
        ([{**TEMPLATE[DB_ACCOUNT], "id": DB_ACCOUNT}], "laid out in another way"),
        ({"1234": TEMPLATE[DB_ACCOUNT]}, "an account 1234 that the export does not have"),
        (changed(name="other"), "orders_db_account: name was changed"),
        (changed(more=1), "more was added to the account itself"),
        (changed(property_map={}), "settings is missing in property_map"),
        (
            changed(property_map={"view_serial": 1, "info": [], "settings": {}}),
            "property_map › info has another structure",
        ),
    ],
)
def test_changes_of_structure_are_named_and_refused(other: Any, words: str) -> None:
    with pytest.raises(ChangedShapeError) as refused:
        accounts.edits_of(parsed(), raw(other))

    assert words in refused.value.message
    assert any(words in difference for difference in refused.value.differences)


def test_a_value_of_another_kind_is_a_change_of_structure() -> None:
    document = changed()
    document[DB_ACCOUNT]["property_map"]["settings"]["connectionProperties"]["value"]["portNumber"]["value"] = "6432"

    assert accounts.same_shape(parsed(), raw(document)) == [
        "In the account orders_db_account: property_map › settings › connectionProperties › value › portNumber › value "
        "was a number and is a text now."
    ]
    assert accounts.same_shape(parsed(), raw()) == []


def test_no_more_differences_are_told_than_anybody_reads() -> None:
    found = accounts.same_shape(parsed(), raw(changed(**{f"more {number}": 1 for number in range(99)})))

    assert len(found) == 51
    assert found[-1] == "There are more differences."
