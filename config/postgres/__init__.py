"""What psqlextra builds on: the backend of Prometheus, with a pool that recovers at once."""
