"""Talk to the Betfair Exchange: one session, limits on time, and which failures may have acted."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests
from betfairlightweight import APIClient
from betfairlightweight.exceptions import APIError, BetfairError

CONNECT_SECONDS, READ_SECONDS = 3.05, 8.0

# Errors of the API after which nothing was done, and a new session or a correction is needed.
NOTHING_DONE = frozenset(
    {
        "INVALID_INPUT_DATA", "INVALID_SESSION_INFORMATION", "NO_APP_KEY", "NO_SESSION",
        "INVALID_APP_KEY", "ACCESS_DENIED", "TOO_MANY_REQUESTS", "REQUEST_SIZE_EXCEEDS_LIMIT",
        "INVALID_JSON", "METHOD_NOT_FOUND", "PERMISSION_DENIED",
    }
)  # fmt: skip
NO_SESSION = frozenset({"INVALID_SESSION_INFORMATION", "NO_SESSION"})


class NothingDone(Exception):
    """The exchange did nothing; `code` is its own word for why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class MayHaveActed(Exception):
    """No answer, or none that says: the exchange may have done what was asked."""


@dataclass(frozen=True, slots=True)
class Login:
    """Who asks. `url` replaces the exchange's own addresses: for a server of ours."""

    username: str
    password: str
    app_key: str
    certificate: str = ""
    url: str = ""


class Connection:
    """A session with the exchange, opened when first needed; safe for threads."""

    def __init__(self, login: Login) -> None:
        self._client = APIClient(
            login.username,
            login.password,
            app_key=login.app_key,
            cert_files=login.certificate or None,
            lightweight=True,
            session=requests.Session(),
        )
        if login.url:
            self._client.identity_uri = f"{login.url}/api/"
            self._client.identity_cert_uri = f"{login.url}/api/"
            self._client.api_uri = f"{login.url}/exchange/"
        for part in (
            self._client.betting,
            self._client.login,
            self._client.login_interactive,
            self._client.keep_alive,
        ):
            part.connect_timeout, part.read_timeout = CONNECT_SECONDS, READ_SECONDS
        self._by_certificate = bool(login.certificate)
        self._lock = threading.Lock()

    def ask(self, method: str, **asked: object) -> Any:  # noqa: ANN401 - as the exchange says it
        """Return the exchange's answer to a betting call, logging in first where needed.

        Raises:
            NothingDone: with its code, where it surely did nothing.
            MayHaveActed: where it may have.
        """
        self._open()
        call = getattr(self._client.betting, method)
        try:
            return self._called(call, asked)
        except NothingDone as refused:
            if refused.code not in NO_SESSION:
                raise
        # The session ended before its time: nothing was done, so the same may be asked again.
        self._client.client_logout()
        self._open()
        return self._called(call, asked)

    def _open(self) -> None:
        with self._lock:
            if not self._client.session_expired:
                return
            try:
                if self._client.session_token:
                    self._client.keep_alive()
                    return
            except BetfairError:
                self._client.client_logout()
            try:
                (self._client.login if self._by_certificate else self._client.login_interactive)()
            except BetfairError as error:
                # What it sent holds the password: only the kind of error is told.
                raise NothingDone(f"LOGIN_FAILED ({type(error).__name__})") from None

    @staticmethod
    def _called(call: Callable[..., Any], asked: dict[str, object]) -> Any:  # noqa: ANN401
        try:
            return call(**asked)
        except APIError as error:
            code = _code_of(error)
            if code in NOTHING_DONE:
                raise NothingDone(code) from None
            raise MayHaveActed(code or "no answer") from None
        except BetfairError as error:
            raise MayHaveActed(type(error).__name__) from None


def _code_of(error: APIError) -> str:
    """Return the exchange's own code out of an error, empty where it has none."""
    told = error.response if isinstance(error.response, dict) else {}
    data = told.get("error", {}).get("data", {})
    return str(data.get("APINGException", {}).get("errorCode", ""))
