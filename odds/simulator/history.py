def write_history() -> None:
    pass
