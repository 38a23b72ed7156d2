"""The addresses of the odds screen."""

from django.urls import path, re_path

from odds.views import books, free_bets, quarantine, scanner, screen

urlpatterns = [
    path("odds/", screen.odds, name="odds"),
    re_path(r"^odds/export\.(?P<kind>csv|json)$", screen.export_odds, name="export_odds"),
    path("bookmakers/", books.bookmakers, name="bookmakers"),
    path("bookmakers/learn/", books.learn, name="learn_weights"),
    path("scanner/", scanner.scanner, name="scanner"),
    re_path(
        r"^scanner/export\.(?P<kind>csv|json)$",
        scanner.export_scanner,
        name="export_scanner",
    ),
    path("free-bets/", free_bets.free_bets, name="free_bets"),
    path("quarantine/", quarantine.show_quarantine, name="quarantine"),
    path("quarantine/deal/", quarantine.deal, name="deal_with_quarantined"),
    path("odds/books/", screen.save_books, name="save_my_books"),
]
