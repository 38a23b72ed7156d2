"""The addresses of the odds screen."""

from django.urls import path, re_path

from odds import views, views_books, views_scanner

urlpatterns = [
    path("odds/", views.odds, name="odds"),
    re_path(r"^odds/export\.(?P<kind>csv|json)$", views.export_odds, name="export_odds"),
    path("odds/filters/", views.save_filter, name="save_odds_filter"),
    path("odds/filters/<int:filter_id>/delete/", views.delete_filter, name="delete_odds_filter"),
    path("bookmakers/", views_books.bookmakers, name="bookmakers"),
    path("scanner/", views_scanner.scanner, name="scanner"),
    re_path(
        r"^scanner/export\.(?P<kind>csv|json)$",
        views_scanner.export_scanner,
        name="export_scanner",
    ),
    path("odds/books/", views.save_books, name="save_my_books"),
]
