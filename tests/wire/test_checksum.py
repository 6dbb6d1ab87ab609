import zlib

from wire.checksum import book_crc32


def test_asks_come_first_and_levels_are_joined_by_bars() -> None:
    asks, bids = [(18001, 5), (18002, 7)], [(18000, 3)]
    assert book_crc32(asks, bids) == zlib.crc32(b"18001:5|18002:7|18000:3")


def test_the_empty_book_and_rows_beyond_the_tenth() -> None:
    assert book_crc32([], []) == 0
    asks = [(100 + i, 1) for i in range(12)]
    bids = [(99 - i, 1) for i in range(12)]
    assert book_crc32(asks, bids) == book_crc32(asks[:10], bids[:10])
    assert book_crc32(asks[:10], bids[:9]) != book_crc32(asks[:10], bids[:10])


def test_negative_prices_keep_their_sign() -> None:
    assert book_crc32([(-1, 2)], [(-3, 4)]) == zlib.crc32(b"-1:2|-3:4")
