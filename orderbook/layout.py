"""The memory layout of a book and its analytics: every field with its unit, in one place.

The kernels take this state as one flat int64 array (a plain array argument costs a quarter of a
structured one) and view it as ``STATE``. What can grow without bound lies in a second flat array,
the heap, in regions that are enlarged outside the kernels. Times are ns UTC, prices ticks, sizes
size steps; NaN and ``NULL_TICKS`` mean null.
"""

from collections.abc import Callable
from typing import Any, Final, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from market.record import FieldRecord

__all__ = [
    "BOOK",
    "CELL_WIDTH",
    "EVENT",
    "KNOWN",
    "MAX_DEPTH",
    "METRICS_FIELDS",
    "METRICS_ROW",
    "NULL_TICKS",
    "ROW_FORMAT",
    "SIGNAL",
    "STATE",
    "Struct",
    "Words",
    "as_int",
    "record_dtype",
    "word_of",
]

Struct: TypeAlias = Any
"""A view of one structured element (numpy.record), read and written by attribute."""
Words: TypeAlias = NDArray[np.int64]
"""Flat storage."""

as_int = cast("Callable[[Any], int]", np.int64)
"""A small field as a full word: arithmetic on a u8 would stay a u8 with the JIT off."""

NULL_TICKS: Final = -(2**63)
"""An integer field without a value."""
NEVER: Final = -(2**62)
"""A time before all others."""
FOREVER: Final = 2**62
"""A time after all others, and more than there is of anything."""

ROWS: Final = 256
"""Rows of a position ladder: a position is a u8, and rows pile up inside a group only."""
MAX_DEPTH: Final = 100
"""Most declared levels of a side."""
RING: Final = 1024
"""Slots of a price ladder's dense window, per side; a power of two."""
RING_BETTER: Final = 256
"""Slots kept free on the better side of the touch when the window is anchored."""
OFI_LEVELS: Final = 5
"""Most levels of order-flow imbalance."""
MOMENTUM_SLOTS: Final = 1024
VOLUME_SLOTS: Final = 512
BAR_SLOTS: Final = 5
HIST_BINS: Final = 64 + 34 * 32
HIST_MINUTES: Final = 30
TRADED_SLOTS: Final = 512
MARK_SLOTS: Final = 256
ICEBERG_SLOTS: Final = 32
PULL_ROWS: Final = 10
"""Rows of a side whose additions and cancellations are told."""
PULL_TRADES: Final = 32
"""Prices of one group whose trades are held against what their orders lost."""
MICRO_SPREADS: Final = 3
"""Spreads that have a micro-price, 1 to 3 ticks."""
MICRO_BUCKETS: Final = 10
"""Buckets of the bid's share of the sizes at the touch."""
MICRO_STATES: Final = MICRO_SPREADS * MICRO_BUCKETS
TOXICITY_SLOTS: Final = 512
CELL_WIDTH: Final = 5
"""Words of a cell: price, buy, sell, unknown, trades."""


def _codes(count: int) -> tuple[int, ...]:
    """0, 1, … as words: a literal argument would compile a step once for every value."""
    return tuple(as_int(i) for i in range(count))


NO_SLOT: Final = as_int(-1)

# Heap regions and the words of one entry in each.
(
    FAR_ASK,
    FAR_BID,
    PROFILE,
    BAR,
    BARS_LOG,
    SUMS_LOG,
    CLUSTER_EVENTS,
    ORDERS,
    LEVELS,
    OFF_ASK,
    OFF_BID,
    SIGNALS,
    RECENT,
    RECENT_CELLS,
    DEVELOPING,
) = _codes(15)
SIGNAL_WIDTH: Final = 19
EVENT_WIDTH: Final = 28
RECENT_WIDTH: Final = 4
"""Words of a recent trade: time, price, aggressor, size."""
SLOT: Final = 4
"""Words of an order or a level; see ``orderbook.books.table``."""
BUCKETS: Final = 4
"""32-bit buckets for each slot, a power of two: so few keys share one that a look-up seldom has
to go on, which costs a mispredicted branch."""
TABLE_WIDTH: Final = SLOT + BUCKETS // 2
"""Words of one entry of ORDERS or LEVELS: a slot, and its buckets behind all slots."""
REGION_WIDTHS: Final = (
    *(2, 2, CELL_WIDTH, CELL_WIDTH, CELL_WIDTH + 1, 2, EVENT_WIDTH),
    *(TABLE_WIDTH, TABLE_WIDTH, 2, 2, SIGNAL_WIDTH),
    *(RECENT_WIDTH, CELL_WIDTH, 2),
)
REGION_START: Final = (64, 64, 512, 128, 2048, 2048, 32, 0, 0, 0, 0, 8, 512, 64, 64)
REGIONS: Final = len(REGION_WIDTHS)
FIRST_ORDERS: Final = 1 << 12
"""Slots that the first order record asks for; a power of two, as every later number."""
FIRST_LEVELS: Final = 1 << 10

# Status of a kernel call.
OK, UNSORTED, TOO_DEEP, MIXED, GROW, BOUNDARY, REWIND, ORDER_FAULT = _codes(8)
STATUSES: Final = 8

NO_MODE, BY_POSITION, BY_PRICE, BY_ORDER = _codes(4)

# What can be wrong with an order record (the words stand in orderbook.books.orders).
UNKNOWN_ORDER, DEAD_MODIFY, DOUBLE_ADD, BEYOND_SIZE = _codes(4)
ORDER_FAULTS: Final = 4
FAULT_LOG: Final = 16
"""Wrong order records that a book remembers one by one."""

# Ordinals of market.enums.Phase.
STALE, WAITING, CLOSED, PAUSED, CROSSED, SYNCED = _codes(6)

# Cluster events, kinds, states, end reasons (the words stand in orderbook.describe).
EVENT_END, EVENT_UPDATE, EVENT_NEW, EVENT_SNAPSHOT = _codes(4)
RESTING, TRADED, IMBALANCE_STACK, ABSORPTION, ICEBERG = _codes(5)
ACTIVE, TOUCHED, ENDED, SUSPECTED = _codes(4)
(
    NO_REASON,
    SESSION_END,
    STALE_END,
    THROUGH,
    CONSUMED,
    OUT_OF_WINDOW,
    PULLED,
    MERGED,
    EXPIRED,
) = _codes(9)

# Measures of traded clusters.
MEASURE_VOLUME, MEASURE_DELTA, MEASURE_BUY, MEASURE_SELL, MEASURE_TRADES = _codes(5)

# Rules of signals, and why a word is withheld: 0 to 4 as the phases, 5 an empty side, then these
# (the words stand in orderbook.signals).
BOUNCE, BREAK, STACK_CONTINUATION, ABSORPTION_REVERSAL, PULL_AHEAD = _codes(5)
RULES: Final = 5
WARMING, SPACED, ALONE = (as_int(i) for i in range(6, 9))
WITHHELD: Final = 9
WATCH_SLOTS: Final = 128
VOTE_SLOTS: Final = 8
"""Most words that may have to agree."""
RECENT_SIGNALS: Final = 64
"""Signals that are kept to be told again."""

I8: Final = "<i8"
F8: Final = "<f8"


def record_dtype(*fields: tuple[Any, ...]) -> np.dtype[Any]:
    """A structured dtype whose scalars read by attribute, compiled or not."""
    return np.dtype((FieldRecord, list(fields)))


HEAP = record_dtype(
    ("offset", I8, (REGIONS,)),  # first word of a region
    ("capacity", I8, (REGIONS,)),  # entries
    ("count", I8, (REGIONS,)),  # entries in use
    ("wanted", I8),  # region that a GROW status asks for
    ("entries", I8),  # and how many entries it must hold at least
)

BOOK = record_dtype(
    ("mode", I8),  # NO_MODE, BY_POSITION, BY_PRICE, BY_ORDER; the first record decides
    ("loaded", I8),  # a snapshot was loaded: the next depth record decides the mode anew
    ("depth", I8),  # declared levels of a side
    ("n", I8, (2,)),  # rows in use, [ask, bid]
    ("px", I8, (2, ROWS)),  # best first; by price: the visible rows, refreshed when read
    ("sz", I8, (2, ROWS)),
    ("suspect", I8),  # rows out of order, or too many: judge when time advances
    ("touched", I8),  # best (lowest) row changed in the open group; ROWS: none
    ("removed_past_end", I8),  # counters
    ("appended", I8),
    ("unbuilt", I8),  # order records, not applied to an L2 book
    ("undrawn", I8),  # depth records, not applied to a book of orders
    # by price: u = price for bids, -price for asks, so that the best is the largest u
    ("ring", I8, (2, RING)),  # size at slot u & (RING - 1), for u in [low, low + RING)
    ("low", I8, (2,)),
    ("best", I8, (2,)),  # largest u in the ring; undefined while levels == 0
    ("levels", I8, (2,)),  # non-empty slots in the ring
    ("dirty", I8, (2,)),  # the visible rows are older than the ring
    # by order: the ladder by price holds the sums of what stands in the table
    ("live", I8),  # orders that stand
    ("linked", I8),  # capacities that the buckets were filled for; 0: the table is empty
    ("order_shift", I8),  # bits that a hash loses to be a bucket
    ("level_shift", I8),
    ("free_order", I8),  # first of the slots that were given back; 0: none
    ("free_level", I8),
    ("off_grid", I8),  # orders that came to a price between two ticks; a counter
    ("order_faults", I8, (ORDER_FAULTS,)),  # counters
    ("order_first", I8, (ORDER_FAULTS,)),  # index or number of the first of each
    ("order_log", I8, (FAULT_LOG, 2)),  # label and kind of the last ones, a ring
    ("strict", I8),  # stop at what would be counted
    ("moves", I8),  # levels that the last order record changed, 0 to 2
    ("move_key", I8, (2,)),  # which: orderbook.books.table.key_of
    ("move_by", I8, (2,)),  # by what size
    ("fault", I8),  # what a status ORDER_FAULT means
    ("heap", HEAP),
)

EWMA = record_dtype(
    ("count", I8),
    ("x", F8),  # input of the present run
    ("anchor", F8),  # value before the run
    ("t_anchor", I8),
    ("t", I8),  # time of the last input
)

CLOCK = record_dtype(
    ("started", I8),
    ("now", I8),  # largest time seen
    ("next_instant", I8),
    ("boundary", I8),  # next change of the trading session; 2**62: none
    ("open", I8),  # depth changed since the last completed group
    ("active", I8),  # anything changed since the last instant
    ("quiet_since", I8),  # first instant that saw no change
    ("stale", I8),
    ("both_seen", I8),  # a completed group had both sides
    ("crossed", I8),  # as of the last completed group
    ("closed", I8),
    ("paused", I8),
    ("seq", I8),  # next sequence number
)

OFI = record_dtype(
    ("valid", I8),  # prev_* hold an uncrossed two-sided state
    ("prev_n", I8, (2,)),
    ("prev_px", I8, (2, OFI_LEVELS)),
    ("prev_sz", I8, (2, OFI_LEVELS)),
    ("total", I8, (OFI_LEVELS,)),  # sums since the start
    ("row", I8, (OFI_LEVELS,)),  # the same at the previous row
    ("known", I8),  # a pair was formed since the last gap
    ("second", I8),  # total[0] at the last second boundary
    ("counting", I8),  # whole seconds are being counted
    ("mean", EWMA),
    ("square", EWMA),
    ("z", F8),
)

MOMENTUM = record_dtype(
    ("mids", F8, (MOMENTUM_SLOTS,)),  # half ticks by second, NaN paused
    ("count", I8),  # seconds pushed
    ("changes", I8),  # values of c seen
    ("variance", EWMA),
    ("score", F8),
)

VOLUME = record_dtype(
    ("open", I8),  # traded in the open window
    ("partial", I8),  # the open window does not count
    ("ring", I8, (VOLUME_SLOTS,)),
    ("count", I8),  # windows pushed
    ("score", F8),
)

BARS = record_dtype(
    ("mid_mode", I8),  # bars of mid until the first trade
    ("filled", I8),  # the open bar has a value
    ("start", I8),  # of the open bar
    ("o", I8),
    ("h", I8),
    ("l", I8),
    ("c", I8),
    ("delta", I8),
    ("volume", I8),
    ("closed_o", I8, (BAR_SLOTS,)),
    ("closed_c", I8, (BAR_SLOTS,)),
    ("closed_score", F8, (BAR_SLOTS,)),
    ("count", I8),
    ("composite", F8),
    ("outlook", I8),  # -1 null
)

FLOW = record_dtype(
    ("traded", I8),  # a trade was seen since the start
    ("first_price", I8),
    ("cvd", I8),
    ("v", F8),
    ("pv", F8),
    ("ppv", F8),
    ("since", I8),
    ("complete", I8),
    ("filled", I8),  # place of the last trade of the back-fill in progress; 0: none is
    ("volume_known", I8),
    ("volume_first", I8),
    ("volume_last", I8),
    ("traded_since", I8),  # trades since the first running volume
    ("volume_gap", F8),
    ("low", I8),  # prices traded since the last instant
    ("high", I8),
    ("any", I8),
)

PULLS = record_dtype(
    ("open", I8),  # a window is being measured
    ("known", I8),  # and has seen an instant after its first one: ``shown`` holds
    ("best", I8, (2,)),  # the touch since the window began, [ask, bid]
    ("edge", I8, (2,)),  # price of the last of the ten rows at the last instant
    ("added", I8, (2,)),  # of a depth book: by rows that are no longer followed
    ("cancelled", I8, (2,)),
    ("traded", I8, (2,)),
    ("shown_added", I8, (2,)),  # the sums as of the last instant
    ("shown_cancelled", I8, (2,)),
    ("shown_traded", I8, (2,)),
    ("n", I8, (2,)),  # rows of a depth book that are followed, best first
    ("px", I8, (2, PULL_ROWS)),
    ("first", I8, (2, PULL_ROWS)),  # size when it came to be followed
    ("size", I8, (2, PULL_ROWS)),  # at the last instant
    ("hit", I8, (2, PULL_ROWS)),  # traded since it is followed
    ("hit_before", I8, (2, PULL_ROWS)),  # the same at the last instant
    ("fills", I8),  # orders say themselves that they were filled
    ("owed_n", I8),  # trades of the open group that no order has paid for yet
    ("owed_key", I8, (PULL_TRADES,)),
    ("owed", I8, (PULL_TRADES,)),
)

MICRO = record_dtype(
    ("state", I8),  # of the last instant: 10 * (spread - 1) + bucket; -1: none
    ("mid", I8),  # of the last instant, half ticks
    ("moves", I8, (MICRO_STATES, MICRO_STATES)),  # in this session
    ("drift", I8, (MICRO_STATES,)),  # half ticks
    ("fitted", F8, (MICRO_SPREADS, MICRO_BUCKETS)),  # half ticks above mid; NaN null
)

TOXICITY = record_dtype(
    ("volume", I8),  # of a bucket, as the ring has them
    ("filled", I8),  # of the open one
    ("signed", I8),  # bought less sold in it
    ("count", I8),  # buckets closed
    ("ring", I8, (TOXICITY_SLOTS,)),  # |bought - sold|
)

ZONE = record_dtype(
    ("id", I8),  # 0 until announced
    ("side", I8),
    ("b_low", I8),  # buckets
    ("b_high", I8),
    ("low", I8),  # ticks
    ("high", I8),
    ("poc", I8),
    ("poc_size", I8),
    ("size", I8),
    ("peak", I8),
    ("told", I8),  # size at the last event
    ("state", I8),
    ("changed", I8),  # bounds changed since the last event
    ("t_first", I8),
    ("t_touch", I8),
    ("buy", I8),
    ("sell", I8),
    ("unknown", I8),
    ("near", I8),  # traded within the bounds ± buffer
    ("near_peak", I8),  # the same when the peak was reached
    ("traded", I8),  # within the bounds since the last sample
    ("added", I8),
    ("cancelled", I8),
    ("beyond", I8),  # extreme trade on the far side since t_first
    ("heir", I8),  # scratch: run that inherits this zone
    ("span", I8),  # visible ticks
)

RUN = record_dtype(
    ("b_low", I8),
    ("b_high", I8),
    ("low", I8),
    ("high", I8),
    ("size", I8),
    ("poc", I8),
    ("poc_size", I8),
    ("span", I8),
    ("owner", I8),
)

RESTING_STATE = record_dtype(
    ("next_id", I8),
    ("base", EWMA),
    ("base_used", F8),
    ("n", I8, (2,)),
    ("zones", ZONE, (2, MAX_DEPTH)),
    ("runs_n", I8),
    ("runs", RUN, (MAX_DEPTH,)),
    ("old", ZONE, (MAX_DEPTH,)),
    ("sorted", I8, (2 * MAX_DEPTH,)),  # scratch for the median
    ("before_n", I8, (2,)),  # scratch: the rows before a snapshot
    ("before_px", I8, (2, MAX_DEPTH)),
    ("before_sz", I8, (2, MAX_DEPTH)),
)

TRADED_CLUSTER = record_dtype(
    ("id", I8),
    ("side", I8),
    ("low", I8),
    ("high", I8),
    ("poc", I8),
    ("size", I8),
    ("told", I8),
    ("buy", I8),
    ("sell", I8),
    ("t_first", I8),
    ("t_last", I8),
    ("mean", F8),
)

TRADED_STATE = record_dtype(
    ("n", I8),
    ("clusters", TRADED_CLUSTER, (TRADED_SLOTS,)),
    ("threshold", F8),  # of the open bar; NaN none
    ("mean", F8),
    ("judged", I8),  # start of the bar that the threshold is for
    ("dropped", I8),  # clusters that found no slot
    ("spent_bar", I8),  # start of the bar that the spent rows belong to
    ("spent_n", I8),
    ("spent", I8, (TRADED_SLOTS,)),  # rows that price went through in that bar
)

MARK = record_dtype(
    ("id", I8),
    ("kind", I8),  # IMBALANCE_STACK, ABSORPTION or ICEBERG
    ("side", I8),
    ("low", I8),
    ("high", I8),
    ("poc", I8),
    ("size", I8),
    ("peak", I8),
    ("told", I8),  # size at the last event
    ("state", I8),
    ("buy", I8),
    ("sell", I8),
    ("added", I8),  # shown again; NULL_TICKS: null
    ("t_first", I8),
    ("t_last", I8),
    ("bar", I8),  # start of the bar that a stack is of
    ("rel", F8),
)

MARKS_STATE = record_dtype(
    ("n", I8),
    ("items", MARK, (MARK_SLOTS,)),
    ("dropped", I8),  # marks that found no slot
)

STACKS_STATE = record_dtype(
    ("spent_bar", I8),  # start of the bar that the spent rows belong to
    ("spent_n", I8),
    ("spent", I8, (MARK_SLOTS, 3)),  # side, low, high of stacks that price went through
)

RECENT_STATE = record_dtype(
    ("last", I8),  # price of the last trade
    ("time", I8),  # its time; NEVER: none was seen
    ("base", I8),  # number of the first entry in the log
    ("head", I8),  # entries at the log's front that do not count any more
    ("seen", I8),  # number of the first entry since the last instant
)

ABSORPTION_STATE = record_dtype(
    ("judged", I8),  # start of the bar that the threshold is for
    ("threshold", F8),  # NaN none
)

EPISODE = record_dtype(
    ("side", I8),
    ("price", I8),
    ("executed", I8),
    ("restored", I8),
    ("shown", I8),  # largest size that was shown
    ("last", I8),  # size of the row at the last instant
    ("refills", I8),  # orders shown again
    ("t_last", I8),
    ("group_traded", I8),  # what is in executed of the group at that time
    ("fresh", I8),  # something came since the last instant
)

ICEBERGS_STATE = record_dtype(
    ("n", I8),
    ("items", EPISODE, (ICEBERG_SLOTS,)),
    ("touch", I8, (2,)),  # best rows at the last instant
    ("touch_size", I8, (2,)),  # 0: not known
)

KNOWN = record_dtype(  # of the open bar, by the last look at it; all zeros: nothing is known
    ("traded", I8),  # 1: no row reached the threshold of traded clusters
    ("absorbed", I8),  # 1: no row reached that of absorption
    ("stacks", I8),  # 1: ``imbalances`` are those of the bar
    ("lowest", I8),  # row of their first bit
    ("imbalances", I8, (2,)),  # bits by row, [sell, buy]
)

OPACITY = record_dtype(
    ("samples", I8),
    ("minute", I8),  # of the open block
    ("rows", I8),  # sizes in the window
    ("window", I8, (HIST_BINS,)),  # sum of the closed blocks
    ("blocks", "<u4", (HIST_MINUTES, HIST_BINS)),
)

WATCH = record_dtype(
    ("rule", I8),
    ("cluster", I8),  # id
    ("side", I8),  # of the cluster
    ("direction", I8),  # 1 up, -1 down
    ("low", I8),  # ticks
    ("high", I8),
    ("size", I8),
    ("peak", I8),
    ("waiting", I8),  # for price; 0: the cluster is still touched
    ("since", I8),  # when it began to wait
    ("beyond", I8),  # since when price has been beyond; NEVER: it is not
    ("measure", F8),  # what the rule measured; NaN: not yet
)

VOTE = record_dtype(("direction", I8), ("time", I8), ("rule", I8), ("cluster", I8))

SIGNAL = record_dtype(
    ("id", I8),
    ("rule", I8),
    ("side", I8),  # of the cluster
    ("direction", I8),  # 1 up, -1 down
    ("time", I8),
    ("seq", I8),  # next sequence number when the instant was evaluated
    ("price", I8),  # touch that an order in the direction would join
    ("cluster", I8),  # id
    ("tick_low", I8),
    ("tick_high", I8),
    ("size", I8),  # at the cluster's last event
    ("size_peak", I8),
    ("ticks", I8),  # of the touch beyond the zone, in the direction
    ("waited", I8),  # since the watch began to wait, ns
    ("expires", I8),
    ("imbalance", F8),  # NaN null
    ("measure", F8),
    ("limit", F8),  # that the measure had to reach
    ("strength", F8),
)

SIGNALS_STATE = record_dtype(
    ("next_id", I8),
    ("n", I8),
    ("watches", WATCH, (WATCH_SLOTS,)),
    ("votes_n", I8),
    ("votes", VOTE, (VOTE_SLOTS,)),
    ("last", I8, (2,)),  # time of the last signal, [down, up]
    ("recent", SIGNAL, (RECENT_SIGNALS,)),  # slot id % RECENT_SIGNALS; id 0: none
    ("fired", I8, (RULES,)),  # counters
    ("withheld", I8, (WITHHELD,)),
    ("dropped", I8),  # watches that found no slot
)

RULE = record_dtype(
    ("on", I8),
    ("ticks", I8),  # that price must be beyond; of PULL_AHEAD: most ticks from the touch
    ("limit", F8),  # of the measure
)

SIGNAL_PARAMS = record_dtype(
    ("rules", RULE, (RULES,)),
    ("bounce_keep", F8),  # of the peak
    ("stack_hold", I8),
    ("pull_age", I8),
    ("pull_imbalance", F8),
    ("watch", I8),
    ("agree", I8),
    ("agree_within", I8),
    ("spacing", I8),  # at least 1
    ("expire", I8),
    ("warmup", I8),  # ns of sampled instants
)

NOTABLE = record_dtype(
    ("begin", I8),  # of the initial balance, of the session's regular hours; FOREVER: none
    ("end", I8),  # exclusive
    ("whole", I8),  # the stream was there from ``begin`` on, without a gap
    ("low", I8),  # traded in it; NULL_TICKS: nothing
    ("high", I8),
    ("poc", I8),  # of the session at the last full minute with trades before; NULL_TICKS: none
)

PARAMS = record_dtype(
    ("numerator", F8),  # a price is ticks * numerator / denominator
    ("denominator", F8),
    ("grid", I8),
    ("levels", I8),  # imbalance
    ("weights", F8, (MAX_DEPTH,)),
    ("ofi_levels", I8),
    ("ofi_half_life", F8),
    ("momentum_h", I8),  # seconds
    ("momentum_half_life", F8),
    ("volume_window", I8),
    ("volume_n", I8),
    ("volume_min", I8),
    ("increment", I8),
    ("volume_threshold", F8),
    ("on", F8),
    ("off", F8),
    ("announce", I8),
    ("buffer", I8),
    ("base_half_life", F8),
    ("update_share", F8),
    ("touch", I8),
    ("bars_range", I8),
    ("price_range", I8),
    ("measure", I8),
    ("fixed", F8),  # NaN: statistical
    ("deviations", F8),
    ("sums_min", I8),
    ("sums_window", I8),
    ("expire", I8),
    ("rolling", I8),
    ("opacity_steps", F8, (20,)),
    ("opacity_min", I8),
    ("neutral", F8),
    ("signals", SIGNAL_PARAMS),
    ("stacks", I8),
    ("stack_ratio", F8),
    ("stack_difference", F8),
    ("stack_volume", F8),
    ("stack_horizontal", I8),
    ("stack_ignore_zero", I8),
    ("stack_rows", I8),
    ("absorption", I8),
    ("absorb_window", I8),
    ("absorb_fixed", F8),  # NaN: statistical
    ("absorb_deviations", F8),
    ("absorb_ticks", I8),
    ("icebergs", I8),
    ("iceberg_window", I8),
    ("iceberg_refills", I8),
    ("iceberg_factor", F8),
    ("iceberg_share", F8),
    ("pulling", I8),  # switch
    ("pulling_window", I8),
    ("microprice", I8),  # switch
    ("toxicity", I8),  # switch
    ("toxicity_n", I8),
    ("toxicity_volume", I8),
)

EVENT = record_dtype(
    ("event", I8),
    ("kind", I8),
    ("side", I8),
    ("state", I8),
    ("end_reason", I8),
    ("id", I8),
    ("time", I8),
    ("seq", I8),  # next sequence number when the instant was evaluated
    ("tick_low", I8),
    ("tick_high", I8),
    ("poc", I8),
    ("size", I8),
    ("size_peak", I8),
    ("buy", I8),
    ("sell", I8),
    ("added", I8),  # NULL_TICKS: null
    ("cancelled", I8),
    ("t_first", I8),
    ("t_last", I8),
    ("distance", I8),  # ticks from the touch; NULL_TICKS: no touch
    ("opacity", I8),  # -1 null
    ("warmup", I8),
    ("dominance", F8),
    ("rel", F8),
    ("orders", I8),  # that stand in a resting zone; -1 null
    ("by_order", I8),  # the book is of orders
    ("spare", I8, (2,)),
)

_BOOK_FIELDS = (
    *("best_bid", "best_ask", "mid", "spread", "weighted_mid", "queue_imbalance", "imbalance"),
    *("bid_ask_ratio", "log2_ratio", "ofi", "ofi_1", "ofi_2", "ofi_3", "ofi_4", "ofi_5", "ofi_z"),
    *("momentum", "volume", "composite"),
)
_FLOW_FIELDS = ("cvd", "delta", "vwap", "vwap_dev")
LATER_FIELDS: Final = (
    *("volume_gap", "microprice", "added_bid", "cancelled_bid", "traded_bid", "added_ask"),
    *("cancelled_ask", "traded_ask", "pulling", "stacking", "flow_toxicity"),
)

METRICS_ROW = record_dtype(
    ("index", I8),
    ("time_ns", I8),
    ("seq", I8),
    ("phase", I8),
    *((name, F8) for name in _BOOK_FIELDS),
    ("outlook", I8),
    *((name, F8) for name in _FLOW_FIELDS),
    ("since", I8),
    ("complete", I8),
    *((name, F8) for name in LATER_FIELDS),
    ("warmup", I8),
)
METRICS_FIELDS: Final = METRICS_ROW.names or ()

STATE = record_dtype(
    ("book", BOOK),
    ("clock", CLOCK),
    ("p", PARAMS),
    ("ofi", OFI),
    ("momentum", MOMENTUM),
    ("volume", VOLUME),
    ("bars", BARS),
    ("flow", FLOW),
    ("resting", RESTING_STATE),
    ("traded", TRADED_STATE),
    ("opacity", OPACITY),
    ("signals", SIGNALS_STATE),
    ("marks", MARKS_STATE),
    ("stacks", STACKS_STATE),
    ("recent", RECENT_STATE),
    ("absorption", ABSORPTION_STATE),
    ("icebergs", ICEBERGS_STATE),
    ("known", KNOWN),
    ("pulls", PULLS),
    ("micro", MICRO),
    ("toxicity", TOXICITY),
    ("notable", NOTABLE),
    ("row", METRICS_ROW),
)

ROW_FORMAT: Final = "<" + "".join(
    "d" if METRICS_ROW[name].kind == "f" else "q" for name in METRICS_FIELDS
)
"""METRICS_ROW as a `struct` format: one unpacking costs a fiftieth of reading the fields."""


def word_of(*path: str) -> int:
    """Index of a state's field among its words, such as ``word_of("clock", "seq")``.

    Python reads the state through a memoryview of words: 30 ns a field instead of 400.
    """
    dtype, offset = STATE, 0
    for name in path:
        assert dtype.fields is not None
        dtype, step = dtype.fields[name][:2]
        offset += step
    return offset // 8
