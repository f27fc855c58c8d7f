"""What real webhooks do that the provider's page leaves out: the envelope, messages, statuses; and our samples."""

from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest

from shared.wire.lenient_json import loads
from workers.devtools import samples
from workers.events import (
    TYPES,
    AudioMessage,
    ButtonMessage,
    Contact,
    Conversation,
    EditMessage,
    ErrorDetail,
    Event,
    ImageMessage,
    InteractiveMessage,
    MediaMetadata,
    OrderMessage,
    Pricing,
    ReactionMessage,
    Referral,
    RevokeMessage,
    StatusUpdate,
    StickerMessage,
    SystemMessage,
    TextMessage,
    UnknownEvent,
    UnknownMessage,
    UnsupportedMessage,
    VoiceMessage,
)
from workers.parsing import RawEvent, split_webhook, to_event

RECEIVED = datetime(2026, 1, 1, 12, tzinfo=UTC)
DELIVERY = "2736a0a2-be7d-4279-95ba-2033e1356107"
TEXT = {"from": "919800000001", "id": "wamid.A", "timestamp": "1767250800", "type": "text", "text": {"body": "hi"}}
SENT = {"id": "wamid.B", "status": "sent", "timestamp": "1767250800", "recipient_id": "919800000002"}
E = TypeVar("E", bound=Event)


def kinds(document: Any) -> list[tuple[str, str]]:
    return [(item.kind, item.type) for item in split_webhook(document)]


def typed(item: RawEvent) -> Event:
    return to_event(item, received_at=RECEIVED, receipt="c0ffee")


def message(kind: type[E], **changes: Any) -> E:
    (item,) = split_webhook({"messages": {**TEXT, **changes}, "id": DELIVERY})
    found = typed(item)
    assert type(found) is kind
    return found


def status(**changes: Any) -> StatusUpdate:
    (item,) = split_webhook({"statuses": [{**SENT, **changes}, {"id": DELIVERY}], "id": DELIVERY})
    found = typed(item)
    assert isinstance(found, StatusUpdate)
    return found


def meta(**value: Any) -> dict[str, Any]:
    return {"field": "messages", "value": {"metadata": {"display_phone_number": "+91 80000 00100"}, **value}}


# Envelope


@pytest.mark.parametrize("messages", [TEXT, [TEXT]])
def test_messages_may_be_an_object_or_a_list(messages: Any) -> None:
    assert kinds({"messages": messages, "id": DELIVERY}) == [("message", "text")]


@pytest.mark.parametrize("statuses", [SENT, [SENT], [SENT, {"id": DELIVERY}]])
def test_statuses_may_be_an_object_or_a_list(statuses: Any) -> None:
    assert kinds({"statuses": statuses, "id": DELIVERY}) == [("status", "sent")]


@pytest.mark.parametrize("statuses", [[SENT, {"id": DELIVERY}], [{"id": DELIVERY}, SENT], [SENT, {"id": "another"}]])
def test_a_stub_is_no_event(statuses: Any) -> None:
    assert kinds({"statuses": statuses, "id": DELIVERY}) == [("status", "sent")]


def test_an_id_alone_that_is_neither_last_nor_the_deliverys_is_kept() -> None:
    document = {"statuses": [{"id": "another"}, SENT], "id": DELIVERY}
    assert kinds(document) == [("status", "unknown"), ("status", "sent")]


def test_metas_envelope_has_no_stubs() -> None:
    items = split_webhook({"entry": [{"changes": [meta(statuses=[SENT, {"id": "another"}])]}]})
    assert [item.type for item in items] == ["sent", "unknown"]


def test_a_document_with_only_a_stub_is_kept_whole() -> None:
    document = {"statuses": [{"id": DELIVERY}], "id": DELIVERY}
    (item,) = split_webhook(document)
    assert (item.kind, item.body, item.reason) == ("unknown", document, "nothing but a stub")


@pytest.mark.parametrize("document", [{}, [], None, 5, "", "text", True, {"messages": []}, {"id": DELIVERY}])
def test_a_document_with_nothing_in_it_is_kept_whole(document: Any) -> None:
    (item,) = split_webhook(document)
    assert (item.kind, item.type, item.reason) == ("unknown", "unknown", "nothing in it")
    assert item.body is document


def test_the_business_number_is_kept() -> None:
    (item,) = split_webhook({"messages": TEXT, "businessPhoneNumber": "+91 80000 00100", "id": DELIVERY})
    assert item.business_number == typed(item).business_number == "918000000100"


def test_a_mixed_batch_is_one_event_an_item() -> None:
    assert [(item.kind, item.type) for item in split_webhook(loads(samples.load("mixed")))] == [
        ("message", "text"),
        ("message", "image"),
        ("status", "sent"),
        ("status", "delivered"),
        ("status", "failed"),
    ]


@pytest.mark.parametrize("bad", [None, 5, "text", [], [[]], True, {}])
def test_a_bad_item_never_takes_its_neighbours_with_it(bad: Any) -> None:
    items = split_webhook({"messages": [TEXT, bad, TEXT], "statuses": [SENT, bad, SENT], "id": DELIVERY})
    assert [item.type for item in items] == ["text", "unknown", "text", "sent", "unknown", "sent"]
    assert items[1].body is bad
    assert items[1].reason is not None


def test_a_thousand_updates_are_a_thousand_events() -> None:
    statuses = [{**SENT, "id": f"wamid.{number}"} for number in range(1000)]
    contacts = [{"wa_id": str(number)} for number in range(1000)]
    assert len({item.key for item in split_webhook({"statuses": statuses, "contacts": contacts})}) == 1000


def test_metas_envelope_may_hold_several_entries_and_changes() -> None:
    entries = [{"changes": [meta(messages=[TEXT]), meta(statuses=[SENT, SENT])]}, {"changes": [meta(messages=[TEXT])]}]
    items = split_webhook({"object": "whatsapp_business_account", "entry": entries})
    assert [item.type for item in items] == ["text", "sent", "sent", "text"]
    assert {item.business_number for item in items} == {"918000000100"}


def test_errors_beside_messages_are_an_event_of_their_own() -> None:
    text, errors = split_webhook({"entry": [{"changes": [meta(messages=[TEXT], errors=[{"code": 130429}])]}]})
    assert (text.type, errors.kind, errors.body) == ("text", "unknown", [{"code": 130429}])
    assert typed(errors).errors == (ErrorDetail(code=130429),)


def test_errors_without_messages_keep_the_whole_change() -> None:
    change = meta(errors=[{"code": 130429}])
    (item,) = split_webhook({"entry": [{"changes": [change]}]})
    assert item.body is change
    assert typed(item).errors == (ErrorDetail(code=130429),)


@pytest.mark.parametrize("family", ["account_settings_update", "message_template_status_update", "history"])
def test_another_event_family_is_kept_as_unknown(family: str) -> None:
    change = {"field": family, "value": {"event": "APPROVED"}}
    (item,) = split_webhook({"entry": [{"changes": [change]}]})
    found = typed(item)
    assert isinstance(found, UnknownEvent)
    assert (found.raw, found.reason, found.kind) == (change, "another event family", "unknown")
    assert split_webhook({"event": family})[0].reason == "another event family"


@pytest.mark.parametrize("entry", [None, 5, [], {}, {"changes": []}, {"changes": None}, {"changes": [None]}])
def test_a_broken_entry_is_kept_beside_the_others(entry: Any) -> None:
    items = split_webhook({"entry": [entry, {"changes": [meta(statuses=[SENT])]}]})
    assert [item.type for item in items] == ["unknown", "sent"]


def test_lists_at_the_root_and_a_list_of_documents_are_read() -> None:
    assert kinds({"messages": [TEXT], "statuses": [SENT]}) == [("message", "text"), ("status", "sent")]
    assert kinds([{"messages": [TEXT]}, {"statuses": [SENT]}, None]) == [
        ("message", "text"),
        ("status", "sent"),
        ("unknown", "unknown"),
    ]


@pytest.mark.parametrize("contacts", [None, [], {}, 5, [None], "x"])
def test_contacts_may_be_missing_or_broken(contacts: Any) -> None:
    (item,) = split_webhook({"contacts": contacts, "messages": TEXT})
    assert not item.contact
    assert item.type == "text"


def test_the_sender_wins_over_the_contact() -> None:
    (item,) = split_webhook({"contacts": [{"wa_id": "919800000009", "profile": {"name": "Asha"}}], "messages": TEXT})
    found = typed(item)
    assert isinstance(found, TextMessage)
    assert found.customer == "919800000001"
    assert found.contact == Contact(name="Asha", wa_id="919800000009")


def test_each_item_gets_its_own_contact() -> None:
    asha, ravi, other = ({"wa_id": number} for number in ("919800000001", "+91 98000 00002", "919800000009"))
    items = split_webhook({"contacts": [ravi, asha], "messages": TEXT, "statuses": [SENT]})
    assert [item.contact for item in items] == [asha, ravi]
    assert [
        item.contact for item in split_webhook({"contacts": [other, ravi], "messages": TEXT, "statuses": SENT})
    ] == [
        other,
        ravi,
    ]
    assert split_webhook({"contacts": [other, other], "messages": TEXT})[0].contact is None


def test_statuses_carry_contacts_too() -> None:
    contact = {"wa_id": "919800000002"}
    (item,) = split_webhook({"statuses": [SENT, {"id": DELIVERY}], "contacts": [contact], "id": DELIVERY})
    assert item.contact is contact


# Messages


@pytest.mark.parametrize("name", samples.names())
def test_each_sample_is_of_the_type_it_is_named_after(name: str) -> None:
    first = split_webhook(loads(samples.load(name)))[0]
    stem = name.split("-")[0]
    assert first.type == {"mixed": "text", "meta": "sent" if name == "meta-status" else "text"}.get(stem, stem)
    assert typed(first).time_is_guessed is False


def test_the_samples_show_every_type() -> None:
    assert {item.type for name in samples.names() for item in split_webhook(loads(samples.load(name)))} == TYPES


@pytest.mark.parametrize("word", ["poll", "", None, 5, [], {}, "sent", "\ud83d"])
def test_a_message_of_any_other_type_or_none_is_unknown_and_whole(word: Any) -> None:
    found = message(UnknownMessage, type=word)
    assert (found.kind, found.type, found.wamid, found.customer) == ("message", "unknown", "wamid.A", "919800000001")
    assert found.stated_type == (word if isinstance(word, str) else None)
    assert found.raw == {**TEXT, "type": word}


@pytest.mark.parametrize("body", [None, 5, "hi", [], ["hi"], {"body": 5}, {}])
def test_a_message_without_a_usable_body_is_an_event_all_the_same(body: Any) -> None:
    assert message(TextMessage, text=body).text is None
    assert message(ImageMessage, type="image", image=body).media_id is None
    assert message(UnsupportedMessage, type="unsupported", errors=[None, {"code": 131051}]).errors[0].code == 131051


@pytest.mark.parametrize(
    ("changes", "customer"),
    [
        ({"from": "+91 (98000) 00-001"}, "919800000001"),
        ({"from": "", "from_user_id": "US.1234"}, "US.1234"),
        ({"from": None, "from_bsuid": "US.ENT.1234"}, "US.ENT.1234"),
        ({"from": "US.1234"}, "US.1234"),
        ({"from": "919800000001", "from_user_id": "US.1234"}, "919800000001"),
        ({"from": [], "user_id": "CO.9"}, "CO.9"),
        ({"from": None}, None),
    ],
)
def test_the_customer_is_the_number_else_the_scoped_id_else_none(changes: Any, customer: str | None) -> None:
    assert message(TextMessage, **changes).customer == customer


@pytest.mark.parametrize(
    ("reaction", "emoji"),
    [
        ({"message_id": "wamid.C", "emoji": "👍"}, "👍"),
        ({"message_id": "wamid.C", "emoji": ""}, None),
        ({"messsage_id": "wamid.C"}, None),
    ],
)
def test_a_reaction_may_be_taken_back_and_its_id_misspelt(reaction: Any, emoji: str | None) -> None:
    found = message(ReactionMessage, type="reaction", reaction=reaction)
    assert (found.message_id, found.emoji) == ("wamid.C", emoji)


@pytest.mark.parametrize(
    ("came", "response"),
    [
        ('{"a": "1"}', {"a": "1"}),
        ('["not", "an", "object"]', ["not", "an", "object"]),
        ("no JSON", "no JSON"),
        ({"a": 1}, {"a": 1}),
        ("[" * 5000, "[" * 5000),
        ("\ud83d", "\ud83d"),
        (None, None),
    ],
)
def test_a_forms_answers_are_decoded_where_they_are_json(came: Any, response: Any) -> None:
    part = {"type": "nfm_reply", "nfm_reply": {"name": "flow", "response_json": came}}
    found = message(InteractiveMessage, type="interactive", interactive=part)
    assert (found.subtype, found.response) == ("nfm_reply", response)


@pytest.mark.parametrize("subtype", ["button_reply", "list_reply"])
def test_a_choice_has_its_id_and_title(subtype: str) -> None:
    part = {"type": subtype, subtype: {"id": "1", "title": "Yes", "description": "Why not"}}
    found = message(InteractiveMessage, type="interactive", interactive=part)
    assert (found.subtype, found.reply_id, found.title, found.description) == (subtype, "1", "Yes", "Why not")


def test_a_flow_and_a_call_permission_have_their_response() -> None:
    flow = {"type": "flow", "flow_response_data": {"screen": "COMPLETE"}}
    call = {"type": "call_permission_reply", "call_permission_reply": {"response": "accept"}}
    assert message(InteractiveMessage, type="interactive", interactive=flow).response == {"screen": "COMPLETE"}
    assert message(InteractiveMessage, type="interactive", interactive=call).response == "accept"


def test_context_and_referral_and_group_are_kept() -> None:
    context = {"id": "wamid.C", "from": "+918000000100", "forwarded": True, "frequently_forwarded": True}
    found = message(
        TextMessage,
        context={**context, "referred_product": {"catalog_id": "1"}, "mentions": ["919800000002"]},
        referral={"ctwa_clid": "click", "source_id": 7, "headline": None},
        group_id="120363025246125486",
    )
    assert found.context is not None
    assert (found.context.id, found.context.sender) == ("wamid.C", "918000000100")
    assert (found.context.forwarded, found.context.frequently_forwarded) == (True, True)
    assert (found.context.referred_product, found.context.mentions) == ({"catalog_id": "1"}, ["919800000002"])
    assert found.referral == Referral(ctwa_clid="click", source_id="7")
    assert found.group_id == "120363025246125486"


def test_the_other_types_have_their_fields() -> None:
    pressed = message(ButtonMessage, type="button", button={"text": "No", "payload": "NO"})
    assert (pressed.text, pressed.payload) == ("No", "NO")
    order = message(
        OrderMessage, type="order", order={"catalog_id": 1, "text": "x", "product_items": [{"quantity": 2}]}
    )
    assert (order.catalog_id, order.text, order.items) == ("1", "x", ({"quantity": 2},))
    system = message(SystemMessage, type="system", system={"body": "b", "type": "t", "wa_id": "91 98"})
    assert (system.text, system.change, system.new_wa_id) == ("b", "t", "9198")
    assert message(EditMessage, type="edit", edit={"original_message_id": "wamid.C"}).message_id == "wamid.C"
    assert message(RevokeMessage, type="revoke", revoke={"message_id": "wamid.C"}).message_id == "wamid.C"


def test_media_may_have_a_caption_a_name_and_only_a_link() -> None:
    part = {"caption": "c", "filename": "f", "url": "https://example.com/1"}
    found = message(ImageMessage, type="image", image=part)
    assert (found.media_id, found.caption, found.filename, found.link) == (None, "c", "f", "https://example.com/1")
    assert message(AudioMessage, type="audio", audio={"voice": True}).voice is True
    assert message(VoiceMessage, type="voice", voice={}).voice is True
    assert message(StickerMessage, type="sticker", sticker={"animated": True}).animated is True


@pytest.mark.parametrize(
    ("came", "media_id"),
    [
        ("41", "41"),
        (41, "41"),
        ("", None),
        (None, None),
        ([], None),
        ("\ud83d", None),
        ("a\nb", None),
        ("x" * 999, None),
    ],
)
def test_only_a_usable_media_id_is_asked_for(came: Any, media_id: str | None) -> None:
    (item,) = split_webhook({"messages": {**TEXT, "type": "image", "image": {"id": came}}})
    assert item.media_id == media_id


def test_metadata_goes_with_a_message_that_has_media() -> None:
    metadata = MediaMetadata(id="41", error="410 Gone")
    (item,) = split_webhook({"messages": {**TEXT, "type": "image", "image": {"id": "41"}}})
    found = to_event(item, received_at=RECEIVED, receipt="c0ffee", attempt=3, metadata=metadata)
    assert isinstance(found, ImageMessage)
    assert (found.metadata, found.attempt, found.receipt) == (metadata, 3, "c0ffee")


@pytest.mark.parametrize("came", ["yesterday", None, "", 10**30, True])
def test_an_unreadable_timestamp_is_the_time_of_receipt_and_flagged(came: Any) -> None:
    found = message(TextMessage, timestamp=came)
    assert (found.occurred_at, found.time_is_guessed) == (RECEIVED, True)


# Statuses


@pytest.mark.parametrize("word", ["deleted", "warning", "pending", "enqueued", "anything", "\ud83d"])
def test_an_unknown_status_is_kept_with_its_word(word: str) -> None:
    found = status(status=word)
    assert (found.kind, found.type, found.status) == ("status", "unknown", word)


@pytest.mark.parametrize("word", [None, 5, [], {}, ""])
def test_a_status_without_a_word_is_kept_too(word: Any) -> None:
    found = status(status=word)
    assert (found.kind, found.type, found.key[:2]) == ("status", "unknown", "u:")


@pytest.mark.parametrize(
    ("came", "read"),
    [
        (None, None),
        ({}, None),
        ({"id": "c"}, Conversation(id="c")),
        ({"id": "c", "origin": None}, Conversation(id="c")),
        ({"expiration_timestamp": 1767250800}, Conversation(expires_at=datetime(2026, 1, 1, 7, tzinfo=UTC))),
        ({"expiration_timestamp": "1767250800"}, Conversation(expires_at=datetime(2026, 1, 1, 7, tzinfo=UTC))),
    ],
)
def test_a_conversation_may_be_missing_or_in_parts(came: Any, read: Conversation | None) -> None:
    assert status(conversation=came).conversation == read


def test_prices_of_both_models_are_kept_as_text() -> None:
    came = {"pricing_model": "PMP", "type": "free_entry_point", "category": "marketing_lite"}
    assert status(pricing=came).pricing == Pricing(model="PMP", type="free_entry_point", category="marketing_lite")


def test_the_errors_of_a_failed_status_are_kept() -> None:
    came = {"code": "131026", "title": "t", "message": "m", "error_data": {"details": "d"}, "href": "h"}
    read = ErrorDetail(code=131026, title="t", message="m", details="d", href="h")
    assert status(status="failed", errors=[came, None]).errors == (read,)
    assert status(status="failed", errors={"details": "d"}).errors == (ErrorDetail(details="d"),)


@pytest.mark.parametrize("name", ["custom_callback_data", "biz_opaque_callback_data"])
def test_callback_data_is_kept(name: str) -> None:
    assert status(**{name: "order-1"}).callback_data == "order-1"


@pytest.mark.parametrize(
    ("changes", "recipient", "group_id"),
    [
        ({}, "919800000002", None),
        ({"recipient_id": "+91 98000 00002"}, "919800000002", None),
        ({"recipient_id": None, "recipient_user_id": "US.1234"}, "US.1234", None),
        ({"recipient_id": "1@g.us", "recipient_type": "group"}, "1@g.us", "1@g.us"),
        (
            {"recipient_id": "1@g.us", "recipient_type": "group", "recipient_participant_id": "+9198"},
            "9198",
            "1@g.us",
        ),
        ({"recipient_id": None}, None, None),
    ],
)
def test_the_recipient_is_the_participant_the_number_or_the_scoped_id(
    changes: Any, recipient: str | None, group_id: str | None
) -> None:
    found = status(**changes)
    assert (found.recipient, found.group_id, found.key) == (recipient, group_id, f"s:wamid.B:sent:{recipient or ''}")
