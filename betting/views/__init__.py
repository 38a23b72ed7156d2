"""The pages that show opportunities, bets and money."""
