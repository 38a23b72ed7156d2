"""Which team a name means."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from odds.domain.competitions import competition_info
from odds.domain.matching import normalise, suggest
from odds.feeds.parsed import ParsedTeam
from odds.models import Competition, Sport, Team, TeamAlias

_SHIPPED = Path(__file__).resolve().parent.parent / "feeds" / "teams.csv"


@dataclass(frozen=True, slots=True)
class UnknownName:
    """A name that means no team, and the names it may have meant."""

    name: str
    competition_key: str
    suggestions: tuple[str, ...]

    def __str__(self) -> str:
        meant = f"; like {', '.join(self.suggestions)}" if self.suggestions else ""
        team = self.suggestions[0] if self.suggestions else "TEAM"
        return (
            f"{self.name!r} is no team of {self.competition_key}{meant}."
            f' If it is one: scripts/manage add_alias {self.competition_key} "{self.name}" "{team}"'
        )


class UnknownTeams(Exception):
    """Names that mean no team, each with suggestions and the command that mends it."""

    def __init__(self, names: Iterable[UnknownName]) -> None:
        self.names = list(names)
        super().__init__("\n".join(str(name) for name in self.names))


def ensure_competition(key: str, title: str = "", *, is_simulated: bool = False) -> Competition:
    """Return the competition of this key, made with its sport when it is met first."""
    found = Competition.objects.filter(key=key).first()
    if found is not None:
        return found
    info = competition_info(key, title)
    sport, _ = Sport.objects.get_or_create(key=info.sport_key, defaults={"title": info.sport_title})
    competition, _ = Competition.objects.get_or_create(
        key=key,
        defaults={
            "sport": sport,
            "title": info.title[:64],
            "time_zone": info.time_zone,
            "is_simulated": is_simulated or key.endswith("_sim"),
        },
    )
    return competition


class TeamNames:
    """The teams of one competition by every spelling known: their names, aliases, shipped lists.

    A shipped list says that a team exists, so a name on it makes the team where it is missing.
    """

    def __init__(self, competition: Competition) -> None:
        self.competition = competition
        self._shipped = _shipped_teams().get(competition.key, {})
        self._names: dict[int, str] = {}
        self._ids: dict[str, int] = {}
        for pk, name in Team.objects.filter(competition=competition).values_list("pk", "name"):
            self._names[pk] = name
            self._ids[normalise(name)] = pk
        for alias, pk in TeamAlias.objects.filter(competition=competition).values_list(
            "alias", "team_id"
        ):
            self._ids[alias] = pk

    def find(self, name: str) -> int | None:
        """Return the id of the team a name means, or None."""
        spelling = normalise(name)
        found = self._ids.get(spelling)
        if found is None and (listed := self._shipped.get(spelling)) is not None:
            found = self.add(listed)
        return found

    def add(self, team: ParsedTeam) -> int:
        """Return the id of a team, made with its aliases where none of its spellings is known.

        A spelling that already means another team keeps that meaning.
        """
        spellings = list(dict.fromkeys(normalise(name) for name in (team.name, *team.aliases)))
        pk = next((self._ids[s] for s in spellings if s in self._ids), None)
        if pk is None:
            listed = next((self._shipped[s] for s in spellings if s in self._shipped), None)
            if listed is not None and listed is not team:
                pk = self.add(listed)
            else:
                pk = Team.objects.create(
                    competition=self.competition, name=team.name[:96], code=team.code[:8]
                ).pk
                self._names[pk] = team.name
                self._ids[normalise(team.name)] = pk
        new = [spelling for spelling in spellings if spelling not in self._ids]
        TeamAlias.objects.bulk_create(
            [
                TeamAlias(competition=self.competition, team_id=pk, alias=spelling[:96])
                for spelling in new
            ],
            ignore_conflicts=True,
        )
        self._ids |= dict.fromkeys(new, pk)
        return pk

    def unknown(self, name: str) -> UnknownName:
        """Return what to say of a name that means no team."""
        known = set(self._names.values()) | {team.name for team in self._shipped.values()}
        return UnknownName(name, self.competition.key, tuple(suggest(name, sorted(known))))


def add_alias(*, competition_key: str, alias: str, team: str) -> TeamAlias:
    """Let a spelling mean a team from now on. Repeating changes nothing.

    Raises:
        LookupError: if the competition or the team is unknown, or the spelling means another team.
    """
    competition = Competition.objects.filter(key=competition_key).first()
    if competition is None:
        raise LookupError(f"no competition has the key {competition_key!r}")
    names = TeamNames(competition)
    team_id = names.find(team)
    if team_id is None:
        raise LookupError(str(names.unknown(team)))
    meant = names.find(alias)
    if meant is not None and meant != team_id:
        raise LookupError(f"{alias!r} already means {Team.objects.get(pk=meant)}")
    made, _ = TeamAlias.objects.get_or_create(
        competition=competition, alias=normalise(alias), defaults={"team_id": team_id}
    )
    return made


@cache
def _shipped_teams() -> dict[str, dict[str, ParsedTeam]]:
    teams: dict[str, dict[str, ParsedTeam]] = {}
    with _SHIPPED.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            aliases = [alias for alias in row["aliases"].split(";") if alias]
            spellings = (row["code"], *aliases) if row["code"] else tuple(aliases)
            team = ParsedTeam(row["competition"], row["team"], row["code"], spellings)
            by_spelling = teams.setdefault(row["competition"], {})
            for spelling in (team.name, *spellings):
                by_spelling.setdefault(normalise(spelling), team)
    return teams
