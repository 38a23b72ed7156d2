"""A world in which somebody has pressed most buttons and filled in most fields."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts import clock
from accounts.alerts.telling import tell
from accounts.domain.alerts import Fact, Kind
from accounts.models import User
from betting.domain.configuration import Configuration
from betting.forms_strategies import StrategyForm
from betting.models import Bet, Opportunity
from models_registry.models import ModelVersion
from tests import make
from tests.journeys.pasts import DAYS, backtested, swept
from tests.journeys.world import fill


def use(who: User, word: Callable[[int], str]) -> Client:
    """Fill the world of somebody who operates, and let them do things, over the pages' own doors.

    `word` makes what they write of how long it may be.
    """
    fill(who, past=2, coming=2)
    return press(who, word)


def press(who: User, word: Callable[[int], str], *, but: Sequence[str] = ()) -> Client:
    """Let them do things in a world that is there, all but what is at addresses that begin so."""
    found = Opportunity.objects.filter(status="open", passes=[]).first()
    quote = found.quote
    league = quote.selection.market.event.competition.key
    since = clock.now().date() - timedelta(days=DAYS)
    backtested(league, since)
    swept(league, since)
    make.place(who, quote, "2.00", venue="manual", now=clock.now())
    client = Client()
    client.force_login(who)
    bet, version = Bet.objects.filter(owner=who).latest("pk"), ModelVersion.objects.earliest("pk")
    bankroll = bet.bankroll_id
    about_version = f"/models/{version.pk}/"
    strategy = StrategyForm(configuration=Configuration(), books={}).initial | {
        "title": word(64), "note": word(200),
    }  # fmt: skip
    head = "Placed,Event,Selection,Bookmaker,Price,Stake,Result,Market,League,Reference"
    words = ",".join('"{}"'.format(word(90).replace('"', '""')) for _ in range(3))
    right = f"2026-01-02T10:00:00Z,{words},2.10,5,won,{words}"
    file = f"{head}\n{right}\nyesterday,{words},two,much,{words},x\n".encode()
    sent = [
        ("/alerts/channels/add/", {"kind": "mail", "name": word(40), "address": "me@a.test"}),
        (
            "/alerts/rules/add/",
            {"name": word(40), "kind": "settlement", "once_minutes": 5, "template": word(500)},
        ),
        (f"/bets/{bet.pk}/tags/", {"add": word(24)}),
        (f"/bets/{bet.pk}/note/", {"note": word(2000)}),
        ("/filters/", {"page": "odds", "name": word(40), "query": "market=h2h"}),
        ("/keys/issue/", {"name": word(50), "scopes": ["read"], "expires": "30"}),
        ("/account/share/", {"label": word(64), "days": 30, "shows_money": "on"}),
        ("/invitations/", {"email": "", "role": "bettor", "days": 7}),
        (f"/money/{bankroll}/rename/", {"name": word(48)}),
        ("/money/open/", {"name": word(48), "currency": "USD"}),
        ("/track-record/", {"title": word(64), "slug": who.username, "is_public": "on"}),
        ("/strategies/new/", strategy),
        (f"{about_version}note/", {"text": word(2000)}),
        (f"{about_version}tag/", {"tag": "checked"}),
        (f"{about_version}stage/", {"stage": "archived", "reason": word(500)}),
        (
            f"/bets/{bet.pk}/confirm/",
            {"stake": "2.00", "price": "1.01", "venue_reference": word(64)},
        ),
        ("/risk/personal/limit/", {"kind": "stake", "period": "day", "amount": "50"}),
        (
            "/risk/lock/",
            {"scope": "league", "scope_key": word(96), "hours": 2, "reason": word(500)},
        ),
        ("/risk/kill-switch/", {"reason": word(500)}),
    ]
    for path, data in sent:
        if path.startswith(tuple(but)):
            continue
        answer = client.post(path, data)
        assert answer.status_code in (201, 302), (path, answer.content.decode())
    for content in (file, file.replace(b"2026", b"2025")):
        named = SimpleUploadedFile(f"{word(40)}.csv".replace("/", ""), content)
        imported = client.post("/bets/imported/", {"file": named})
        # The last is looked at and not taken yet.
        if content == file:
            assert client.post(f"{imported.url}take/").status_code == 302
    refused = {"request_key": word(96), "opportunity_id": found.pk, "stake": "900000",
               "selection_id": quote.selection_id, "bookmaker_id": quote.bookmaker_id,
               "price": str(quote.price)}  # fmt: skip
    assert client.post("/bets/place/", refused).status_code == 422
    now = timezone.now()
    tell([Fact(Kind.CORRECTION, "bet", word(160), word(500), "/money/", now, who.pk)])
    return client
