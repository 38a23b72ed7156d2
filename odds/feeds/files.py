"""A file from an address: over https from the public Internet, or from one folder that is allowed.

An address is typed by a person and fetched by us, from inside; so it may not mean this machine or
its network, nor a file outside that folder.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from odds.feeds.http import LARGEST_ANSWER, NoAnswer, Transport


class FileRefused(Exception):
    """The address may not be asked, or gave nothing usable; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came. `body` None: the same as last time."""

    body: bytes | None
    etag: str = ""
    last_modified: str = ""
    digest: str = ""


def fetch_file(
    address: str,
    *,
    folder: str,
    may_be_private: bool,
    etag: str = "",
    last_modified: str = "",
    digest: str = "",
) -> Fetched:
    """Return the file at an address, or that it has not changed.

    `folder` is where file: addresses may point, empty for nowhere. `etag`, `last_modified` and
    `digest` (SHA-256) are what came with it last time.

    Raises:
        FileRefused: naming the reason and the remedy.
    """
    parts = urlsplit(address)
    told: dict[str, str] = {}
    if parts.scheme == "file" or not parts.scheme:
        body = _from_folder(unquote(parts.path), folder)
    elif parts.scheme == "https" or (parts.scheme == "http" and may_be_private):
        answer = _over_http(address, may_be_private, etag, last_modified)
        if answer is None:
            return Fetched(None, etag, last_modified, digest)
        body, told = answer
    else:
        raise FileRefused(f"{parts.scheme}: is not fetched; use https:// or file:")
    now_digest = hashlib.sha256(body).hexdigest()
    return Fetched(
        None if now_digest == digest else body,
        told.get("etag", "")[:255],
        told.get("last-modified", "")[:64],
        now_digest,
    )


def _from_folder(path: str, folder: str) -> bytes:
    if not folder:
        raise FileRefused("no folder is allowed for file: addresses; set FILE_FEED_FOLDER")
    allowed = Path(folder).resolve()
    # Links are followed first: what counts is where the file really is.
    target = (allowed / path).resolve()
    if not target.is_relative_to(allowed):
        raise FileRefused(f"{path[:200]!r} is outside FILE_FEED_FOLDER")
    if not target.is_file():
        raise FileRefused(f"{path[:200]!r} is no file in FILE_FEED_FOLDER")
    if target.stat().st_size > LARGEST_ANSWER:
        raise FileRefused(f"{path[:200]!r} has more than {LARGEST_ANSWER:,} bytes")
    return target.read_bytes()


def _over_http(
    address: str, may_be_private: bool, etag: str, last_modified: str
) -> tuple[bytes, dict[str, str]] | None:
    parts = urlsplit(address)
    if not parts.hostname or parts.username or parts.password:
        raise FileRefused("the address needs a host, and may hold no user or password")
    asked = {"If-None-Match": etag} if etag else {}
    if last_modified:
        asked["If-Modified-Since"] = last_modified
    transport = Transport(f"{parts.scheme}://{parts.netloc}", only_public=not may_be_private)
    try:
        query = f"?{parts.query}" if parts.query else ""
        answer = transport.get(f"{parts.path or '/'}{query}", headers=asked)
    except NoAnswer as nothing:
        raise FileRefused(f"no answer: {nothing}") from None
    finally:
        transport.close()
    if answer.status == 304:
        return None
    if 300 <= answer.status < 400:
        raise FileRefused(f"HTTP {answer.status}: it has moved; give the new address")
    if answer.status != 200:
        raise FileRefused(f"HTTP {answer.status}")
    if answer.body[:200].lstrip().lower().startswith((b"<!doctype", b"<html")):
        raise FileRefused("an HTML page came instead of a file")
    return answer.body, dict(answer.headers)
