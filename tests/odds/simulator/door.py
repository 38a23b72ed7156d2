"""A client of the simulator that shows what came over the wire, and a world that is quick."""

import gzip
import json
from datetime import UTC, datetime
from functools import cache
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

from odds.simulator.league import SPORT_KEY, SimulatedLeague

NOON = datetime(2026, 1, 15, 12, 3, tzinfo=UTC)


class Remembering(SimulatedLeague):
    """Works each answer out once: it follows from the seed and the moment alone."""

    def __init__(self, seed):
        super().__init__(seed)
        self.events, self.odds, self.scores = map(cache, (self.events, self.odds, self.scores))
        self.event_odds = cache(self.event_odds)


LEAGUE = Remembering(1)


class Door:
    """A client that shows what came over the wire."""

    def __init__(self, server, clock):
        self.server, self.clock = server, clock

    def get(self, path, *, headers=None, **params):
        params = {"apiKey": "key"} | {k: v for k, v in params.items() if v is not None}
        return self.raw(f"{path}?{urlencode(params)}", headers or {})

    def raw(self, target, headers=None):
        url = urlsplit(self.server.url)
        connection = HTTPConnection(url.hostname, url.port, timeout=60)
        try:
            connection.request("GET", target, headers=headers or {})
            response = connection.getresponse()
            return Reply(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def odds(self, **params):
        return self.get(f"/v4/sports/{SPORT_KEY}/odds", **({"regions": "us,eu"} | params))


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        body = self.body
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        return json.loads(body)

    @property
    def cost(self):
        return int(self.headers["x-requests-last"])

    @property
    def code(self):
        return self.json["error_code"]
