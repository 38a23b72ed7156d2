"""What operators see of a running Fairline, beside the figures of config/measures.py."""
