"""The queues, and what waits in which. Each may have workers of its own, on any machine.

`money` is bets, breakers, alerts and whatever has no other place; `feeds` waits for providers, so
that money never does; `models` takes minutes and cores.

Each queue's workers give a sign that they live: of `money` and `feeds` by a task that goes the
whole way from the schedule to a worker, of `models` by the worker's first process, since its others
may be busy with one task for hours.
"""

MONEY, FEEDS, MODELS = QUEUES = ("money", "feeds", "models")
HURRIED = (MONEY, FEEDS)

# The first pattern that fits a task's name; nothing fits: money.
ROUTES = {
    "models_registry.train": {"queue": MODELS},
    "models_registry.attack": {"queue": MODELS},
    "models_registry.search": {"queue": MODELS},
    "betting.backtest": {"queue": MODELS},
    "betting.sweep": {"queue": MODELS},
    "betting.refresh_outlooks": {"queue": MODELS},
    "accounts.backup": {"queue": MODELS},
    "odds.learn_weights": {"queue": MODELS},
    "odds.*": {"queue": FEEDS},
}
