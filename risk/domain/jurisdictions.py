"""Where a person is and how old: whether stakes are taken from there, and who helps there.

One rule a country, or a state where states differ. The table is in jurisdiction_table.py;
`FAIRLINE_JURISDICTIONS` changes it. It is not legal advice.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

ADULT = 18
# Kept of the age that somebody says they have reached: enough for every rule, and no more.
MOST_AGE_KEPT = 21
OLDEST = 120
_CODE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")


class Help(NamedTuple):
    """Somebody to talk to, free: name, page, and telephone number where there is one."""

    name: str
    url: str
    phone: str = ""


INTERNATIONAL = (
    Help("Gambling Therapy", "https://www.gamblingtherapy.org/"),
    Help("Gamblers Anonymous", "https://www.gamblersanonymous.org/"),
)


@dataclass(frozen=True, slots=True)
class JurisdictionRule:
    """What is taken to hold in a country ('GB') or a state of one ('US-NJ').

    `source` is where the least age was looked up; empty: nowhere, it is from memory.
    """

    code: str
    title: str
    allowed: bool = True
    least_age: int = ADULT
    help: tuple[Help, ...] = INTERNATIONAL
    notice: str = ""
    source: str = ""


Rules = Mapping[str, JurisdictionRule]


class Said(NamedTuple):
    """What a person said: a code of the table or anything else, and an age they have reached.

    An age of 0: younger than the least of all rules.
    """

    place: str
    reached_age: int


def why_not(said: Said | None, rules: Rules) -> str:
    """Return why somebody who said this may look and not stake; empty if they may.

    >>> table = {"GB": JurisdictionRule("GB", "Great Britain")}
    >>> why_not(Said("GB", 18), table)
    ''
    >>> why_not(Said("GB", 0), table)
    'Stakes from Great Britain are taken from the age of 18 on.'
    """
    if said is None:
        return (
            "We do not know where you are and whether you are old enough. "
            "Say so once, on the page Keeping it in check."
        )
    rule = rules.get(said.place)
    if rule is None:
        return (
            f"Nothing is known here about the place you named ({said.place}), so no stake is taken "
            "from there; an operator can add it to FAIRLINE_JURISDICTIONS."
        )
    if not rule.allowed:
        return f"No stake is taken from {rule.title}. {rule.notice}".strip()
    if said.reached_age < rule.least_age:
        return f"Stakes from {rule.title} are taken from the age of {rule.least_age} on."
    return ""


def ages_asked(rules: Rules) -> list[int]:
    """Return the least ages that some rule asks for, the highest first."""
    return sorted({rule.least_age for rule in rules.values() if rule.allowed}, reverse=True)


def help_at(place: str, rules: Rules) -> tuple[Help, ...]:
    """Return who helps at a place; where it is not known, who helps everywhere."""
    rule = rules.get(place)
    return INTERNATIONAL if rule is None else rule.help


def table_of(rules: Iterable[JurisdictionRule]) -> dict[str, JurisdictionRule]:
    """Return the rules by code, each checked.

    Raises:
        ValueError: naming the rule, what is wrong with it, and what it may be.
    """
    found: dict[str, JurisdictionRule] = {}
    for rule in rules:
        if not _CODE.fullmatch(rule.code):
            raise ValueError(f"{rule.code!r} is no code such as GB or US-NJ")
        if rule.code in found:
            raise ValueError(f"{rule.code} is named twice")
        if not ADULT <= rule.least_age <= MOST_AGE_KEPT:
            raise ValueError(
                f"{rule.code}: the least age {rule.least_age} is not from {ADULT} to "
                f"{MOST_AGE_KEPT}"
            )
        if not rule.help or any(not each.url.startswith("https://") for each in rule.help):
            raise ValueError(f"{rule.code}: names nobody who helps at an https address")
        found[rule.code] = rule
    split = {code[:2] for code in found if "-" in code}
    if both := sorted(split & set(found)):
        raise ValueError(f"{both[0]} has rules for its states and one for the whole of it")
    return found


def changed(rules: Rules, text: str) -> dict[str, JurisdictionRule]:
    """Return the rules with the changes of a text: codes, each with the least age, or 'no'.

    >>> table = changed({"GB": JurisdictionRule("GB", "Great Britain")}, "GB=21, SG=no")
    >>> table["GB"].least_age, table["SG"].allowed, table["SG"].title
    (21, False, 'SG')

    Raises:
        ValueError: naming the part at fault, and what it may be.
    """
    given: dict[str, JurisdictionRule] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        code, _, what = (side.strip() for side in part.partition("="))
        if what != "no" and not what.isdecimal():
            raise ValueError(f"{part!r} is no CODE=AGE or CODE=no, such as GB=18 or US-TX=no")
        if code in given:
            raise ValueError(f"{code} is named twice")
        held = rules.get(code, JurisdictionRule(code, code))
        if what == "no":
            given[code] = replace(
                held, allowed=False, notice="The operator took it out.", source="the operator"
            )
        else:
            given[code] = replace(held, allowed=True, least_age=int(what), source="the operator")
    return table_of((dict(rules) | given).values())
