"""What our messages carry beside a task's arguments, and how much a letter about one may hold.

Read by workers before Django is set up: no models here.
"""

# For which of its moments the schedule sent it.
SLOT = "fairline_slot"
# Which dead letter it is, sent once more.
LETTER = "fairline_letter"
LONGEST_ERROR, LONGEST_TRACEBACK = 2_000, 12_000
