"""Backups: a dump of one moment with what its tables add up to, sealed, copied away, and tried."""
