"""Faults planted into the product one at a time, and the quick test that has to notice each.

Run as a pytest plugin (``-p tests.faults.mutants``) with the number of a mutant in the environment,
this module changes the source of one product module while it is imported; nothing on disk changes.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import CodeType
from typing import Final, NamedTuple

__all__ = ["MUTANTS", "VARIABLE", "Mutant"]

VARIABLE: Final = "DEPTHBRIDGE_MUTANT"
ROOT: Final = Path(__file__).resolve().parents[2]

_SESSION: Final = "wire/session.py"
_CHANNEL: Final = "server/channel.py"
_WRITER: Final = "recording/journal/writer.py"
_READER: Final = "recording/journal/reader.py"
_JUDGE: Final = "tests/journal/test_judge.py"
_AGREE: Final = f"{_JUDGE}::test_verify_repair_export_and_replay_agree"
_POSITION: Final = "orderbook/books/position.py"
_PRICE: Final = "orderbook/books/price.py"
_ANALYZER: Final = "orderbook/analyzer.py"
_ANALYZERS: Final = "tests/orderbook/test_analyzer.py"
_RING: Final = "client/ring.py"
_STREAM: Final = "client/stream.py"
_FIGURES: Final = "tests/simulation/test_figures.py"
_LIVES: Final = "tests/simulation/test_simulation.py"
_LOST: Final = f"{_FIGURES}::test_a_lost_record_is_found_at_the_next_one"
_REPEATS: Final = f"{_FIGURES}::test_repeats_by_socket_and_post_change_nothing"
_SPOILT: Final = f"{_FIGURES}::test_a_book_made_wrong_inside_is_found_at_the_next_check"
_SOUND: Final = f"{_LIVES}::test_without_faults_nothing_is_asked_for_and_nothing_is_told_twice"
_MIXED: Final = f"{_LIVES}::test_faults_of_all_kinds_together"
_PLAYBACK: Final = f"{_LIVES}::test_a_playback_pauses_and_is_set_back"
_FILLED: Final = f"{_LIVES}::test_after_a_back_fill_the_sums_are_those_of_an_uninterrupted_stream"
_OWNED: Final = f"{_LIVES}::test_rows_stay_their_makers_over_restarts"
_BYE: Final = "tests/server/test_session.py::test_who_has_said_bye_holds_nothing_after_a_restart"
_ORDER: Final = "tests/simulation/test_order.py"
_SESSIONS: Final = "tests/wire/test_session.py"
_TABLE: Final = "orderbook/books/table.py"
_ORDERS: Final = "orderbook/books/orders.py"
_ORDER_BOOK: Final = "tests/orderbook/test_order_book.py"
_ORDER_ANALYTICS: Final = "tests/orderbook/test_order_analytics.py"
_ROOM: Final = (
    f"{_ORDER_ANALYTICS}::test_a_snapshot_that_needs_room_leaves_clusters_whose_rows_are_the_same"
)
_ORDER_ROWS: Final = "tests/orderbook/test_order_export.py"
_BOOKS: Final = "tests/orderbook/test_book.py"
_SIGNALS: Final = "orderbook/analytics/signals.py"
_STACKS: Final = "orderbook/analytics/stacks.py"
_TRADED: Final = "orderbook/analytics/traded.py"
_KNOWN: Final = "tests/orderbook/test_known.py"
_RULES: Final = "tests/orderbook/test_signals.py"
_TOLD: Final = "tests/server/test_signals.py"


class Mutant(NamedTuple):
    """One planted fault.

    Attributes:
        what: it does, in words.
        path: of the module.
        old: a text that occurs in it, the first occurrence counts.
        new: what takes its place.
        test: that must fail.
        jit: whether kernels are compiled; a changed kernel runs as plain Python.
    """

    what: str
    path: str
    old: str
    new: str
    test: str
    jit: bool = True


MUTANTS: Final = (
    Mutant("a single missing record is let pass", _SESSION, "if seq > self.expected:",
           "if seq > self.expected + 1:", _LOST),
    Mutant("an overlap is taken again", _SESSION,
           "known = min(self.expected - seq, count)", "known = 0", _REPEATS),
    Mutant("a trimmed frame keeps its old number", _SESSION,
           "records=frame.records[known:], seq=frame.seq + known", "records=frame.records[known:]",
           _SESSIONS),
    Mutant("increments heal a broken book", _SESSION,
           "(State.BROKEN, Event.NEXT): State.BROKEN", "(State.BROKEN, Event.NEXT): State.LIVE",
           _SESSIONS),
    Mutant("a fault during a gap is forgotten", _SESSION,
           "(State.GAPPED, Event.FAULT): State.BROKEN", "(State.GAPPED, Event.FAULT): State.GAPPED",
           _SESSIONS),
    Mutant("a lost last record goes unnoticed", _SESSION, "if last >= self.expected:",
           "if last > self.expected:", _LOST),
    Mutant("an old snapshot replaces the book", _SESSION, "if frame.seq < self.expected:",
           "if False:", _SESSIONS),
    Mutant("a snapshot hides what it skips", _SESSION,
           "lost=(first, frame.seq - 1) if frame.seq > first else None", "lost=None", _SESSIONS),
    Mutant("a new session goes on with the old numbers", _SESSION,
           "        self.expected = max(expected, known)\n", "", _SESSIONS),
    Mutant("a session that comes back begins at 1", _SESSION,
           "self.expected = max(expected, known)", "self.expected = expected", _SESSIONS),
    Mutant("a session that comes back keeps its old book", _SESSION,
           "if known > 1 and session != ANONYMOUS:", "if False:", _SESSIONS),
    Mutant("a new run does not ask the journal for its numbers", "server/hub.py",
           "return recover(home), numbers_held(home)", "return recover(home), {}",
           "tests/server/test_once.py"),
    Mutant("what a start has not resumed is told again", "recording/resume.py",
           "Unresumed(home, found, recovered, numbers_held(home))",
           "Unresumed(home, found, recovered)", "tests/server/test_once.py"),
    Mutant("an empty last segment makes a journal old", "recording/resume.py",
           "return header.created\n    return None", "return header.created\n        return 0",
           "tests/server/test_once.py"),
    Mutant("numbers behind a hole are forgotten", "recording/journal/held.py",
           "whole_entries(file, start, scan.size):", "whole_entries(file, start, scan.size // 2):",
           "tests/journal/test_held.py"),
    Mutant("what changed within a hole is not heard of behind it", _READER,
           "restating = carried and (restating or judge.holed)", "restating = False",
           f"{_JUDGE}::test_the_next_checkpoint_ends_what_a_hole_began"),
    Mutant("an empty book behind a hole is trusted", _READER,
           "if restating and not carried:", "if False:",
           f"{_JUDGE}::test_without_a_checkpoint_the_book_is_stale_until_a_snapshot"),
    Mutant("nobody minds segments that are gone within a day", "recording/journal/judge.py",
           "if scan.path.parent == self._last.path.parent:", "if False:", _AGREE),
    Mutant("a lost end passes for a crash's", "recording/journal/judge.py",
           "if not consecutive or header", "if True or header", _AGREE),
    Mutant("a mended hole is not told of", "recording/journal/judge.py",
           "self.holes.append(Hole(self._path, entry.reason))\n",
           "self.holes = [Hole(self._path, entry.reason)]\n", _AGREE),
    Mutant("a journal is computed on over a hole", "recording/recompute.py",
           "self._known = self._whole = False\n            return", "return",
           f"{_JUDGE}::test_many_mended_journals_are_what_the_server_said"),
    Mutant("compaction drops what a segment behind a hole repeats", "recording/compaction.py",
           "first or self._holed, False", "first, False",
           f"{_JUDGE}::test_a_mended_day_reads_alike_when_it_is_compacted"),
    Mutant("a repair loses the digests of what it only joins", "recording/journal/repair.py",
           "output = scan.footer.output if", "output = EMPTY_HASH if",
           f"{_JUDGE}::test_many_mended_journals_are_what_the_server_said"),
    Mutant("half a snapshot outlives its connection", _SESSION,
           'is dropped."""\n        self._parts.clear()', 'is dropped."""', _SESSIONS),
    Mutant("acks wait for frames that ask", _SESSION,
           "return reply_now or self._pending >= self._frames or now >= self._due_at",
           "return reply_now", _ORDER),
    Mutant("records begin where the first snapshot was refused", _SESSION,
           "baseless = self._torn and self.expected == 1", "baseless = False",
           f"{_LIVES}::test_records_after_a_refused_first_snapshot_wait_for_another"),
    Mutant("a takeover is said once", "client/core.py",
           "self._takeover and message.durable_seq == 0", "False",
           "tests/client/test_core.py"),
    Mutant("what was taken over is taken back", "client/core.py",
           "self._takeover and code != CloseCode.SUPERSEDED", "self._takeover",
           "tests/client/test_core.py"),
    Mutant("anybody may take an instrument", "wire/publishers.py",
           "and not same and not takeover", "and not same and False",
           "tests/wire/test_publishers.py"),
    Mutant("the header's checksum is not looked at", "wire/frames.py",
           "or (guard and guard != crc32(memoryview(data)[:_GUARDED]))", "",
           "tests/wire/test_frames.py::test_any_byte_changed_to_any_value_is_found_at_that_frame"),
    Mutant("the payload's checksum is not looked at", "wire/frames.py",
           "if crc32(payload) != crc:", "if False:", "tests/wire/test_frames.py"),
    Mutant("the book moves before the journal has the entry", _CHANNEL,
           "        self._keep(entry, raw)\n        result = self.stream.apply(entry)\n",
           "        result = self.stream.apply(entry)\n        self._keep(entry, raw)\n", _ORDER),
    Mutant("an answer goes out before the journal has the entry", _CHANNEL,
           "        self._keep(entry, raw)\n        result = self.stream.apply(entry)\n"
           "        self._publish(result)\n",
           "        result = self.stream.apply(entry)\n        self._publish(result)\n"
           "        self._keep(entry, raw)\n", _ORDER),
    Mutant("a wrong book passes the check", _CHANNEL, "if book_crc32(asks, bids) == crc32:",
           "if True:", _SPOILT),
    Mutant("a gap does not make the book stale", _CHANNEL,
           'self.record(PhaseEntry(Phase.STALE.value, "gap"))', "pass", _LOST),
    Mutant("numbers of a stale book are published", "recording/messages.py",
           "if phase is Phase.STALE:", "if False:", _LOST),
    Mutant("what was taken is acknowledged, written or not", "server/published.py",
           "if channel.journal_broken:\n            return\n        self.acks.sent()\n"
           "        ack = Ack(stream=self.index, seq=channel.written_seq,",
           "self.acks.sent()\n"
           "        ack = Ack(stream=self.index, seq=channel.session.expected - 1,",
           "tests/server/test_refusing_disk.py"),
    Mutant("every session is the one before", _SESSION,
           "if self._begun and session == self.session:", "if self._begun:", _SESSIONS),
    Mutant("newer entries overtake those that wait for the disk", _WRITER,
           "if self._backlog or self.overflowed:", "if self.overflowed:",
           "tests/journal/test_refusing.py"),
    Mutant("what waits for the disk is written backwards", _WRITER,
           "self._backlog.append(item)", "self._backlog.appendleft(item)",
           "tests/journal/test_refusing.py"),
    Mutant("a row is inserted one too low", _POSITION, "for i in range(n, row, -1):",
           "for i in range(n, row + 1, -1):", _BOOKS, jit=False),
    Mutant("a removal leaves the last row", _POSITION, "for i in range(row, n - 1):",
           "for i in range(row, n - 2):", _BOOKS, jit=False),
    Mutant("an update past the end is dropped", _POSITION, "if record.op == 1 and row < n:",
           "if record.op == 1 and row >= n:\n        return OK\n    if record.op == 1:", _BOOKS,
           jit=False),
    Mutant("two rows of one price pass for sorted", _POSITION,
           "if (book.px[side, i] - book.px[side, i - 1]) * sign <= 0:",
           "if (book.px[side, i] - book.px[side, i - 1]) * sign < 0:", _BOOKS, jit=False),
    Mutant("a twelfth row is tolerated", _POSITION, "limit = book.depth + 1",
           "limit = book.depth + 2", _BOOKS, jit=False),
    Mutant("a price is not removed by size 0", _PRICE,
           "elif before != 0:", "elif before != 0 and False:",
           f"{_BOOKS}::test_size_0_takes_a_price_out_of_the_book_and_of_its_counts", jit=False),
    Mutant("the best price is not looked for again", _PRICE,
           "elif u == book.best[side]:", "elif False:",
           f"{_BOOKS}::test_the_best_price_left_is_found_when_the_best_goes", jit=False),
    Mutant("the window forgets the levels that fall out of it", _PRICE,
           "book.heap.count[region] += 1", "pass",
           f"{_BOOKS}::test_a_price_far_below_the_best_is_kept_and_found_again", jit=False),
    Mutant("the ring writes one place too far", _RING, "start = self.end % len(self._records)",
           "start = (self.end + 1) % len(self._records)", "tests/client/test_ring.py"),
    Mutant("the ring claims what it has forgotten", _RING,
           "first = max(self.first, self.end - len(self._records))", "first = self.first",
           "tests/client/test_ring.py"),
    Mutant("a late ack takes an earlier one back", _RING,
           "self.acked = max(self.acked, min(seq, self.end - 1))",
           "self.acked = min(seq, self.end - 1)", "tests/client/test_ring.py"),
    Mutant("what the ring has forgotten is sent from it", _STREAM,
           "if self.ring.first <= seq <= self.ring.end:", "if seq <= self.ring.end:",
           "tests/client/test_stream.py"),
    Mutant("a resume goes on where the client was", _STREAM,
           "        self._rewind(resume)\n", "", "tests/client/test_core.py"),
    Mutant("a seeded book is told after its changes", _STREAM,
           "if self._seed is not None and seq == 1:", "if False:", _MIXED),
    Mutant("damage on the way is not sent again", _STREAM,
           "again = on_the_way and", "again = False and", "tests/client/test_stream.py"),
    Mutant("sessions in the middle of a long silence are turned", _ANALYZER,
           " if time >= late else None", "",
           f"{_ANALYZERS}::test_of_a_long_silence_the_sessions_in_the_middle_are_passed_over"),
    Mutant("a long silence is walked from session to session", _ANALYZER,
           "next_boundary(max(time, late))", "next_boundary(time)",
           f"{_ANALYZERS}::test_a_leap_over_a_century_turns_the_sessions_of_a_month"),
    Mutant("the check sees the visible rows alone", "orderbook/analyzer.py",
           'if book["mode"] < BY_PRICE or levels <= self.instrument.depth_levels:', "if True:",
           _SOUND),
    Mutant("bye is not recorded", _CHANNEL, "self._hold(False)", "pass", _BYE),
    Mutant("a restart forgets who has said bye", "recording/resume.py",
           "self._state.get(HoldEntry) == HoldEntry(False)", "False", _BYE),
    Mutant("a later session inherits the bye before it", "recording/resume.py",
           "            self._state.pop(HoldEntry, None)\n", "", _BYE),
    Mutant("a new segment does not repeat who has said bye", _WRITER,
           "SettingsEntry, MakersEntry, HoldEntry)", "SettingsEntry, MakersEntry)", _BYE),
    Mutant("a bar that comes again is taken again", _CHANNEL,
           "if verdict.action in (Action.APPLY, Action.HOLD):", "if True:", _MIXED),
    Mutant("a bar takes no number", _SESSION, "self.expected = seq + count",
           "self.expected = seq + (0 if count == 1 else count)", _SOUND),
    Mutant("bars that go back are refused", _ANALYZER,
           ' or bar.time < studies.last["time"]:', ":",
           "tests/journal/test_stream.py::test_bars_that_are_told_again_begin_their_series_anew"),
    Mutant("a playback that is set back keeps its shadow book", _STREAM,
           "        self.book.clear()\n        self.ring.skip()\n", "        self.ring.skip()\n",
           _PLAYBACK),
    Mutant("a playback that is set back goes on with its numbers", _STREAM,
           "        self.book.clear()\n        self.ring.skip()\n", "        self.book.clear()\n",
           _PLAYBACK),
    Mutant("a record leaves the pause", "recording/stream.py",
           "        analyzer.pause(False)\n        if self._apart:",
           "        if self._apart:", _PLAYBACK),
    Mutant("a journal that begins anew names no makers", _CHANNEL,
           "        if makers:\n", "        if False:\n",
           "tests/server/test_refusing_disk.py"
           "::test_more_than_can_wait_begins_a_new_run_and_says_what_is_lost"),
    Mutant("a restart forgets that rows are kept apart", "recording/stream.py",
           'self._apart = facts["makers_apart"]', "self._apart = False",
           "tests/journal/test_freeze.py::test_going_on_from_any_entry_changes_nothing"),
    Mutant("a snapshot leaves the clock of a playback where it was", "recording/stream.py",
           "self.source.played and self.analyzer.set_back(frame.base)", "False", _PLAYBACK),
    Mutant("a list with a hole is complete", _ANALYZER, 'flow["complete"] or filled > 0', "True",
           "tests/orderbook/test_backfill.py::test_a_list_with_a_hole_never_counts_as_complete",
           jit=False),
    Mutant("trades told again are sent as live ones", _RING,
           "frame.flags & FrameFlag.HISTORICAL, np.uint8", "0, np.uint8", _FILLED),
    Mutant("trades told again are added to what was there", "orderbook/engine.py",
           "        if place == 1:\n            flow_session(flow, since, 0)\n",
           "        if place == 1:\n",
           "tests/orderbook/test_backfill.py", jit=False),
    Mutant("names of makers are told once", _STREAM, "        if self._makers:\n",
           "        if False:\n", _OWNED),
    Mutant("an order that grows keeps its place", _ORDERS,
           "if size > standing or", "if",
           f"{_ORDER_BOOK}::test_places_in_the_queue", jit=False),
    Mutant("a queue does not know its last order any more", _TABLE,
           "behind != 0 else 2 * top + _LAST", "behind != 0 else _LAST",
           f"{_ORDER_BOOK}::test_places_in_the_queue", jit=False),
    Mutant("a slot is given back without leaving its chain", _TABLE,
           "    _unchain(half, slots, bucket, slot)\n", "",
           f"{_ORDER_BOOK}::test_what_is_wrong_is_counted", jit=False),
    Mutant("an empty level keeps its slot", _TABLE, "if left == 0:", "if False:",
           f"{_ORDER_BOOK}::test_levels_that_went_leave_their_slots", jit=False),
    Mutant("a double add replaces the old order", _ORDERS,
           "if rarely(order_in(book, heap, half, bucket, ref) != 0):", "if False:",
           f"{_ORDER_BOOK}::test_what_is_wrong_is_counted", jit=False),
    Mutant("a cancel beyond the size leaves the order", _ORDERS, "if left > 0:", "if left != 0:",
           f"{_ORDER_BOOK}::test_what_is_wrong_is_counted", jit=False),
    Mutant("prices between two ticks stand among the ticks", _ORDERS,
           "if rarely(key & 2 != 0):\n        put_far", "if False:\n        put_far",
           f"{_ORDER_BOOK}::test_prices_between_two_ticks", jit=False),
    Mutant("every record of a message has its row", "orderbook/export.py",
           "if i + 1 < len(records) and index[i + 1] == index[i]:", "if False:", _ORDER_ROWS,
           jit=False),
    Mutant("a price between ticks stands behind its neighbour", "orderbook/export.py",
           "ticks <= below if side == 1", "ticks < below if side == 1",
           _ORDER_ROWS, jit=False),
    Mutant("a second record hides what the first one changed", "orderbook/export.py",
           "if index[i] != marks[1]:", "if True:",
           _ORDER_ROWS, jit=False),
    Mutant("a group of orders is not judged complete", "orderbook/engine.py",
           "book.mode == BY_ORDER:\n                clock.open = 1", "book.mode == BY_ORDER:",
           f"{_ORDER_ANALYTICS}::test_a_zone_says_how_many_orders_stand_in_it", jit=False),
    Mutant("a kept state turns the queues round", "orderbook/frozen.py",
           "regions[ORDERS] = standing_orders(book, heap)",
           "regions[ORDERS] = standing_orders(book, heap)[::-1].copy()",
           f"{_ORDER_ANALYTICS}::test_a_thawed_state_goes_on_as_if_nothing_had_been", jit=False),
    Mutant("a kept state says which slots were used", "orderbook/frozen.py",
           "for name in _TABLE:\n        book[name] = 0", "for name in ():\n        book[name] = 0",
           f"{_ORDER_ANALYTICS}::test_a_thawed_state_goes_on_as_if_nothing_had_been", jit=False),
    Mutant("a snapshot that needs room forgets the rows before it", "orderbook/engine.py",
           "if not again:", "if True:", _ROOM, jit=False),
    Mutant("orders of the other side are counted in a zone", "orderbook/analytics/events.py",
           "(state.book, heap, zone.side", "(state.book, heap, 1 - zone.side",
           f"{_ORDER_ANALYTICS}::test_a_zone_says_how_many_orders_stand_in_it", jit=False),
    Mutant("what was known of a bar holds for the next one", _TRADED,
           "    forget_known(state)\n", "", _KNOWN, jit=False),
    Mutant("a trade leaves the imbalance of the row below it", _STACKS,
           "state.flow.low - 1", "state.flow.low", _KNOWN, jit=False),
    Mutant("a trade leaves the imbalance of the row above it", _STACKS,
           "state.flow.high + 1", "state.flow.high", _KNOWN, jit=False),
    Mutant("other settings go by what others found", _ANALYZER,
           "self._words[_KNOWN] = 0", "pass", _KNOWN),
    Mutant("a kept state holds what need not be asked again", "orderbook/frozen.py",
           "copied[_KNOWN] = 0", "pass", _KNOWN),
    Mutant("a strict book goes on", _ORDERS, "if book.strict:", "if False:",
           f"{_ORDER_BOOK}::test_a_strict_book_stops_before_what_is_wrong", jit=False),
    Mutant("a cluster bounces while it is touched", _SIGNALS,
           "signals.watches[slot].waiting = 0", "signals.watches[slot].waiting = 1\n"
           "            signals.watches[slot].since = time",
           f"{_RULES}::test_a_bounce", jit=False),
    Mutant("a bounce goes the other way", _SIGNALS, "up = event.side == 1", "up = event.side == 0",
           f"{_RULES}::test_a_bounce", jit=False),
    Mutant("what was eaten up may still bounce", _SIGNALS,
           "whole = float(watch.size) >= p.bounce_keep", "whole = True or p.bounce_keep",
           f"{_RULES}::test_a_bounce_needs_a_touch_the_turn_the_book_and_the_size", jit=False),
    Mutant("a bounce without the book on its side", _SIGNALS,
           "return whole and leaning >= rule.limit", "return whole",
           f"{_RULES}::test_a_bounce_needs_a_touch_the_turn_the_book_and_the_size", jit=False),
    Mutant("what was pulled counts as eaten", _SIGNALS,
           "event.end_reason == CONSUMED or", "event.end_reason == PULLED or",
           f"{_RULES}::test_no_break", jit=False),
    Mutant("trades with a cluster count as against it", _SIGNALS,
           "event.sell if event.side == 1", "event.buy if event.side == 1",
           f"{_RULES}::test_a_break", jit=False),
    Mutant("a stack need not hold", _SIGNALS, "time - watch.beyond >= p.stack_hold",
           "time - watch.since >= p.stack_hold", f"{_RULES}::test_a_stack_that_holds", jit=False),
    Mutant("silence never makes a stack speak", _SIGNALS,
           "if signals.watches[i].beyond != NEVER:", "if False:",
           f"{_RULES}::test_a_stack_speaks_in_silence_and_only_then_is_it_worth_an_instant",
           jit=False),
    Mutant("an absorption speaks before price turns", _SIGNALS,
           "_ticks_beyond(state.book, watch) < rule.ticks", "False",
           f"{_RULES}::test_an_absorption_that_turns", jit=False),
    Mutant("a pull far from the touch counts", _SIGNALS, "and 0 <= event.distance <=",
           "and 0 <= 0 * event.distance <=", f"{_RULES}::test_no_pull", jit=False),
    Mutant("a flicker that is pulled counts", _SIGNALS,
           "and event.t_last - event.t_first >= p.pull_age", "", f"{_RULES}::test_no_pull",
           jit=False),
    Mutant("signals are given in a closed market", _SIGNALS, "if state.clock.closed:", "if False:",
           f"{_RULES}::test_words_are_withheld_and_counted", jit=False),
    Mutant("signals are given before the warm-up", _SIGNALS,
           "elif state.resting.base.count * state.p.grid < p.warmup:", "elif False:",
           f"{_RULES}::test_words_are_withheld_and_counted", jit=False),
    Mutant("spacing forgets the direction", _SIGNALS, "time - signals.last[side] < p.spacing",
           "time - max(signals.last[0], signals.last[1]) < p.spacing",
           f"{_RULES}::test_words_are_spaced_by_direction", jit=False),
    Mutant("one cluster may agree with itself", _SIGNALS, "<= within and not same",
           "<= within", f"{_RULES}::test_several_must_agree", jit=False),
    Mutant("a disagreeing word leaves the others", _SIGNALS,
           "if vote.direction == watch.direction and", "if", f"{_RULES}::test_several_must_agree",
           jit=False),
    Mutant("a watch waits for ever", _SIGNALS,
           "if watch.waiting and time - watch.since > state.p.signals.watch:", "if False:",
           f"{_RULES}::test_a_watch_waits_so_long", jit=False),
    Mutant("a gap leaves the watches", "orderbook/engine.py",
           "drop_watches(state.signals, STALE)\n    lose_trades", "lose_trades",
           f"{_RULES}::test_a_gap_and_a_snapshot_drop_what_waits", jit=False),
    Mutant("a snapshot leaves the watches", "orderbook/engine.py",
           "drop_watches(state.signals, STALE)\n    pulls_stop", "pulls_stop",
           f"{_RULES}::test_a_gap_and_a_snapshot_drop_what_waits", jit=False),
    Mutant("signals are not in the digest", "recording/output.py",
           "for told in (events, signals):", "for told in (events,):",
           "tests/journal/test_output.py::test_the_digest_is_the_hash_of_what_came_out"),
    Mutant("a recording judges itself", "orderbook/signals.py",
           "and time > signals.rates_until_ns", "",
           f"{_RULES}::test_rates_are_settings_by_rule_and_say_nothing_of_their_own_past",
           jit=False),
    Mutant("a signal reaches listeners of other topics only", "server/channel.py",
           'if "signals" in topics]', 'if "signals" not in topics]',
           f"{_TOLD}::test_a_signal_reaches_its_listeners_and_equals_the_replay"),
    Mutant("who comes back gets signals that have expired", "recording/messages.py",
           'recent["expires"] > analyzer.clock', 'recent["expires"] > 0',
           f"{_TOLD}::test_who_comes_later_gets_what_has_not_expired"),
    Mutant("signals of a stale book are told", "recording/messages.py",
           "    if stream.phase is Phase.STALE:\n        return []\n    analyzer",
           "    analyzer",
           f"{_TOLD}::test_of_a_stale_book_they_come_when_it_is_right_again"),
    Mutant("a post does not have its signals", "server/channel.py",
           "self._told.signals.extend(signal_fields(stream, signal) for signal in signals)",
           "pass", f"{_TOLD}::test_posts_answer_with_their_signals_or_all_later_ones"),
    Mutant("the id of an earlier run hides signals", "recording/messages.py",
           "0 if after >= analyzer.next_signal else after", "after",
           f"{_TOLD}::test_posts_answer_with_their_signals_or_all_later_ones"),
    Mutant("history makes signals live", "server/channel.py",
           'bool(self.live.flags.get("HistoricalOnly"))', "False",
           f"{_TOLD}::test_who_sends_history_alone_gets_no_signal"),
)  # fmt: skip


class _Loader(importlib.machinery.SourceFileLoader):
    """Compiles a module with one mutant in it."""

    def __init__(self, name: str, path: str, mutant: Mutant) -> None:
        super().__init__(name, path)
        self.mutant = mutant

    def get_code(self, fullname: str) -> CodeType:
        text = Path(self.path).read_text(encoding="utf-8")
        assert self.mutant.old in text
        return compile(text.replace(self.mutant.old, self.mutant.new, 1), self.path, "exec")


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant
        self.name = mutant.path.removesuffix(".py").replace("/", ".")

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self.name:
            return None
        file = str(ROOT / self.mutant.path)
        return importlib.util.spec_from_file_location(
            fullname, file, loader=_Loader(fullname, file, self.mutant)
        )


if VARIABLE in os.environ:
    sys.meta_path.insert(0, _Finder(MUTANTS[int(os.environ[VARIABLE])]))
