"""A client of Fairline's API, made from its schema: one method an operation.

The standard library alone. Made by `scripts/manage api_files`; do not edit it.
"""

import json
import urllib.error
import urllib.parse
import urllib.request
import uuid


class Problem(Exception):
    """What the API said instead: `status`, and `body` with `detail`, `errors`, `request_id`."""

    def __init__(self, status, body):
        super().__init__(f"{status}: {body.get('detail')}")
        self.status, self.body = status, body


class Fairline:
    """Ask as the owner of a key. A write may be handed `repeat`, its Idempotency-Key."""

    def __init__(self, address="http://127.0.0.1:8000", *, key=None, token=None, timeout=30):
        self.address, self.timeout = address.rstrip("/"), timeout
        self.headers = {"Accept": "application/json"}
        if key:
            self.headers["X-Api-Key"] = key
        if token:
            self.headers["Authorization"] = f"Bearer {token}"

    def pages(self, page):
        """Yield every row of a list, from the first page that a method returned."""
        while True:
            yield from page["results"]
            if page["next"] is None:
                return
            page = self._send("GET", page["next"])

    def _ask(self, method, path, filters=None, body=None, repeat=None):
        query = urllib.parse.urlencode({k: v for k, v in (filters or {}).items() if v is not None})
        headers = {}
        if method != "GET":
            headers["Idempotency-Key"] = repeat or str(uuid.uuid4())
        address = f"{self.address}{path}{'?' + query if query else ''}"
        return self._send(method, address, body, headers)

    def _send(self, method, address, body=None, headers=None):
        data = None if method == "GET" else json.dumps(body or {}).encode()
        sent = self.headers | (headers or {})
        if data is not None:
            sent["Content-Type"] = "application/json"
        asked = urllib.request.Request(address, data, sent, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=self.timeout) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise Problem(error.code, json.loads(error.read() or b"{}")) from None

    def alert_channels(self, **filters):
        """Where you can be told, by name.

        Filters: cursor, fields, page_size.
        """
        return self._ask('GET', '/api/v1/alerts/channels', filters)

    def add_alert_channel(self, body=None, *, repeat=None):
        """Add a channel. Of a webhook bring the key that is to sign: answers are kept a while."""
        return self._ask('POST', '/api/v1/alerts/channels', body=body, repeat=repeat)

    def remove_alert_channel(self, channel_id, body=None, *, repeat=None):
        """Remove a channel for good."""
        return self._ask('POST', f"/api/v1/alerts/channels/{channel_id}/remove", body=body, repeat=repeat)

    def test_alert_channel(self, channel_id, body=None, *, repeat=None):
        """Send a test message; the list of messages says what became of it."""
        return self._ask('POST', f"/api/v1/alerts/channels/{channel_id}/test", body=body, repeat=repeat)

    def alert_deliveries(self, **filters):
        """Messages to your channels, newest first: waiting, sent, given up, not sent.

        Filters: channel_id, cursor, fields, page_size, status.
        """
        return self._ask('GET', '/api/v1/alerts/deliveries', filters)

    def resend_alert(self, delivery_id, body=None, *, repeat=None):
        """Send a message that was given up once more, with the id it had."""
        return self._ask('POST', f"/api/v1/alerts/deliveries/{delivery_id}/resend", body=body, repeat=repeat)

    def mute_alerts(self, body=None, *, repeat=None):
        """Send nothing for so many hours, of one rule or all; notices are still kept."""
        return self._ask('POST', '/api/v1/alerts/mute', body=body, repeat=repeat)

    def set_quiet_hours(self, body=None, *, repeat=None):
        """Set the hours in which nothing is sent, or end them."""
        return self._ask('POST', '/api/v1/alerts/quiet-hours', body=body, repeat=repeat)

    def alert_rules(self, **filters):
        """What you want to be told of, by name.

        Filters: cursor, fields, page_size.
        """
        return self._ask('GET', '/api/v1/alerts/rules', filters)

    def add_alert_rule(self, body=None, *, repeat=None):
        """Add a rule."""
        return self._ask('POST', '/api/v1/alerts/rules', body=body, repeat=repeat)

    def change_alert_rule(self, rule_id, body=None, *, repeat=None):
        """Change a rule to what is sent."""
        return self._ask('PUT', f"/api/v1/alerts/rules/{rule_id}", body=body, repeat=repeat)

    def remove_alert_rule(self, rule_id, body=None, *, repeat=None):
        """Remove a rule for good."""
        return self._ask('POST', f"/api/v1/alerts/rules/{rule_id}/remove", body=body, repeat=repeat)

    def arbitrages(self, **filters):
        """Markets whose best prices together leave a certain profit. Check prices again.

        Filters: competition, doubtful, limit, max_age, outlay, simulated, unit.
        """
        return self._ask('GET', '/api/v1/arbitrages', filters)

    def attacks(self, **filters):
        """Look-ahead attacks on model versions, newest first.

        Filters: cursor, fields, page_size, version.
        """
        return self._ask('GET', '/api/v1/attacks', filters)

    def audit(self, **filters):
        """Who did what, from where, before and after, newest first; for operators.

        Filters: action, actor, address, cursor, fields, page_size, people, q.
        """
        return self._ask('GET', '/api/v1/audit', filters)

    def log_in(self, body=None, *, repeat=None):
        """Come in with e-mail address, password and, where one is set up, the second factor."""
        return self._ask('POST', '/api/v1/auth/login', body=body, repeat=repeat)

    def log_out(self, body=None, *, repeat=None):
        """End the log-in that a refresh token is of; its access tokens open nothing from now on."""
        return self._ask('POST', '/api/v1/auth/logout', body=body, repeat=repeat)

    def auth_me(self, **filters):
        """Say who the API takes you for."""
        return self._ask('GET', '/api/v1/auth/me', filters)

    def refresh(self, body=None, *, repeat=None):
        """Get the next tokens. The one you send is used up: sent again, the log-in ends."""
        return self._ask('POST', '/api/v1/auth/refresh', body=body, repeat=repeat)

    def backtests(self, **filters):
        """Backtests with how far each is, the last asked for first.

        Filters: competition, cursor, fields, page_size, status, strategy, sweep.
        """
        return self._ask('GET', '/api/v1/backtests', filters)

    def run_backtest(self, body=None, *, repeat=None):
        """Ask for a backtest; a worker takes it. For operators."""
        return self._ask('POST', '/api/v1/backtests', body=body, repeat=repeat)

    def compare_backtests(self, **filters):
        """Two to four backtests that are done, and in what they differ.

        Filters: ids.
        """
        return self._ask('GET', '/api/v1/backtests/compare', filters)

    def backtest(self, backtest_id, **filters):
        """One backtest: figures, cuts, risk of ruin, and how many were tried on its days."""
        return self._ask('GET', f"/api/v1/backtests/{backtest_id}", filters)

    def cancel_backtest(self, backtest_id, body=None, *, repeat=None):
        """Cancel a backtest: at once while it waits, at its next step while it runs."""
        return self._ask('POST', f"/api/v1/backtests/{backtest_id}/cancel", body=body, repeat=repeat)

    def bankroll(self, **filters):
        """Your bankrolls, oldest first: free, at risk, and both together."""
        return self._ask('GET', '/api/v1/bankroll', filters)

    def open_bankroll(self, body=None, *, repeat=None):
        """Open a bankroll, or one that was closed once more; one that is open stays as it is."""
        return self._ask('POST', '/api/v1/bankroll/open', body=body, repeat=repeat)

    def close_bankroll(self, bankroll_id, body=None, *, repeat=None):
        """Close one of your bankrolls that holds nothing."""
        return self._ask('POST', f"/api/v1/bankroll/{bankroll_id}/close", body=body, repeat=repeat)

    def close_pot(self, bankroll_id, bookmaker, body=None, *, repeat=None):
        """Close an empty pot at a bookmaker: stakes there come out of free money again."""
        return self._ask('POST', f"/api/v1/bankroll/{bankroll_id}/pots/{bookmaker}/close", body=body, repeat=repeat)

    def rename_bankroll(self, bankroll_id, body=None, *, repeat=None):
        """Give one of your bankrolls another name."""
        return self._ask('POST', f"/api/v1/bankroll/{bankroll_id}/rename", body=body, repeat=repeat)

    def statement(self, bankroll_id, **filters):
        """A period of one of your bankrolls: opening, every movement, closing.

        Filters: begin, end.
        """
        return self._ask('GET', f"/api/v1/bankroll/{bankroll_id}/statement", filters)

    def transfers(self, bankroll_id, **filters):
        """Every transfer of one of your bankrolls, oldest first.

        Filters: cursor, fields, page_size.
        """
        return self._ask('GET', f"/api/v1/bankroll/{bankroll_id}/transfers", filters)

    def move_money(self, bankroll_id, body=None, *, repeat=None):
        """Deposit, withdraw, or move money to or from a bookmaker, once an Idempotency-Key."""
        return self._ask('POST', f"/api/v1/bankroll/{bankroll_id}/transfers", body=body, repeat=repeat)

    def bets(self, **filters):
        """Your bets, latest first.

        Filters: bankroll, bookmaker, competition, cursor, event, fields, market, page_size, placed_after, placed_before, result, sort, status, tag.
        """
        return self._ask('GET', '/api/v1/bets', filters)

    def place_bet(self, body=None, *, repeat=None):
        """Place a bet, once: repeat with the same Idempotency-Key and you get the same bet."""
        return self._ask('POST', '/api/v1/bets', body=body, repeat=repeat)

    def bet(self, bet_id, **filters):
        """One of your bets, with how its stake was decided and how it was settled."""
        return self._ask('GET', f"/api/v1/bets/{bet_id}", filters)

    def cancel_bet(self, bet_id, body=None, *, repeat=None):
        """Take back what the venue has not matched; repeats return the bet as it is then."""
        return self._ask('POST', f"/api/v1/bets/{bet_id}/cancel", body=body, repeat=repeat)

    def confirm_bet(self, bet_id, body=None, *, repeat=None):
        """Say what you really got of a bet that you place by hand (venue `manual`)."""
        return self._ask('POST', f"/api/v1/bets/{bet_id}/confirm", body=body, repeat=repeat)

    def note_on_bet(self, bet_id, body=None, *, repeat=None):
        """Keep a note on a bet of yours in place of the one before; empty takes it away."""
        return self._ask('PUT', f"/api/v1/bets/{bet_id}/note", body=body, repeat=repeat)

    def tag_bet(self, bet_id, body=None, *, repeat=None):
        """Put tags on a bet of yours and take others off: at most ten of 24 letters."""
        return self._ask('POST', f"/api/v1/bets/{bet_id}/tags", body=body, repeat=repeat)

    def bookmakers(self, **filters):
        """How much each bookmaker of a sport counts in the consensus, heaviest first.

        Filters: sport.
        """
        return self._ask('GET', '/api/v1/bookmakers', filters)

    def config(self, **filters):
        """How this installation is set up, as far as it is no secret."""
        return self._ask('GET', '/api/v1/config', filters)

    def drift(self, **filters):
        """Reports of drift, one a day and predictor, latest first.

        Filters: cursor, fields, level, page_size, predictor.
        """
        return self._ask('GET', '/api/v1/drift', filters)

    def ev_hits(self, **filters):
        """The same as `opportunities`, by the name that other programs use.

        Filters: bookmaker, competition, cursor, event, fields, market, max_price, min_edge, min_price, page_size, recommended, side, sort, starts_before, status, strategy.
        """
        return self._ask('GET', '/api/v1/ev/hits', filters)

    def ev_summary(self, **filters):
        """How many opportunities there are and how good, by market and by bookmaker.

        Filters: bookmaker, competition, event, market, max_price, min_edge, min_price, recommended, side, starts_before, status, strategy.
        """
        return self._ask('GET', '/api/v1/ev/summary', filters)

    def events(self, **filters):
        """Events by start, past and coming.

        Filters: competition, cursor, fields, page_size, starts_after, starts_before, status, team.
        """
        return self._ask('GET', '/api/v1/events', filters)

    def event(self, event_id, **filters):
        """One event with its markets and their selections."""
        return self._ask('GET', f"/api/v1/events/{event_id}", filters)

    def feeds(self, **filters):
        """What the odds provider has cost this month, and how it drifts from its guide."""
        return self._ask('GET', '/api/v1/feeds', filters)

    def imported_bets(self, **filters):
        """Bets you placed elsewhere, newest first. They are in no bankroll.

        Filters: cursor, fields, page_size.
        """
        return self._ask('GET', '/api/v1/imported-bets', filters)

    def import_bets(self, body=None, *, repeat=None):
        """Take the bets of a CSV; wrong rows are kept apart, those that are there stay one."""
        return self._ask('POST', '/api/v1/imported-bets', body=body, repeat=repeat)

    def journal(self, **filters):
        """Everything found, taken by you, left or passed over, newest first.

        Filters: competition, cursor, event, fields, kind, page_size, strategy.
        """
        return self._ask('GET', '/api/v1/journal', filters)

    def journal_entry(self, opportunity_id, **filters):
        """What was frozen of a decision: the prices it saw, the fair prices, what it said."""
        return self._ask('GET', f"/api/v1/journal/{opportunity_id}", filters)

    def journal_replay(self, opportunity_id, **filters):
        """Decide again: today's code on what the decision saw then, and what differs."""
        return self._ask('GET', f"/api/v1/journal/{opportunity_id}/replay", filters)

    def keys(self, **filters):
        """Your keys, newest first, revoked ones too.

        Filters: cursor, fields, page_size.
        """
        return self._ask('GET', '/api/v1/keys', filters)

    def make_key(self, body=None, *, repeat=None):
        """Make a key; its text is in this answer and nowhere else, not even in a repeat."""
        return self._ask('POST', '/api/v1/keys', body=body, repeat=repeat)

    def revoke_key(self, prefix, body=None, *, repeat=None):
        """Revoke a key of yours, at once and for good."""
        return self._ask('POST', f"/api/v1/keys/{prefix}/revoke", body=body, repeat=repeat)

    def rotate_key(self, prefix, body=None, *, repeat=None):
        """Make the key that takes this one's place; this one works on for some hours."""
        return self._ask('POST', f"/api/v1/keys/{prefix}/rotate", body=body, repeat=repeat)

    def low_holds(self, **filters):
        """Markets whose best prices together keep at most 2 % for the books.

        Filters: competition, doubtful, limit, max_age, outlay, simulated, unit.
        """
        return self._ask('GET', '/api/v1/low-holds', filters)

    def middles(self, **filters):
        """Pairs of lines between which both bets win.

        Filters: competition, doubtful, limit, max_age, outlay, simulated, unit.
        """
        return self._ask('GET', '/api/v1/middles', filters)

    def models(self, **filters):
        """Model versions, newest first, each with its figures and the market's.

        Filters: competition, cursor, fields, page_size, predictor, stage, tag.
        """
        return self._ask('GET', '/api/v1/models', filters)

    def champion(self, **filters):
        """The version that prices, or priced at a moment.

        Filters: at, predictor.
        """
        return self._ask('GET', '/api/v1/models/champion', filters)

    def compare_models(self, **filters):
        """Two versions on the events of both records: figures, calibration, where they differ.

        Filters: first, second.
        """
        return self._ask('GET', '/api/v1/models/compare', filters)

    def promotions(self, **filters):
        """Who became the champion, when, why, and what each gate said; latest first.

        Filters: at_after, at_before, cursor, fields, page_size, predictor, version.
        """
        return self._ask('GET', '/api/v1/models/promotions', filters)

    def roll_back(self, body=None, *, repeat=None):
        """Return to the champion before; no gate is asked. For operators."""
        return self._ask('POST', '/api/v1/models/roll-back', body=body, repeat=repeat)

    def training_runs(self, **filters):
        """Training runs with their progress, the last asked for first.

        Filters: competition, cursor, fields, page_size, predictor, status.
        """
        return self._ask('GET', '/api/v1/models/runs', filters)

    def train(self, body=None, *, repeat=None):
        """Ask for a training; a worker begins it. One at a time of a predictor. For operators."""
        return self._ask('POST', '/api/v1/models/runs', body=body, repeat=repeat)

    def training_run(self, run_id, **filters):
        """One training run: how far it is, or what became of it."""
        return self._ask('GET', f"/api/v1/models/runs/{run_id}", filters)

    def cancel_training(self, run_id, body=None, *, repeat=None):
        """Cancel a run: one that waits at once, one that works at its next step. For operators."""
        return self._ask('POST', f"/api/v1/models/runs/{run_id}/cancel", body=body, repeat=repeat)

    def stage_changes(self, **filters):
        """Which version went from which stage to which, latest first.

        Filters: cursor, fields, page_size, predictor, version.
        """
        return self._ask('GET', '/api/v1/models/stages', filters)

    def model(self, version_id, **filters):
        """One version, with its signature and when it was promoted."""
        return self._ask('GET', f"/api/v1/models/{version_id}", filters)

    def model_card(self, version_id, **filters):
        """The card of a version: data, figures with intervals, limits, refusals, history."""
        return self._ask('GET', f"/api/v1/models/{version_id}/card", filters)

    def model_gates(self, version_id, **filters):
        """What the gates say of a version now; promoting it asks them again."""
        return self._ask('GET', f"/api/v1/models/{version_id}/gates", filters)

    def note(self, version_id, body=None, *, repeat=None):
        """Add a note about a version, which stays for ever. For operators."""
        return self._ask('POST', f"/api/v1/models/{version_id}/note", body=body, repeat=repeat)

    def promote(self, version_id, body=None, *, repeat=None):
        """Make a version the champion, if every gate agrees. For operators."""
        return self._ask('POST', f"/api/v1/models/{version_id}/promote", body=body, repeat=repeat)

    def stage(self, version_id, body=None, *, repeat=None):
        """Put a version in a stage; in staging it predicts in shadow. For operators."""
        return self._ask('POST', f"/api/v1/models/{version_id}/stage", body=body, repeat=repeat)

    def tag(self, version_id, body=None, *, repeat=None):
        """Put a tag on a version. For operators."""
        return self._ask('POST', f"/api/v1/models/{version_id}/tag", body=body, repeat=repeat)

    def untag(self, version_id, body=None, *, repeat=None):
        """Take a tag off a version. For operators."""
        return self._ask('POST', f"/api/v1/models/{version_id}/untag", body=body, repeat=repeat)

    def notices(self, **filters):
        """What you were told, newest first.

        Filters: cursor, fields, kind, page_size, unread.
        """
        return self._ask('GET', '/api/v1/notices', filters)

    def read_notices(self, body=None, *, repeat=None):
        """Mark all your notices as read."""
        return self._ask('POST', '/api/v1/notices/read', body=body, repeat=repeat)

    def odds(self, **filters):
        """Latest quotes of each bookmaker. Without `event` or `starts_after`: of coming events.

        Filters: bookmaker, competition, cursor, event, fields, market, page_size, side, starts_after, starts_before, status, team.
        """
        return self._ask('GET', '/api/v1/odds', filters)

    def openings(self, **filters):
        """Looks at held-out seasons, newest first: who, when, with what model, which figures.

        Filters: cursor, fields, page_size, predictor.
        """
        return self._ask('GET', '/api/v1/openings', filters)

    def opportunities(self, **filters):
        """Prices above fair, best edge first, with why and why not.

        Filters: bookmaker, competition, cursor, event, fields, market, max_price, min_edge, min_price, page_size, recommended, side, sort, starts_before, status, strategy.
        """
        return self._ask('GET', '/api/v1/opportunities', filters)

    def opportunity(self, opportunity_id, **filters):
        """One opportunity, open or gone."""
        return self._ask('GET', f"/api/v1/opportunities/{opportunity_id}", filters)

    def outliers(self, **filters):
        """Prices that pay more than all other books together think they are worth.

        Filters: competition, doubtful, limit, max_age, outlay, simulated, unit.
        """
        return self._ask('GET', '/api/v1/outliers', filters)

    def pauses(self, **filters):
        """When versions were paused, released or recovered, latest first.

        Filters: cursor, fields, page_size, predictor.
        """
        return self._ask('GET', '/api/v1/pauses', filters)

    def performance(self, **filters):
        """What your settled bets earned, and whether that can be told from luck.

        Filters: bankroll, bookmaker, by_edge, by_lead, by_price, by_regime, by_version, competition, market, since, strategy, tag, until.
        """
        return self._ask('GET', '/api/v1/performance', filters)

    def predictions(self, **filters):
        """What each version said about each event, latest information first.

        Filters: as_of_after, as_of_before, competition, cursor, event, fields, page_size, version.
        """
        return self._ask('GET', '/api/v1/predictions', filters)

    def predict(self, body=None, *, repeat=None):
        """Ask each competition's champion about events to come, with all that is known now."""
        return self._ask('POST', '/api/v1/predictions', body=body, repeat=repeat)

    def predictions_now(self, **filters):
        """What may be priced now: the champion's latest word on each event to come.

        Filters: competition.
        """
        return self._ask('GET', '/api/v1/predictions/now', filters)

    def prediction_explanation(self, prediction_id, **filters):
        """Why a version said what it said of an event, worked out when asked."""
        return self._ask('GET', f"/api/v1/predictions/{prediction_id}/explanation", filters)

    def prediction_lines(self, prediction_id, **filters):
        """What a prediction says of any spread and any total: one belief, so never contradictory.

        Filters: spread, total.
        """
        return self._ask('GET', f"/api/v1/predictions/{prediction_id}/lines", filters)

    def refusals(self, **filters):
        """Events that a version would not predict, and why, latest information first.

        Filters: cause, cursor, event, fields, page_size, version.
        """
        return self._ask('GET', '/api/v1/refusals', filters)

    def waiting_results(self, **filters):
        """Events with open bets that wait for a result. For operators.

        Filters: cursor, fields, page_size.
        """
        return self._ask('GET', '/api/v1/results', filters)

    def rule_on_event(self, event_id, body=None, *, repeat=None):
        """Say what became of an event; its bets settle or are corrected at once. For operators."""
        return self._ask('POST', f"/api/v1/results/{event_id}", body=body, repeat=repeat)

    def risk(self, **filters):
        """Your limits, what of them is used, and what stops you now."""
        return self._ask('GET', '/api/v1/risk', filters)

    def assessments(self, **filters):
        """Every decision about a stake of yours, latest first, refusals with all their reasons.

        Filters: after, before, cursor, fields, page_size, refused, rule, text.
        """
        return self._ask('GET', '/api/v1/risk/assessments', filters)

    def breakers(self, **filters):
        """What every breaker reads now, where it warns and trips, and what a trip would stop."""
        return self._ask('GET', '/api/v1/risk/breakers', filters)

    def set_breaker_levels(self, body=None, *, repeat=None):
        """Set where one of your breakers warns and trips, from now on."""
        return self._ask('POST', '/api/v1/risk/breakers', body=body, repeat=repeat)

    def drill(self, **filters):
        """What each breaker would have blocked in the past days. Writes nothing.

        Filters: days.
        """
        return self._ask('GET', '/api/v1/risk/drill', filters)

    def exclude(self, body=None, *, repeat=None):
        """Keep yourself away from betting, at once. Nobody ends it early, operators included."""
        return self._ask('POST', '/api/v1/risk/exclusions', body=body, repeat=repeat)

    def lift_halt(self, halt_id, body=None, *, repeat=None):
        """Lift a halt of yours, or any as an operator, with a reason."""
        return self._ask('POST', f"/api/v1/risk/halts/{halt_id}/lift", body=body, repeat=repeat)

    def jurisdiction(self, **filters):
        """Where you said you are and how old, whether stakes are taken, and who helps there."""
        return self._ask('GET', '/api/v1/risk/jurisdiction', filters)

    def say_place(self, body=None, *, repeat=None):
        """Say where you are, and an age you have reached. What bars stakes stands for a day."""
        return self._ask('POST', '/api/v1/risk/jurisdiction', body=body, repeat=repeat)

    def personal(self, **filters):
        """What you let yourself pay in, stake, lose and spend in time; whether you keep away."""
        return self._ask('GET', '/api/v1/risk/personal', filters)

    def set_personal_limit(self, body=None, *, repeat=None):
        """Lower a limit of your own at once, or ask for a higher one, which waits for a day."""
        return self._ask('POST', '/api/v1/risk/personal', body=body, repeat=repeat)

    def confirm_raise(self, asked_id, body=None, *, repeat=None):
        """Say yes a second time to a higher limit, a day after it was asked for."""
        return self._ask('POST', f"/api/v1/risk/personal/raises/{asked_id}/confirm", body=body, repeat=repeat)

    def stop(self, body=None, *, repeat=None):
        """Stop new stakes at once: all of yours, or of one scope. Open bets settle as usual."""
        return self._ask('POST', '/api/v1/risk/stop', body=body, repeat=repeat)

    def searches(self, **filters):
        """Searches for better parameters, newest first.

        Filters: competition, cursor, fields, page_size.
        """
        return self._ask('GET', '/api/v1/searches', filters)

    def search(self, search_id, **filters):
        """One search with its trials and the best of them, deflated for how many were tried."""
        return self._ask('GET', f"/api/v1/searches/{search_id}", filters)

    def signals(self, **filters):
        """What your bots said, newest first, and why it was put aside.

        Filters: cursor, fields, page_size, put_aside, source.
        """
        return self._ask('GET', '/api/v1/signals', filters)

    def send_signal(self, body=None, *, repeat=None):
        """Say what a bot thinks; your strategy of this source decides on it with the next look."""
        return self._ask('POST', '/api/v1/signals', body=body, repeat=repeat)

    def signal_sources(self, **filters):
        """Your sources, newest first, revoked ones too.

        Filters: cursor, fields, page_size.
        """
        return self._ask('GET', '/api/v1/signals/sources', filters)

    def make_signal_source(self, body=None, *, repeat=None):
        """Make a source and the strategy that decides on it; its secret is in this answer alone."""
        return self._ask('POST', '/api/v1/signals/sources', body=body, repeat=repeat)

    def revoke_signal_source(self, key, body=None, *, repeat=None):
        """Revoke a source for good: its signals count no longer, and its strategy is put away."""
        return self._ask('POST', f"/api/v1/signals/sources/{key}/revoke", body=body, repeat=repeat)

    def rotate_signal_source(self, key, body=None, *, repeat=None):
        """Give a source another secret; what the old one signs is refused from now on."""
        return self._ask('POST', f"/api/v1/signals/sources/{key}/rotate", body=body, repeat=repeat)

    def stats(self, **filters):
        """How much there is: events to come, open opportunities, your bets by status."""
        return self._ask('GET', '/api/v1/stats', filters)

    def steam(self, **filters):
        """Selections whose consensus moved within the last hour, and books that moved together.

        Filters: competition, doubtful, limit, max_age, outlay, simulated, unit.
        """
        return self._ask('GET', '/api/v1/steam', filters)

    def strategies(self, **filters):
        """Everybody's strategies and your own, those switched on first.

        Filters: archived, cursor, fields, page_size.
        """
        return self._ask('GET', '/api/v1/strategies', filters)

    def make_strategy(self, body=None, *, repeat=None):
        """Make a strategy of your own, switched off; an operator may make one for everybody."""
        return self._ask('POST', '/api/v1/strategies', body=body, repeat=repeat)

    def strategy(self, key, **filters):
        """One strategy, as it is now."""
        return self._ask('GET', f"/api/v1/strategies/{key}", filters)

    def change_strategy(self, key, body=None, *, repeat=None):
        """Change a strategy; a changed configuration is its next version, the same one is none."""
        return self._ask('PUT', f"/api/v1/strategies/{key}", body=body, repeat=repeat)

    def archive_strategy(self, key, body=None, *, repeat=None):
        """Put a strategy away with all its versions, or bring it back; either way it is off."""
        return self._ask('POST', f"/api/v1/strategies/{key}/archive", body=body, repeat=repeat)

    def follow_strategy(self, key, body=None, *, repeat=None):
        """Have a strategy place paper bets for you, or no longer."""
        return self._ask('POST', f"/api/v1/strategies/{key}/follow", body=body, repeat=repeat)

    def switch_strategy(self, key, body=None, *, repeat=None):
        """Switch a strategy on or off; what one that is off had found ends."""
        return self._ask('POST', f"/api/v1/strategies/{key}/switch", body=body, repeat=repeat)

    def strategy_versions(self, key, **filters):
        """A strategy's versions, newest first; none is ever changed.

        Filters: cursor, fields, page_size.
        """
        return self._ask('GET', f"/api/v1/strategies/{key}/versions", filters)

    def sweeps(self, **filters):
        """Sweeps with how far each is, the last begun first.

        Filters: competition, cursor, fields, page_size, status, strategy.
        """
        return self._ask('GET', '/api/v1/sweeps', filters)

    def sweep(self, body=None, *, repeat=None):
        """Begin a sweep on the workers; it never sees a held-out season. For operators."""
        return self._ask('POST', '/api/v1/sweeps', body=body, repeat=repeat)

    def sweep_in_full(self, sweep_id, **filters):
        """One sweep with its trials, what the best is worth, and what choosing earned."""
        return self._ask('GET', f"/api/v1/sweeps/{sweep_id}", filters)

    def resume_sweep(self, sweep_id, body=None, *, repeat=None):
        """Go on with a sweep that was stopped or failed: what is done is not done again."""
        return self._ask('POST', f"/api/v1/sweeps/{sweep_id}/resume", body=body, repeat=repeat)

    def stop_sweep(self, sweep_id, body=None, *, repeat=None):
        """Stop a sweep: what waits is put aside, what runs is put down at its next step."""
        return self._ask('POST', f"/api/v1/sweeps/{sweep_id}/stop", body=body, repeat=repeat)

    def venues(self, **filters):
        """Every venue: what it can do, whether it may be asked now, and what waits there."""
        return self._ask('GET', '/api/v1/venues', filters)

    def arm_venue(self, body=None, *, repeat=None):
        """Ask for a venue to be armed; it stakes nothing before it is confirmed. For operators."""
        return self._ask('POST', '/api/v1/venues/arm', body=body, repeat=repeat)

    def confirm_arming(self, body=None, *, repeat=None):
        """Arm a venue that was asked for within ten minutes: the second step. For operators."""
        return self._ask('POST', '/api/v1/venues/confirm', body=body, repeat=repeat)

    def disarm_venue(self, body=None, *, repeat=None):
        """End a venue's arming at once; repeats change nothing. For operators."""
        return self._ask('POST', '/api/v1/venues/disarm', body=body, repeat=repeat)
