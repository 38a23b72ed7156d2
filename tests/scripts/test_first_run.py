"""What the first start makes, and that later ones leave alone what a person changed."""

from decimal import Decimal

import pytest
from django.db.migrations.recorder import MigrationRecorder

from betting.forms import ChangeLimits
from betting.management.commands.first_run import begin_betting, ensure_login, is_behind
from betting.models import Transfer
from betting.selectors.money import bankroll_of

pytestmark = pytest.mark.django_db


def test_migrations_are_run_only_where_one_was_not_applied():
    assert not is_behind()

    MigrationRecorder.Migration.objects.filter(app="sessions", name="0001_initial").delete()

    assert is_behind()


def test_the_demo_bettor_gets_money_once_and_follows_what_is_shipped(alice):
    begin_betting(alice)
    followed = set(alice.followed_strategies.values_list("key", flat=True))
    begin_betting(alice)

    assert followed == {"consensus", "blend"}
    assert Transfer.objects.count() == 1
    assert bankroll_of(alice.pk).free == Decimal("10000.00")
    assert alice.limits.max_bet_share == Decimal("0.0100")


def test_the_demo_bettors_limits_can_be_saved_as_they_are(alice):
    begin_betting(alice)
    form = ChangeLimits()
    shown = {
        name: form[name].field.prepare_value(getattr(alice.limits, name)) for name in form.fields
    }

    assert ChangeLimits(shown).errors == {}


def test_a_strategy_that_was_left_is_not_followed_again(alice):
    begin_betting(alice)
    alice.followed_strategies.clear()

    begin_betting(alice)

    assert not alice.followed_strategies.exists()


def test_a_login_keeps_the_password_its_owner_chose(db):
    assert ensure_login("demo", password="first-password") == "given"
    assert ensure_login("demo", password="first-password") == "given"

    assert ensure_login("demo", password="another-password") == "changed"


def test_only_the_operator_may_enter_the_admin(db, django_user_model):
    ensure_login("demo", password="first-password")
    ensure_login("operator", password="first-password", role="admin")

    staff = dict(django_user_model.objects.values_list("username", "is_staff"))
    assert staff == {"demo": False, "operator": True}
