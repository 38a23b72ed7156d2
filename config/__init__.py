"""Wiring. Imports every app; no app imports it."""

from config import garbage
from config.celery import app as celery_app

__all__ = ["celery_app", "garbage"]
