"""Guides of docs/guides as pages: what is written there, and nowhere else."""

from functools import cache
from pathlib import Path

from django.conf import settings
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt


@cache
def guide(name: str) -> SafeString:
    """Return a guide as HTML, without its title, which the page has."""
    text = (Path(settings.BASE_DIR) / "docs" / "guides" / f"{name}.md").read_text()
    return as_html(text.partition("\n")[2])


def as_html(text: str) -> SafeString:
    r"""Write Markdown as HTML; what is HTML in it is shown, not obeyed.

    >>> as_html("## A & b\n\n<i>`x`</i>")
    '<h2>A &amp; b</h2>\n<p>&lt;i&gt;<code>x</code>&lt;/i&gt;</p>\n'
    """
    made: str = MarkdownIt("js-default").render(text)
    # What is too wide scrolls, by the keyboard too.
    return SafeString(made.replace("<pre>", '<pre class="formula" tabindex="0">'))
