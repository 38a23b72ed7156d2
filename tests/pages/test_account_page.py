"""Account and security say what is true: of the address, of the codes, and where to go next."""

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.core import mail

from tests import make

pytestmark = pytest.mark.django_db


def test_an_address_is_confirmed_only_where_it_was_shown_to_be_theirs(alice, as_alice):
    alice.email = "alice@example.test"
    alice.save()

    text = as_alice.get("/account/").content.decode()
    assert "not confirmed" in text
    sent = as_alice.post("/account/email/", {"email": alice.email, "action_send": ""})
    assert sent.status_code == 302
    assert [each.to for each in mail.outbox] == [[alice.email]]

    EmailAddress.objects.filter(user=alice).update(verified=True)
    text = as_alice.get("/account/").content.decode()
    assert "address, confirmed" in text
    assert "action_send" not in text


def test_an_address_of_somebody_else_confirms_nothing(alice, as_alice):
    alice.email = "alice@example.test"
    alice.save()
    other = make.user("other")
    EmailAddress.objects.create(user=other, email=alice.email, verified=True)

    assert "not confirmed" in as_alice.get("/account/").content.decode()


def test_the_address_is_asked_for_a_code_so_often_and_no_more(alice, as_alice, settings):
    alice.email = "alice@example.test"
    alice.save()

    for _ in range(12):
        as_alice.post("/account/email/", {"email": alice.email, "action_send": ""})

    assert len(mail.outbox) < 5


def test_security_counts_the_codes_that_are_left(alice, as_alice):
    assert "made with the first" in as_alice.get("/security/").content.decode()

    make.authenticator_app(alice)
    assert "Make codes" in as_alice.get("/security/").content.decode()

    codes = RecoveryCodes.activate(alice)
    unused = codes.get_unused_codes()
    assert f"{len(unused)} left" in as_alice.get("/security/").content.decode()
    for code in unused[3:]:
        assert codes.validate_code(code)
    text = as_alice.get("/security/").content.decode()
    assert "3 left" in text
    assert "make new ones soon" in text


def test_guides_are_led_to_and_shown(as_alice):
    for page in ("/signals/", "/keys/"):
        assert 'href="/signals/guide/"' in as_alice.get(page).content.decode()

    text = as_alice.get("/signals/guide/").content.decode()
    assert "<h2>What happens to a signal</h2>" in text
    assert '<pre class="formula" tabindex="0">' in text
    assert text.count("<h1>") == 1


def test_the_script_that_proves_a_record_is_for_everybody(client):
    answer = client.get("/track/verify_track_record.py")

    assert answer.status_code == 200
    assert answer["Content-Disposition"] == 'attachment; filename="verify_track_record.py"'
    assert b"def faults_of(" in b"".join(answer.streaming_content)
