"""Books and analytics: frames in, metrics and cluster events out; no clock, no files."""

from orderbook.analyzer import Analyzer
from orderbook.bars import Bar
from orderbook.books.book import Book, Outcome
from orderbook.books.order_book import Order, OrderBook
from orderbook.layout import EVENT, METRICS_FIELDS, METRICS_ROW, NULL_TICKS
from orderbook.parameters import Parameters
from orderbook.warmup import warmup

__all__ = [
    "EVENT",
    "METRICS_FIELDS",
    "METRICS_ROW",
    "NULL_TICKS",
    "Analyzer",
    "Bar",
    "Book",
    "Order",
    "OrderBook",
    "Outcome",
    "Parameters",
    "warmup",
]
