"""What pages, the API and the services read of money, bets and opportunities."""
