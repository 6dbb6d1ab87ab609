"""Books and analytics: frames in, metrics and cluster events out. Pure: no clock, no files, no JSON."""

from orderbook.books.book import Book, Outcome

__all__ = ["Book", "Outcome"]
