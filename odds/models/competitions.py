"""Who plays: sports, competitions, teams and their other names."""

from typing import ClassVar

from django.db import models


class Sport(models.Model):
    """A sport, such as basketball."""

    key = models.SlugField(max_length=64, unique=True)
    title = models.CharField(max_length=64)

    class Meta:
        ordering: ClassVar = ["title"]

    def __str__(self) -> str:
        return self.title


class Competition(models.Model):
    """A league or cup. Its key is what The Odds API calls a sport key: basketball_nba."""

    sport = models.ForeignKey(Sport, on_delete=models.PROTECT, related_name="competitions")
    key = models.SlugField(max_length=64, unique=True)
    title = models.CharField(max_length=64)
    time_zone = models.CharField(
        max_length=64, default="UTC", help_text="The zone whose calendar day names an event's day."
    )
    is_simulated = models.BooleanField(default=False)
    names_from = models.CharField(
        max_length=32,
        blank=True,
        help_text="The results source that names the teams; then odds sources only match names.",
    )

    class Meta:
        ordering: ClassVar = ["title"]

    def __str__(self) -> str:
        return self.title


class Team(models.Model):
    """A club, by the name we show. Every other spelling is a TeamAlias."""

    competition = models.ForeignKey(Competition, on_delete=models.PROTECT, related_name="teams")
    name = models.CharField(max_length=96)
    code = models.CharField(max_length=8, blank=True)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["competition", "name"], name="team_named_once")
        ]

    def __str__(self) -> str:
        return self.name


class TeamAlias(models.Model):
    """A spelling some source uses for a team, accepted by a person or shipped with a format."""

    competition = models.ForeignKey(
        Competition, on_delete=models.PROTECT, related_name="team_aliases"
    )
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="aliases")
    alias = models.CharField(max_length=96, help_text="lower case, single spaces")

    class Meta:
        ordering: ClassVar = ["alias"]
        verbose_name_plural = "team aliases"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["competition", "alias"], name="alias_means_one_team")
        ]

    def __str__(self) -> str:
        return f"{self.alias} = {self.team}"
