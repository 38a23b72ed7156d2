"""Tests that can fail: `python bench/mutants.py [WORD ...]`.

For each figure of docs/guides/evidence.md one fault is planted in a copy of the checkout, and the
test that guards the figure is run there: it has to fail. With DATABASE_URL and REDIS_URL, as tests
need them. Exits with 1 if a mutant lived.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "bench")]

from measured import say  # noqa: E402 - after the paths


@dataclass(frozen=True)
class Mutant:
    """A fault: which figure it is against, what is written instead of what, and who must notice."""

    figure: int
    name: str
    file: str
    right: str
    wrong: str
    test: str


AS_TESTS = ("-q", "-x", "-n", "0", "-p", "no:randomly", "-p", "no:cacheprovider", "--reuse-db")
PLACEMENT = "tests/betting/test_placement.py::"
MUTANTS = (
    Mutant(1, "a key placed before is not looked for", "betting/services/placement.py",
           "request_key=asked.request_key).first()", 'request_key="").first()',
           f"{PLACEMENT}test_fifty_threads_with_one_key_make_one_bet"),
    Mutant(2, "another bet under a key is not told apart", "betting/services/placement.py",
           "if earlier.fingerprint != asked.fingerprint:", "if False:",
           f"{PLACEMENT}test_the_same_key_and_content_return_the_same_bet"),
    Mutant(4, "what a venue never answered is sent again", "betting/services/placement.py",
           "return resolve_unknown(bet_id=bet.pk, now=now)",
           "return record_answer(bet, _ask(place, order_of(bet), now=now), now=now)",
           f"{PLACEMENT}test_an_unknown_answer_is_resolved_by_look_up_alone"),
    Mutant(6, "pots are locked in any order", "betting/services/pots.py",
           '.order_by("pk")', '.order_by("?")', "bench/deadlocks.py 160"),
    Mutant(7, "half a win pays the whole", "betting/domain/settlement.py",
           'Outcome.HALF_WON: Decimal("0.5")', "Outcome.HALF_WON: Decimal(1)",
           "tests/betting/test_money_machine.py"),
    Mutant(9, "the away side's line counts for the home side", "betting/domain/settlement.py",
           'lead = margin if side == "home" else -margin', "lead = margin",
           "tests/betting/test_settlement_table.py"),
    Mutant(10, "a bet is settled without its owner's lock", "betting/services/pots.py",
           'LedgerAccount.objects.select_for_update(of=("self",))', "LedgerAccount.objects",
           "tests/betting/test_settling.py::test_twenty_workers_settling_one_bet_pay_once"),
    Mutant(10, "a bet is settled without its owner's lock, fifty at once",
           "betting/services/pots.py",
           'LedgerAccount.objects.select_for_update(of=("self",))', "LedgerAccount.objects",
           "bench/figures settling --small"),
    Mutant(11, "a task whose worker died is not run again", "config/celery.py",
           "task_reject_on_worker_lost=True", "task_reject_on_worker_lost=False",
           "tests/config/test_schedule.py"),
    Mutant(13, "the broker's option that hangs workers", "config/celery.py",
           '"visibility_timeout": 900,', '"visibility_timeout": 900, "retry_on_timeout": True,',
           "tests/config/test_schedule.py::test_the_brokers_worst_option_is_not_set"),
    Mutant(16, "a beat that does not lead sends all the same", "config/beat.py",
           "if leads else LOOK_SECONDS", "if True else LOOK_SECONDS", "tests/config/test_beat.py"),
    Mutant(17, "a slot that is done is done again", "accounts/jobs/__init__.py",
           "if run.finished_at is not None and", "if False and", "tests/config/test_schedule.py::"
        "test_a_slot_that_is_done_is_done_by_nobody_however_often_it_is_delivered"),
    Mutant(18, "a redirect is followed", "odds/feeds/http.py",
           "follow_redirects=False", "follow_redirects=True", "tests/odds/test_the_odds_api.py"),
    Mutant(20, "a quote never grows old", "risk/domain/controls.py",
           "if age <= quote.age_limit:", "if True:", "tests/risk/test_controls.py::"
        "test_in_five_thousand_timelines_what_is_stale_gone_moved_or_started_is_refused"),
    Mutant(21, "what is set aside does not count", "odds/services/credit_ledger.py",
           "        held=held,", "        held=0,", "bench/figures quota --small"),
    Mutant(30, "a changed audit entry is not noticed", "accounts/audit/chain.py",
           "    if place is not None:", "    if False:", "tests/accounts/test_audit_chain.py"),
    Mutant(33, "probes wait for a database that hangs", "config/doors.py",
           "LONGEST_CHECK = 1.5", "LONGEST_CHECK = 15.0",
           "tests/config/test_doors.py::test_with_a_silent_database_every_door_answers_within_two_seconds"),
    Mutant(33, "a silent queue is not told", "config/doors.py",
           "if age > OLDEST_HEARTBEAT:", "if False:",
           "tests/config/test_doors.py::test_a_silent_queue_is_named"),
    Mutant(33, "real probes wait for a database that hangs", "config/doors.py",
           "LONGEST_CHECK = 1.5", "LONGEST_CHECK = 15.0", "bench/figures probes --small"),
    Mutant(39, "a changed model is loaded", "models_registry/artifacts.py",
           "if _sha256(body) != checksum:", "if False:",
           "tests/models_registry/test_artifacts.py::test_a_changed_file_is_refused"),
    Mutant(39, "any harmed artefact is loaded", "models_registry/artifacts.py",
           "if _sha256(body) != checksum:", "if False:", "bench/figures registry --small"),
    Mutant(39, "a promotion is written in two parts", "models_registry/services/promotion.py",
           "    promotion = Promotion.objects.create(",
           "    transaction.get_connection().connection.commit()\n"
           "    promotion = Promotion.objects.create(", "bench/figures registry --small"),
    Mutant(40, "drift never pauses", "models_registry/domain/drift_bounds.py",
           "if self.pause is not None and figure >= self.pause:", "if False:",
           "tests/models_registry/test_drift.py"),
    Mutant(41, "limits over time bind nobody", "risk/domain/controls.py",
           '"Own limits over time", over_personal', '"Own limits over time", lambda _: None',
           "tests/risk/test_personal.py"),
    Mutant(40, "the newest weeks are read with the older ones only",
           "models_registry/services/drift.py",
           "seen.where(seen.day > seen.day.max(initial=0) - half)", "seen",
           "tests/models_registry/test_drift.py"),
    Mutant(41, "a week begins on Sunday", "betting/selectors/playing.py",
           "timedelta(days=day.weekday())", "timedelta(days=(day.weekday() + 1) % 7)",
           "bench/figures limits --small"),
    Mutant(41, "who races for a limit has no lock", "betting/services/pots.py",
           'LedgerAccount.objects.select_for_update(of=("self",))', "LedgerAccount.objects",
           "bench/figures racing --small"),
    Mutant(42, "who excluded themselves may stake", "risk/domain/controls.py",
           "if facts.exclusion is None:", "if True:", "tests/risk/test_personal.py"),
)  # fmt: skip


def main(words: list[str]) -> int:
    """Plant each, run its test, take it back."""
    chosen = [m for m in MUTANTS if not words or any(w in (str(m.figure), m.name) for w in words)]
    living = []
    with tempfile.TemporaryDirectory(prefix="fairline-mutants-") as place:
        folder = Path(place) / "fairline"
        copy(folder)
        for mutant in chosen:
            begun = time.monotonic()
            if lives(mutant, folder):
                living.append(mutant)
            state = "lives" if mutant in living else "is found"
            took = time.monotonic() - begun
            print(f"{mutant.figure}: {mutant.name}: {state} ({took:.0f} s)", file=sys.stderr)
    say("mutants planted", len(chosen), "mutants")
    say("mutants that lived", len(living), "mutants", "goal", 0)
    return 1 if living else 0


def copy(folder: Path) -> None:
    """Copy what git knows of."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 - git
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in listed.stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def lives(mutant: Mutant, folder: Path) -> bool:
    """Tell whether nobody noticed a fault."""
    path = folder / mutant.file
    text = path.read_text()
    if mutant.right not in text:
        raise SystemExit(f"{mutant.name}: {mutant.file} no longer says {mutant.right!r}")
    path.write_text(text.replace(mutant.right, mutant.wrong, 1))
    command = [sys.executable, "-m", "pytest", mutant.test, *AS_TESTS]
    if is_script := mutant.test.startswith("bench/"):
        command = [sys.executable, *mutant.test.split()]
    try:
        done = subprocess.run(  # noqa: S603 - ours
            command, cwd=folder, env=os.environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        path.write_text(text)
    # 1: a test failed. Anything else is pytest's own trouble, which proves nothing.
    if done.returncode not in (0, 1):
        raise SystemExit(f"{mutant.name}:\n{done.stdout[-3000:]}{done.stderr[-2000:]}")
    if is_script:
        # It may not just have failed: a figure of its missed its goal.
        missed = [row for row in map(json.loads, done.stdout.splitlines()) if _is_missed(row)]
        if bool(missed) != bool(done.returncode):
            raise SystemExit(f"{mutant.name}:\n{done.stdout[-3000:]}{done.stderr[-2000:]}")
        print(f"  {[(row['value'], row['name']) for row in missed]}", file=sys.stderr)
        return not missed
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    print(f"  {failed[0][:150] if failed else 'all passed'}", file=sys.stderr)
    return not failed


def _is_missed(row: dict[str, Any]) -> bool:
    return row["peer"] == "goal" and row["value"] != row["peer_value"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
