"""Change the key that secrets are locked by, one row at a time, while the product runs."""

from allauth.mfa.models import Authenticator
from django.db import transaction

from accounts.models import AlertChannel, SignalSource
from accounts.secrets import relock

# What allauth keeps locked, by where in `data` it is.
LOCKED = ("secret", "seed")


# Rows that keep one secret of their own, empty where they need none.
KEEPERS: tuple[type[AlertChannel | SignalSource], ...] = (AlertChannel, SignalSource)


def relock_all() -> int:
    """Lock every stored secret by the first key; return how many. Again changes nothing but time.

    Raises:
        CannotDecrypt: when a secret is locked by a key that is no longer there.
    """
    count = 0
    for pk in Authenticator.objects.values_list("pk", flat=True):
        with transaction.atomic():
            each = Authenticator.objects.select_for_update().filter(pk=pk).first()
            if each is None:
                continue
            for name in LOCKED:
                if name in each.data:
                    each.data[name] = relock(each.data[name])
                    count += 1
            each.save(update_fields=["data"])
    for keeper in KEEPERS:
        for pk in keeper.objects.exclude(secret="").values_list("pk", flat=True):
            with transaction.atomic():
                row = keeper.objects.select_for_update().exclude(secret="").filter(pk=pk).first()
                if row is not None:
                    row.secret = relock(row.secret)
                    row.save(update_fields=["secret"])
                    count += 1
    return count
