"""Which code this is."""

from pathlib import Path

from django.conf import settings


def code_version() -> str:
    """Return the revision this code is: FAIRLINE_REVISION, else what the checkout says."""
    if settings.REVISION != "unknown":
        return str(settings.REVISION)
    git = Path(settings.BASE_DIR) / ".git"
    try:
        head = (git / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head
        return (git / head.removeprefix("ref: ")).read_text().strip()
    except OSError:
        return "unknown"
