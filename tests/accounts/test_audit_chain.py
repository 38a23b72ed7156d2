"""The audit cannot be changed, and what the owner of the database changes all the same is found."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from accounts import audit
from accounts.audit.chain import verify_chain
from accounts.models import AuditEntry, AuditHead

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENTRIES = 40


def write(count: int) -> None:
    for number in range(count):
        audit.record(
            action="changed limits",
            subject=f"limits {number}",
            actor_id=None,
            at=NOON,
            before={"stake": str(number)},
            after={"stake": str(number + 1)},
        )


def seal() -> None:
    """What every commit does."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@pytest.fixture
def chain(db):
    write(ENTRIES)
    seal()
    return ENTRIES


@pytest.fixture
def owner(chain):
    """Whoever owns the database, and can turn its triggers off."""
    with connection.cursor() as cursor:
        for table in ("accounts_auditentry", "accounts_audithead"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield cursor


def test_an_entry_is_numbered_and_sealed_with_the_transaction(chain):
    numbers = AuditEntry.objects.order_by("pk").values_list("number", flat=True)
    head = AuditHead.objects.get()

    assert list(numbers) == list(range(1, ENTRIES + 1))
    assert (head.number, head.hash) == (ENTRIES, AuditEntry.objects.get(number=ENTRIES).hash)
    assert verify_chain().broken is None


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE accounts_auditentry SET action = 'nothing'",
        "UPDATE accounts_auditentry SET number = 1000 + number",
        "DELETE FROM accounts_auditentry",
        "TRUNCATE accounts_auditentry",
        "UPDATE accounts_audithead SET number = 1",
        "INSERT INTO accounts_audithead (id, number, hash) VALUES (1, 1, '')",
        "DELETE FROM accounts_audithead",
        "TRUNCATE accounts_audithead",
    ],
)
def test_whoever_serves_can_change_nothing(chain, sql):
    with (
        pytest.raises(Exception, match="pgtrigger: "),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
    assert verify_chain().broken is None


def test_a_number_brought_along_is_not_taken(chain):
    AuditEntry.objects.create(
        at=NOON, action="forged", subject="", number=3, hash="0" * 64, written_at=NOON
    )
    seal()

    forged = AuditEntry.objects.get(action="forged")
    assert (forged.number, forged.written_at > NOON) == (ENTRIES + 1, True)
    assert verify_chain().broken is None


def flip(cursor, at, draw):
    column, value = draw.choice(
        [
            ("at", "at + interval '1 microsecond'"),
            ("written_at", "written_at - interval '1 day'"),
            ("action", "'changed limit'"),
            ("subject", "subject || ' '"),
            ("detail", "'{\"a\": 1}'"),
            ("before", "jsonb_set(before, '{stake}', '\"9\"')"),
            ("after", "NULL"),
            ("address", "'10.0.0.1'"),
            ("via", "'job x'"),
            ("request_id", "'r'"),
            (
                "hash",
                "overlay(hash placing CASE left(hash, 1) WHEN 'a' THEN 'b' ELSE 'a' END from 1)",
            ),
        ]
    )
    change = f"UPDATE accounts_auditentry SET {column} = {value} WHERE number = %s"  # noqa: S608
    cursor.execute(change, [at])
    return at


def delete(cursor, at, draw):
    cursor.execute("DELETE FROM accounts_auditentry WHERE number = %s", [at])
    return at


def swap(cursor, at, draw):
    other = draw.choice([number for number in range(1, ENTRIES + 1) if number != at])
    for was, becomes in ((at, 0), (other, at), (0, other)):
        cursor.execute(
            "UPDATE accounts_auditentry SET number = %s WHERE number = %s", [becomes, was]
        )
    return min(at, other)


def insert(cursor, at, draw):
    cursor.execute("UPDATE accounts_auditentry SET number = 1000 + number WHERE number >= %s", [at])
    cursor.execute("UPDATE accounts_auditentry SET number = number - 999 WHERE number > 1000")
    cursor.execute(
        "INSERT INTO accounts_auditentry (at, written_at, action, subject, detail, address, via,"
        " request_id, number, hash) VALUES (now(), now(), 'never happened', '', '{}', '', '', '',"
        " %s, %s)",
        [at, f"{draw.getrandbits(256):064x}"],
    )
    return at


def past_the_chain(cursor, at, draw):
    cursor.execute(
        "INSERT INTO accounts_auditentry (at, written_at, action, subject, detail, address, via,"
        " request_id, hash) VALUES (now(), now(), 'never happened', '', '{}', '', '', '', '')"
    )
    return ENTRIES + 1


def test_a_hundred_tamperings_are_found_each_at_its_entry(owner):
    draw = random.Random(20261122)  # noqa: S311
    missed = []
    for number in range(100):
        how = draw.choice([flip, flip, delete, swap, insert, past_the_chain])
        at = draw.randint(1, ENTRIES)
        mark = transaction.savepoint()
        expected = how(owner, at, draw)
        found = verify_chain().broken
        if found is None or found.number != expected:
            missed.append((number, how.__name__, expected, found))
        transaction.savepoint_rollback(mark)

    assert missed == []
    assert verify_chain().broken is None


def test_what_was_written_past_the_chain_is_not_sealed_by_whoever_commits_next(owner):
    past_the_chain(owner, None, None)
    seal()
    for table in ("accounts_auditentry", "accounts_audithead"):
        owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    write(3)
    seal()

    assert verify_chain().entries == ENTRIES + 3
    assert verify_chain().broken.detail.endswith("was written past the chain")


def test_the_head_moves_once_a_transaction_savepoints_and_all(chain):
    """A row that a transaction changes n times takes it time in n squared."""

    def moves():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_get_xact_tuples_updated('accounts_audithead'::regclass)")
            return cursor.fetchone()[0]

    before = moves()
    write(20)
    with transaction.atomic():
        write(20)
    undone = transaction.savepoint()
    write(20)
    transaction.savepoint_rollback(undone)
    seal()

    assert moves() == before + 1
    assert (verify_chain().entries, verify_chain().broken) == (ENTRIES + 40, None)


def test_a_chain_written_anew_is_found_by_what_the_log_has(owner):
    kept = AuditEntry.objects.get(number=30)
    anchor = f"{kept.number}:{kept.hash}"
    owner.execute("UPDATE accounts_auditentry SET number = NULL, hash = ''")
    owner.execute("DELETE FROM accounts_auditentry WHERE subject = 'limits 7'")
    owner.execute("DELETE FROM accounts_audithead")
    # The owner sends what is left once more through the very triggers that seal.
    owner.execute("CREATE TEMP TABLE copy AS SELECT * FROM accounts_auditentry")
    owner.execute("DELETE FROM accounts_auditentry")
    for table in ("accounts_auditentry", "accounts_audithead"):
        owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    owner.execute("INSERT INTO accounts_auditentry SELECT * FROM copy ORDER BY id")
    seal()

    assert verify_chain().broken is None
    with pytest.raises(SystemExit):
        call_command("verify_audit", "--anchor", anchor, stdout=StringIO(), stderr=StringIO())


def test_the_command_says_which_entry_and_fails(owner):
    out, err = StringIO(), StringIO()
    call_command("verify_audit", stdout=out)
    assert out.getvalue().startswith(f"{ENTRIES} entries, all as they were written.")
    owner.execute("DELETE FROM accounts_auditentry WHERE number = 17")

    with pytest.raises(SystemExit) as ended:
        call_command("verify_audit", "--json", stdout=(out := StringIO()), stderr=err)
    assert ended.value.code == 1
    assert err.getvalue() == "Entry 17: it is missing; number 18 follows.\n"
    assert json.loads(out.getvalue())["broken"]["number"] == 17
    with pytest.raises(CommandError, match="is no NUMBER:HASH"):
        call_command("verify_audit", "--anchor", "17")


@pytest.mark.django_db(transaction=True)
def test_writers_at_the_same_time_make_one_chain():
    def writer(_):
        try:
            for _ in range(10):
                with transaction.atomic():
                    write(2)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(writer, range(4)))

    verdict = verify_chain()
    assert (verdict.entries, verdict.broken) == (80, None)


@pytest.mark.django_db(transaction=True)
def test_who_has_audited_holds_up_nobody_before_the_commit():
    """With the head taken when the entry is written, the second writer would wait for the first."""

    def another():
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '200ms'")
                write(1)
        finally:
            connection.close()

    with transaction.atomic():
        write(1)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(another).result()

    assert verify_chain().entries == 2
