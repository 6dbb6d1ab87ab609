"""Runs in an environment with hftbacktest: its book at given times, as JSON on stdout.

Arguments: the events (.npz), tick size, lot size, L2 or L3, JSON with local times, ns UTC. The
last state is that of the end of the data. Each is [bids, asks], (ticks, size), best first, and the
best bid and ask in ticks that hftbacktest goes by.
"""

import json
import sys

import numpy as np
from hftbacktest import (
    BUY_EVENT,
    BacktestAsset,
    HashMapMarketDepthBacktest,
    event_dtype,
)
from hftbacktest.data.validation import validate_event_order


def main() -> None:
    path, tick, lot, kind, times = sys.argv[1:]
    data = np.load(path)["data"]
    assert data.dtype == event_dtype, data.dtype
    validate_event_order(data)
    asset = (
        BacktestAsset()
        .data(path)
        .linear_asset(1.0)
        .constant_order_latency(0, 0)
        .no_partial_fill_exchange()
        .trading_value_fee_model(0.0, 0.0)
        .tick_size(float(tick))
        .lot_size(float(lot))
        .last_trades_capacity(0)
    )
    asset = asset.l3_fifo_queue_model() if kind == "L3" else asset.risk_adverse_queue_model()
    test = HashMapMarketDepthBacktest([asset])
    assert test.elapse(0) == 0  # it has no clock before the first call
    states = []
    for time in json.loads(times):
        code = test.elapse(time - test.current_timestamp)
        assert code == 0, f"hftbacktest ended with {code} before {time}"
        assert test.current_timestamp == time, (test.current_timestamp, time)
        states.append(state(test.depth(0), float(tick)))
    code = test._goto_end()
    assert code in (0, 1), f"hftbacktest ended with {code}"
    states.append(state(test.depth(0), float(tick)))
    test.close()
    json.dump({"events": len(data), "states": states}, sys.stdout)


def state(depth: object, tick: float) -> list[object]:
    levels = depth.snapshot()
    sides: list[list[tuple[int, float]]] = [[], []]
    for level in levels:
        side = 0 if int(level["ev"]) & BUY_EVENT else 1
        sides[side].append((round(float(level["px"]) / tick), float(level["qty"])))
    depth.snapshot_free(levels)
    sides[0].sort(reverse=True)
    sides[1].sort()
    return [*sides, [int(depth.best_bid_tick), int(depth.best_ask_tick)]]


main()
