"""The words a bettor puts on their own bets."""

from collections.abc import Iterable

LONGEST_TAG = 24
MOST_TAGS = 10
LONGEST_NOTE = 2000
TAGGED = f"use at most {MOST_TAGS} tags of 1 to {LONGEST_TAG} letters each, parted by commas"


class BadTags(ValueError):
    """Why words cannot be tags, and what to do."""


def tags_in(text: str) -> list[str]:
    """Return the tags that a text names, parted by commas or semicolons.

    Raises:
        BadTags: for a word that is too long, or too many of them.

    >>> tags_in("Late news; promo,late  NEWS,")
    ['late news', 'promo']
    """
    return tidy_tags(text.replace(";", ",").split(","))


def tidy_tags(said: Iterable[str]) -> list[str]:
    """Return words as tags: in small letters, single blanks, each once, in the order said.

    Raises:
        BadTags: for one that is too long or parts others, or too many of them.
    """
    tags = list(dict.fromkeys(tag for each in said if (tag := " ".join(each.split()).lower())))
    for tag in tags:
        if len(tag) > LONGEST_TAG:
            raise BadTags(f"tags: {tag[:40]!r} has {len(tag)} letters; {TAGGED}.")
        if "," in tag or ";" in tag:
            raise BadTags(f"tags: {tag!r} holds what parts tags; send each by itself.")
    if len(tags) > MOST_TAGS:
        raise BadTags(f"tags: {len(tags)} are too many; {TAGGED}.")
    return tags
