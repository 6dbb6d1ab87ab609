"""L2 books: by position, as NinjaTrader sends depth, and by price, as exchanges do."""
