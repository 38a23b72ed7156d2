"""Sign-up, invitations, verification, reset, second factors, sessions: as a person meets them."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.cache import caches
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts import secrets
from accounts.models import AlertChannel, AuditEntry, Invitation, User
from accounts.people import invitations
from tests import make

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
NEW = "another long password"


@pytest.fixture
def alice():
    return make.user("alice", password=PASSWORD)


def code_in(message):
    return re.search(r"^([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})$", message.body, re.MULTILINE)[1]


def sign_up(client, email="new@example.test", password=PASSWORD):
    return client.post("/sign-up/", {"email": email, "password1": password})


def log_in(name="alice", password=PASSWORD, client=None):
    client = client or Client()
    client.post("/login/", {"login": name, "password": password})
    return client


def is_in(client):
    return client.get("/account/").status_code == 200


def invite(by, **asked):
    return invitations.invite(
        by_id=by.pk,
        now=timezone.now(),
        **({"role": "bettor", "email": "", "days": 7} | asked),
    )


def confirm(client, password=PASSWORD):
    client.post("/login/again/", {"password": password})


def test_open_sign_up_is_by_a_code_to_the_address(settings):
    settings.SIGN_UP = "open"
    client = Client()

    assert sign_up(client)["Location"] == "/verify/"
    assert not is_in(client)
    wrong = client.post("/verify/", {"code": "WRONG1"})
    assert wrong.status_code == 200
    assert not is_in(client)
    client.post("/verify/", {"code": code_in(mail.outbox[0])})

    assert is_in(client)
    made = User.objects.get(email="new@example.test")
    assert (made.role, made.is_staff) == ("bettor", False)
    assert AuditEntry.objects.filter(action="signed up", actor=made).exists()


def test_sign_up_tells_nobody_whose_account_there_is(settings, alice):
    settings.SIGN_UP = "open"
    there, new = Client(), Client()

    answers = [sign_up(there, "alice@example.test"), sign_up(new, "new@example.test")]

    assert {(a.status_code, a["Location"]) for a in answers} == {(302, "/verify/")}
    assert there.get("/verify/").status_code == new.get("/verify/").status_code == 200
    assert User.objects.count() == 2
    assert [m.to for m in mail.outbox] == [["alice@example.test"], ["new@example.test"]]
    assert "already exists" in mail.outbox[0].body


def test_reset_tells_nobody_whose_account_there_is(alice):
    answers = [
        Client().post("/reset/", {"email": f"{name}@example.test"}) for name in ("alice", "nobody")
    ]

    assert {(a.status_code, a["Location"]) for a in answers} == {(302, "/reset/sent/")}
    assert len(mail.outbox) == 2


@pytest.mark.parametrize("sign_ups", ["invited", "closed"])
def test_without_an_invitation_no_account_is_opened(settings, sign_ups):
    settings.SIGN_UP = sign_ups
    client = Client()

    assert "closed" in client.get("/sign-up/").content.decode()
    sign_up(client)
    assert not User.objects.exists()


def test_an_invitation_opens_one_account_with_its_role(olivia):
    made, token = invite(olivia, role="viewer", email="new@example.test")
    assert token not in str(Invitation.objects.values())
    client, late = Client(), Client()
    for each in (client, late):
        assert each.get(f"/come-in/{token}/")["Location"] == "/sign-up/"
    assert "another address" in sign_up(client, "other@example.test").content.decode()
    sign_up(client)
    sign_up(late)
    client.post("/verify/", {"code": code_in(mail.outbox[-1])})

    assert is_in(client)
    came = User.objects.get(email="new@example.test")
    made.refresh_from_db()
    assert (came.role, made.used_by) == ("viewer", came)
    assert User.objects.count() == 2
    assert Client().get(f"/come-in/{token}/").status_code == 404


def test_invitations_end_and_are_revoked_and_only_an_admin_makes_operators(olivia):
    _, ended = invite(olivia, days=1)
    revoked, token = invite(olivia)
    invitations.revoke(invitation_id=revoked.pk, by_id=olivia.pk, now=timezone.now())
    operator = make.user("op", role="operator")

    later = timezone.now() + timedelta(days=2)
    assert invitations.usable_invitation(ended, now=later) is None
    assert Client().get(f"/come-in/{token}/").status_code == 404
    with pytest.raises(invitations.InvitationRefused, match="Only an admin"):
        invite(operator, role="operator")
    with pytest.raises(invitations.InvitationRefused, match="has an account already"):
        invite(olivia, email="OP@example.test")


def test_operators_invite_on_their_page_and_the_link_is_shown_once(olivia):
    desk = Client()
    desk.force_login(olivia)
    page = desk.post("/invitations/", {"email": "", "role": "bettor", "days": "3"})
    link = re.search(r"http://testserver(/come-in/[^<]+/)", page.content.decode())[1]

    assert page.status_code == 201
    assert Client().get(link).status_code == 302
    assert link not in desk.get("/invitations/").content.decode()
    made = Invitation.objects.get()
    desk.post(f"/invitations/{made.pk}/revoke/")
    assert Client().get(link).status_code == 404
    assert desk.post("/invitations/", {"role": "king", "days": "3"}).status_code == 422


def test_the_page_says_whether_the_mail_with_an_invitation_went(olivia, settings, monkeypatch):
    desk = Client()
    desk.force_login(olivia)
    asked = {"email": "new@example.test", "role": "bettor", "days": "3"}
    assert "was sent to new@example.test" in desk.post("/invitations/", asked).content.decode()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"

    def nobody_there(*_, **__):
        raise ConnectionRefusedError

    monkeypatch.setattr("smtplib.SMTP", nobody_there)

    page = desk.post("/invitations/", asked).content.decode()

    assert "was sent to" not in page
    assert "No mail could be sent to new@example.test" in page


def test_a_changed_password_ends_every_other_session(alice):
    here, there = log_in(), log_in()
    confirm(here)
    here.post("/account/password/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})

    assert is_in(here)
    assert not is_in(there)
    assert is_in(log_in(password=NEW))
    assert AuditEntry.objects.filter(action="changed password", actor=alice).exists()


def test_a_reset_ends_every_session_and_keeps_the_second_factor(alice):
    app = make.authenticator_app(alice)
    there = Client()
    there.force_login(alice)
    client = Client()
    client.post("/reset/", {"email": "alice@example.test"})
    link = re.search(r"http://testserver(/reset/\S+)", mail.outbox[0].body)[1]
    asked = client.get(link, follow=True)
    client.post(asked.request["PATH_INFO"], {"password1": NEW, "password2": NEW})

    assert not is_in(there)
    again = log_in(password=NEW)
    assert not is_in(again)
    again.post("/login/code/", {"code": make.code_of(app)})
    assert is_in(again)
    assert "no longer works" in Client().get(link, follow=True).content.decode()


@pytest.mark.django_db(transaction=True)
def test_an_app_is_set_up_after_showing_it_is_you_and_ends_other_sessions(alice):
    here, there = log_in(), log_in()
    assert here.get("/security/app/")["Location"].startswith("/login/again/")
    confirm(here)
    page = here.get("/security/app/").content.decode()
    secret = re.search(r'id="secret">([A-Z2-7=]+)<', page)[1]
    done = here.post("/security/app/", {"code": make.code_of(secret)})

    assert done["Location"] == "/security/codes/"
    codes = re.findall(r"^(\d{8})$", here.get("/security/codes/").content.decode(), re.MULTILINE)
    assert len(codes) >= 9
    assert codes[1] not in here.get("/security/codes/").content.decode()
    assert is_in(here)
    assert not is_in(there)
    assert not any(secret in str(row) for row in Authenticator.objects.values())
    assert mail.outbox[-1].subject == "Authenticator App Activated"
    assert AuditEntry.objects.filter(action="set up authenticator app").exists()

    back = log_in()
    assert not is_in(back)
    back.post("/login/code/", {"code": codes[1]})
    assert is_in(back)
    again = log_in()
    again.post("/login/code/", {"code": codes[1]})
    assert not is_in(again)


def test_a_code_used_here_is_no_good_in_another_process(alice, monkeypatch):
    app = make.authenticator_app(alice)
    code = make.code_of(app)
    client = log_in()
    client.post("/login/code/", {"code": code})
    assert is_in(client)

    # What another process has: a client of its own of the same cache, and nothing else.
    elsewhere = caches.create_connection("default")
    with monkeypatch.context() as patch:
        patch.setattr("allauth.mfa.totp.internal.auth.cache", elsewhere)
        second = log_in()
        second.post("/login/code/", {"code": code})
        assert not is_in(second)
        # If this fails, the test above proves nothing.
        elsewhere.clear()
        second.post("/login/code/", {"code": code})
        assert is_in(second)


def test_a_session_is_listed_and_ended_and_nobody_elses(alice, bob):
    here, there = log_in(), log_in()
    listed = here.get("/security/sessions/").content.decode()
    mine = [int(pk) for pk in re.findall(r"/security/sessions/(\d+)/end/", listed)]
    as_bob = Client()
    as_bob.force_login(bob)

    assert len(mine) == 1
    assert as_bob.post(f"/security/sessions/{mine[0]}/end/").status_code == 404
    here.post(f"/security/sessions/{mine[0]}/end/")
    assert not is_in(there)
    assert is_in(here)


def test_keys_of_secrets_are_rotated(alice, settings):
    app = make.authenticator_app(alice)
    channel = AlertChannel.objects.create(
        owner=alice, name="bot", kind="webhook", secret=secrets.encrypt("whsec_1"),
        created_at=timezone.now(),
    )  # fmt: skip
    old, new = settings.SECRETS_KEYS[0], secrets.key_from("new")
    settings.SECRETS_KEYS = [new, old]
    call_command("rotate_secrets")
    settings.SECRETS_KEYS = [new]
    channel.refresh_from_db()
    assert secrets.decrypt(channel.secret) == "whsec_1"
    client = log_in()
    client.post("/login/code/", {"code": make.code_of(app)})
    assert is_in(client)

    settings.SECRETS_KEYS = [secrets.key_from("none of them")]
    with pytest.raises(secrets.CannotDecrypt, match="FAIRLINE_SECRETS_KEYS"):
        secrets.decrypt(Authenticator.objects.get(type="totp").data["secret"])
