"""Opportunities, bets and money as JSON."""
