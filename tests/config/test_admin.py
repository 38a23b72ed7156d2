"""Every table has a page for operators; evidence can only be read there."""

from decimal import Decimal

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts.models import ApiKey, AuditEntry
from accounts.operating import Evidence
from betting.models import Bet, LedgerAccount, Settlement
from betting.services.settlement import settle_bet
from odds.models import Bookmaker, FeedRun, PriceChange, QuarantinedRow, Quote
from risk.models import BreakersDue, Halt
from risk.services import halt_everything
from tests import make
from tests.make import BEFORE, NIGHT, NOON

OURS = ("accounts", "odds", "models_registry", "risk", "betting")
MODELS = [model for app in OURS for model in apps.get_app_config(app).get_models()]
# Its key is two columns, which the admin cannot show; it is shown on Quote.
# The other is a queue of numbers, empty most of the time.
WITHOUT_PAGE = {PriceChange, BreakersDue}
EVIDENCE = {
    "PlaceSaid",
    "Signal",
    "SignalSource",
    "Transfer",
    "LedgerAccount",
    "Bankroll",
    "Bet",
    "Settlement",
    "Opportunity",
    "Backtest",
    "Sweep",
    "Closing",
    "Quote",
    "Market",
    "Selection",
    "ClosingPrice",
    "FeedRun",
    "CreditEntry",
    "CreditHold",
    "WeightSet",
    "BookmakerWeight",
    "SchemaDrift",
    "ProviderSport",
    "QuarantinedRow",
    "Sighting",
    "MarketLook",
    "TeamGame",
    "ReferenceLine",
    "EventReference",
    "Prediction",
    "Refusal",
    "DriftReport",
    "Pause",
    "Predictor",
    "Attack",
    "Opening",
    "Search",
    "Trial",
    "TrialFold",
    "ModelVersion",
    "Promotion",
    "Remark",
    "StageChange",
    "TrainingRun",
    "Assessment",
    "Halt",
    "AuditEntry",
    "AuditHead",
    "AlertChannel",
    "AlertHours",
    "AlertRule",
    "AlertTrigger",
    "Notification",
    "Delivery",
    "DeadLetter",
    "JobRun",
    "JobSkip",
    "KeptAnswer",
    "ClientLogin",
    "RefreshToken",
    "BreakerLevel",
    "BreakerReading",
    "Exclusion",
    "PersonalAsked",
    "PersonalLimit",
    "Presence",
    "TimeSpent",
    "StrategyVersion",
    "DecisionInputs",
    "JournalEntry",
    "Arming",
    "TrackRecord",
    "Commitment",
    "BetImport",
    "ImportedBet",
    "MarketDay",
    "Outlook",
    "QuarantinedBet",
    "Invitation",
    "SharedLink",
    "TakeOut",
}


@pytest.fixture
def desk(olivia) -> Client:
    client = Client()
    client.force_login(olivia)
    return client


def address(model, page="changelist", *arguments):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=arguments)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_table_has_a_page_that_can_be_searched(desk, model):
    if model in WITHOUT_PAGE:
        return
    assert desk.get(address(model)).status_code == 200
    assert desk.get(address(model), {"q": "x"}).status_code == 200
    assert admin.site._registry[model].search_fields


def test_evidence_is_evidence():
    found = {
        model.__name__
        for model, page in admin.site._registry.items()
        if isinstance(page, Evidence) and model in MODELS
    }

    assert found == EVIDENCE


@pytest.fixture
def story(alice):
    """A bet that was won."""
    make.bankroll(alice)
    bet = make.place(alice, make.priced("2.500"), "10.00")
    make.finish(bet.selection.market.event, 100, 90)
    return settle_bet(bet_id=bet.pk, result="won", now=NIGHT)


@pytest.mark.usefixtures("story")
@pytest.mark.parametrize("model", [Bet, Settlement, LedgerAccount, Quote])
def test_evidence_is_shown_and_not_changed(desk, model):
    row = model.objects.first()

    assert desk.get(address(model)).status_code == 200
    assert desk.get(address(model, "change", row.pk)).status_code == 200
    assert desk.post(address(model, "change", row.pk), {}).status_code == 403
    assert desk.get(address(model, "add")).status_code == 403
    assert desk.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    answer = desk.post(
        address(model), {"action": "delete_selected", "_selected_action": row.pk, "index": 0}
    )
    assert b"Are you sure" not in answer.content
    assert model.objects.filter(pk=row.pk).exists()


def test_a_quote_shows_its_history(desk):
    quote = make.priced("2.000")
    PriceChange.objects.create(quote=quote, price=Decimal("1.950"), seen_at=BEFORE)
    PriceChange.objects.create(quote=quote, price=None, seen_at=NOON)

    text = desk.get(address(Quote, "change", quote.pk)).content.decode()

    assert "1.950" in text
    assert "withdrawn" in text


def test_a_settlement_is_corrected_with_a_reason(desk, story, olivia):
    def ask(**more):
        return desk.post(
            address(Bet),
            {"action": "correct", "_selected_action": story.pk, "index": 0} | more,
            follow=True,
        ).content.decode()

    assert "Choose the right result" in ask(reason="Wrong score")
    assert "Say why" in ask(result="void")
    story.refresh_from_db()
    assert story.result == "won"

    assert "done" in ask(result="void", reason="The game is to be replayed")

    story.refresh_from_db()
    assert (story.result, story.returned) == ("void", Decimal("10.00"))
    last = story.settlements.get(sequence=2)
    assert (last.reason, last.by) == ("The game is to be replayed", olivia)


def test_a_halt_is_lifted_with_a_reason(desk, olivia):
    halt = halt_everything(reason="Feed is wrong", now=NOON)
    asked = {"action": "lift", "_selected_action": halt.pk, "index": 0}

    desk.post(address(Halt), asked)
    assert Halt.objects.get().lifted_at is None

    desk.post(address(Halt), asked | {"reason": "Feed is mended"})
    halt = Halt.objects.get()
    assert (halt.lifted_by, halt.lift_reason) == (olivia, "Feed is mended")
    assert AuditEntry.objects.filter(action="lifted: Kill switch", actor=olivia).exists()


def test_a_quarantined_row_is_resolved_with_a_reason(desk, olivia):
    run = FeedRun.objects.create(provider="p", kind="file", subject="a.csv", started_at=NOON)
    row = QuarantinedRow.objects.create(
        feed_run=run,
        source="a.csv",
        field="price",
        reason="0",
        raw={},
        fingerprint="f",
        seen_at=NOON,
    )

    asked = {"_selected_action": row.pk, "index": 0, "reason": "Vendor mended it"}
    said = desk.post(address(QuarantinedRow), asked | {"action": "accept"}, follow=True)
    assert "this is no other score of an event" in said.content.decode()
    desk.post(address(QuarantinedRow), asked | {"action": "resolve"})

    row.refresh_from_db()
    assert row.resolved_at is not None
    entry = AuditEntry.objects.get(action="resolved quarantined row")
    assert (entry.actor, entry.detail["reason"]) == (olivia, "Vendor mended it")


def test_a_key_is_shown_once_and_revoked_with_a_reason(desk, alice):
    page = desk.post(
        address(ApiKey, "add"),
        {"owner": alice.pk, "name": "laptop", "scopes": "read,bet"},
        follow=True,
    )

    key = ApiKey.objects.get()
    assert (key.owner, key.scopes) == (alice, ["read", "bet"])
    text = page.content.decode().split("The key is ")[1].split(" ")[0]
    assert Client().get("/api/v1/auth/me", headers={"X-Api-Key": text}).status_code == 200
    assert text not in desk.get(address(ApiKey)).content.decode()

    desk.post(
        address(ApiKey),
        {"action": "revoke", "_selected_action": key.pk, "index": 0, "reason": "Laptop lost"},
    )
    assert Client().get("/api/v1/auth/me", headers={"X-Api-Key": text}).status_code == 401
    entry = AuditEntry.objects.get(action="revoked API key")
    assert entry.detail == {"reason": "Laptop lost"}


def test_what_an_operator_edits_is_audited(desk, olivia):
    book = Bookmaker.objects.create(key="sharp", title="Sharp")

    desk.post(
        address(Bookmaker, "change", book.pk),
        {"key": "sharp", "title": "Sharp", "weight": "3.0", "commission_share": "0.02"},
    )

    book.refresh_from_db()
    assert book.weight == 3.0
    entry = AuditEntry.objects.get(action="changed in admin")
    assert (entry.actor, entry.subject) == (olivia, f"bookmaker {book.pk}: Sharp")


def test_no_list_costs_more_with_more_rows(desk, alice, django_assert_num_queries):
    make.bankroll(alice)
    make.place(alice, make.priced(), "1.00")
    with django_assert_num_queries(10**6, exact=False) as one:
        desk.get(address(Bet))
    for game in range(2, 11):
        make.place(alice, make.priced(game=game), "1.00")

    with django_assert_num_queries(len(one)):
        desk.get(address(Bet))


def test_the_admin_is_for_staff(as_alice):
    assert as_alice.get("/admin/").status_code == 403
