"""Books and analytics: frames in, metrics and cluster events out; no clock, no files."""

from orderbook.books.book import Book, Outcome

__all__ = ["Book", "Outcome"]
