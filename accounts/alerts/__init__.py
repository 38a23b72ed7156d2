"""Telling people: facts into the outbox, to whoever asked for them, over their channels."""
