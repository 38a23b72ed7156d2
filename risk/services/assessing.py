"""Decide on a stake: gather what holds for the person, ask every rule, keep the answer."""

from dataclasses import asdict, replace
from datetime import datetime
from decimal import Decimal

from risk import selectors
from risk.domain.controls import Facts, find_breaches
from risk.domain.limits import Breach
from risk.domain.staking import Proposal
from risk.models import Assessment
from risk.rules import all_rules


def assess_stake(
    *,
    owner_id: int,
    subject: str,
    facts: Facts,
    proposal: Proposal | None,
    now: datetime,
    found: tuple[Breach, ...] = (),
) -> tuple[Assessment, tuple[Breach, ...]]:
    """Write down what was asked, what is allowed, each step and each breach; return both.

    `facts` is what the asker knows; limits, halts and exclusions are added here. `proposal` is
    what a strategy proposes, None for a stake of one's own. `found` is what the venue's own terms
    say against it: no rule of risk knows those. `allowed` is the stake itself where nothing speaks
    against it, else 0.00. The row is evidence and stays, also for a refusal. Call it while holding
    the owner's ledger accounts: the exposure must still be true when the stake is taken.
    """
    rules = selectors.rules_of(owner_id, now=now)
    facts = replace(
        facts,
        now=now,
        bounds=rules.bounds,
        halts=tuple(selectors.halt_seen(halt) for halt in rules.halting(facts.scopes)),
        exclusion=rules.exclusion,
        barred=rules.barred,
    )
    breaches = (*found, *find_breaches(facts, all_rules()))
    steps = rules.waterfall(proposal, exposure=facts.exposure, scopes=facts.scopes)
    assessment = Assessment.objects.create(
        owner_id=owner_id,
        subject=subject[:160],
        at=now,
        asked=facts.stake,
        allowed=Decimal("0.00") if breaches else facts.stake,
        waterfall=[asdict(step) | {"stake": str(step.stake)} for step in steps],
        breaches=[asdict(breach) for breach in breaches],
    )
    return assessment, breaches
