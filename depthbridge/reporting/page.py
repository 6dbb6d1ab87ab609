"""The page: findings as one HTML file that needs nothing else."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from depthbridge.calibrating.report import explained
from depthbridge.calibrating.scores import QUANTILES
from depthbridge.clocktime import moment
from depthbridge.inputs import Window
from depthbridge.reporting.charts import (
    Mark,
    histogram_chart,
    interval_chart,
    line_chart,
    price_chart,
    profile_chart,
    split_chart,
)
from depthbridge.reporting.gather import Findings, differing
from depthbridge.reporting.markup import Cell, Markup, cell, join, table, tag
from depthbridge.reporting.sessions import SessionFacts
from depthbridge.reporting.style import STYLE
from depthbridge.reporting.told import LARGEST, ToldSignal
from depthbridge.reviewing import HORIZONS
from depthbridge.reviewing.intervals import LEVEL, Interval
from depthbridge.reviewing.report import LEAST, bounds, share, signed
from depthbridge.reviewing.review import ALL, HIT_HORIZON, Line
from depthbridge.reviewing.sessions import STEP, signal_at
from depthbridge.version import VERSION
from market.enums import Phase
from orderbook.describe import KINDS

__all__ = ["page"]

_NS: Final = 1_000_000_000
_MIB: Final = 1 << 20
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_FILES: Final = 8
_WIDEST: Final = 5
"""Spreads from so many ticks on are one row."""
_SECTIONS: Final = (
    ("recorded", "What was recorded"),
    ("price", "Price"),
    ("profile", "Volume profile"),
    ("flow", "Order flow"),
    ("clusters", "Clusters"),
    ("worth", "What signals were worth"),
    ("signals", "Signals"),
    ("quality", "Quality of the book"),
    ("settings", "Settings"),
)
_PHASES: Final = {
    Phase.SYNCED: "readable",
    Phase.CROSSED: "crossed or locked",
    Phase.STALE: "stale: records are missing",
    Phase.WAITING: "waiting for both sides",
    Phase.CLOSED: "market closed",
    Phase.PAUSED: "playback paused",
}


def page(found: Findings) -> str:
    """The page; the same findings give the same text."""
    parts = {
        "recorded": _recorded(found),
        "price": _price(found),
        "profile": _profiles(found),
        "flow": _flow(found),
        "clusters": _clusters(found),
        "worth": _worth(found),
        "signals": _signals(found),
        "quality": _quality(found),
        "settings": _settings(found),
    }
    sections = [
        tag("section", tag("h2", title), *parts[name], id=name) for name, title in _SECTIONS
    ]
    links = [tag("a", title, href=f"#{name}") for name, title in _SECTIONS]
    title = f"{found.instrument.symbol} {_span(found)}"
    head = [
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="generator", content=f"depthbridge {VERSION}"),
        tag("title", title),
        tag("style", Markup(STYLE)),
    ]
    header = tag(
        "header",
        tag("h1", title),
        tag("p", *_lead(found), class_="mute"),
        *(tag("p", line) for line in _short(found)),
        tag("nav", *links),
    )
    body = tag("body", header, tag("main", *sections), tag("footer", _end()))
    lines = tag("html", tag("head", *head), body, lang="en")
    return f"<!doctype html>\n{lines}\n"


def _span(found: Findings) -> str:
    """The trade dates, or the days of the records."""
    days = [facts.trade_date for facts in found.sessions]
    if not days:
        days = [moment(time)[:10] for time in found.times if time is not None]
    if not days:
        return ""
    return days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"


def _lead(found: Findings) -> Iterator[str]:
    yield f"Depthbridge report of {found.name}. All times are UTC."
    if found.error:
        yield tag("strong", f" Reading stopped early: {found.error}", class_="bad")


def _short(found: Findings) -> Iterator[str]:
    """The page in two sentences."""
    if not found.sessions:
        return
    volumes = sum(facts.profile["volume"] for facts in found.sessions)
    edges = [price for facts in found.sessions for price in facts.traded if price is not None]
    prices = f" between {_price_of(min(edges))} and {_price_of(max(edges))}" if edges else ""
    hours = f"{_duration(round(found.review.hours * 3600) * _NS)} with a book"
    yield f"{hours}; {volumes:,.10g} traded{prices}; {found.gap_reasons.total():,} gaps."
    for line in found.review.lines:
        if line.rule == ALL and line.seconds == HIT_HORIZON and line.signals:
            yield (
                f"{sum(found.review.signals.values()):,} signals. {HIT_HORIZON} s later mid was "
                f"{signed(line.move.value)} ticks their way, after random times of the half hours "
                f"around {signed(line.random)}: an excess of {_bounded(line.excess)}, which "
                f"{_verdict(line)}."
            )


def _verdict(line: Line) -> str:
    low, high = line.excess.low, line.excess.high
    if line.signals < LEAST:
        return f"says nothing: it needs {LEAST} signals"
    if low is None or high is None or low <= 0.0 <= high:
        return "may be chance"
    return "is hardly chance" if low > 0.0 else "is hardly chance, and against them"


def _end() -> Markup:
    return tag(
        "p",
        f"Made by depthbridge {VERSION}. The same input, options and version make the same page.",
        class_="mute",
    )


# -- what was recorded ---------------------------------------------------------------------------


def _recorded(found: Findings) -> Iterator[Markup]:
    instrument, tally = found.instrument, found.tally
    facts: list[tuple[str, str]] = [
        ("Instrument", f"{instrument.symbol} ({instrument.root}), tick {instrument.tick.step:g}"),
        ("Source", found.source.value),
        ("Book", "of orders (L3)" if found.book == "L3" else "of levels (L2)"),
        ("Session template", instrument.session),
        ("Recording", _files(found)),
        ("Format", found.format),
    ]
    if found.window is not None:
        facts.append(("Part of it", _window(found.window)))
    facts += [
        (name, moment(time))
        for name, time in zip(("From", "To"), found.times, strict=True)
        if time is not None
    ]
    facts += [
        ("Records", f"{tally.rows:,}"),
        ("Gaps", f"{found.gap_reasons.total():,}"),
        ("Resyncs", f"{tally.resyncs:,}"),
        ("Complete since", _complete(found.sessions)),
    ]
    if tally.lag_p99_ms is not None:
        facts.append(("Lag, 99th percentile", f"{tally.lag_p99_ms:,.1f} ms"))
    facts.append(("Configuration", found.configs[-1][1]))
    yield _facts(facts)
    for note in found.notes:
        yield tag("p", note, class_="mute")


def _files(found: Findings) -> str:
    names = [name for name, _ in found.files]
    more = f" and {len(names) - _FILES} more" if len(names) > _FILES else ""
    size = sum(size for _, size in found.files)
    big = f"{size / _MIB:,.1f} MiB" if size >= _MIB else f"{size:,} bytes"
    return f"{', '.join(names[:_FILES])}{more}, {big}"


def _window(window: Window) -> str:
    begin, end = window.limits
    words = [] if window.session is None else [f"{window.session} hours"]
    words += [] if begin is None else [f"from {moment(begin)}"]
    words += [] if end is None else [f"to before {moment(end)}"]
    return " ".join(words) or "all of it"


def _complete(sessions: list[SessionFacts]) -> str:
    """Of the last session: since when all trades of it are known."""
    if not sessions:
        return "–"
    sums = sessions[-1].metrics
    since = sums["since"]
    if since is None:
        return "–"
    whole = "the session's opening" if sums["complete"] else "not the whole session"
    return f"{moment(since)} ({whole})"


# -- price ---------------------------------------------------------------------------------------


def _price(found: Findings) -> Iterator[Markup]:
    series = found.prices
    if not found.sessions:
        yield _nothing("No instant of a trading session lies in this recording.")
        return
    marks = [_mark(told) for told in found.signals.shown()]
    gaps = [(gap["time"], f"gap: {gap['reason']}") for gap in found.gaps]
    yield _figure(
        price_chart(series, marks, gaps, found.instrument.tick.step),
        _key("main", "mid, with its range in the area"),
        _key("second", "VWAP"),
        _key("buy", "▲ signal up"),
        _key("sell", "▼ signal down"),
        f"one point is {_duration(series.width)}",
    )
    yield table(
        (*("trade date", "from", "to", "low", "high", "VWAP", "deviation", "CVD", "volume"),
         *("POC", "value area", "complete")),
        (_session_row(facts) for facts in found.sessions),
    )  # fmt: skip
    yield tag(
        "p",
        "Low, high and volume are of trades. VWAP, CVD and profile are sums of the session from "
        "its opening, or from the beginning of the recording, on.",
        class_="mute",
    )


def _mark(told: ToldSignal) -> Mark:
    message = told.message
    words = f"{message['kind']} {moment(message['time'])}"
    return Mark(message["time"], message["price"], signal_at(message).direction > 0, words)


def _session_row(facts: SessionFacts) -> list[str | Cell]:
    profile, sums = facts.profile, facts.metrics
    low, high = facts.traded
    area = "–"
    if profile["poc"] is not None:
        area = f"{_price_of(profile['value_area_low'])} to {_price_of(profile['value_area_high'])}"
    return [
        facts.trade_date,
        moment(facts.begin)[5:],
        moment(facts.end)[5:],
        cell(low),
        cell(high),
        cell(sums["vwap"], 2),
        cell(sums["vwap_dev"], 2),
        cell(sums["cvd"], sign=True),
        cell(profile["volume"]),
        cell(profile["poc"]),
        Cell(area, "n"),
        "yes" if profile["complete"] else "no",
    ]


# -- profile -------------------------------------------------------------------------------------


def _profiles(found: Findings) -> Iterator[Markup]:
    drawn = [facts for facts in found.sessions if facts.profile.get("rows")]
    if not drawn:
        yield _nothing("No trade lies in this recording, so there is no profile.")
    for facts in reversed(drawn):
        yield tag("h3", facts.trade_date)
        yield from _profile(facts.profile, found.instrument.tick.step)


def _profile(profile: dict[str, Any], tick: float) -> Iterator[Markup]:
    yield _figure(
        profile_chart(profile, tick),
        _key("buy", "■ bought"),
        _key("sell", "■ sold"),
        _key("quiet", "■ not known"),
        _key("second", "POC"),
        "the value area is shaded",
    )
    buy, sell = (sum(row[side] for row in profile["rows"]) for side in (1, 2))
    facts = [
        ("POC", _price_of(profile["poc"])),
        (
            f"Value area ({profile['preset']})",
            f"{_price_of(profile['value_area_low'])} to {_price_of(profile['value_area_high'])}",
        ),
        ("Volume", f"{profile['volume']:,.10g}: {buy:,.10g} bought, {sell:,.10g} sold"),
        ("High volume nodes", _list(profile["high_nodes"])),
        ("Low volume nodes", _list(profile["low_nodes"])),
        ("Initial balance", _balance(profile["initial_balance"])),
        ("Naked POCs of earlier sessions", _list(poc["price"] for poc in profile["naked_pocs"])),
    ]
    yield _facts(facts)


def _balance(balance: dict[str, Any] | None) -> str:
    if balance is None or balance["low"] is None:
        return "–"
    state = "" if balance["over"] else ", not over"
    state += "" if balance["complete"] else ", not complete"
    return f"{_price_of(balance['low'])} to {_price_of(balance['high'])}{state}"


# -- order flow ----------------------------------------------------------------------------------


def _flow(found: Findings) -> Iterator[Markup]:
    series = found.prices
    if found.sessions:
        wide = _duration(series.width)
        yield _figure(
            line_chart(series, [("cvd", "main")], "cumulative volume delta over time"),
            "CVD: what was bought less what was sold since the session began",
        )
        yield _figure(
            split_chart(series, "ofi", "order-flow imbalance over time"),
            f"order-flow imbalance at the touch, summed over {wide}, in size steps",
        )
        yield _figure(
            split_chart(series, "imbalance", "imbalance of the book over time"),
            f"imbalance of the book (−100 to 100), mean of {wide}",
        )
    for line in explained(found.behaviour):
        yield tag("p", _sentence(line))
    yield from _scores(found)


def _scores(found: Findings) -> Iterator[Markup]:
    scores = found.behaviour.scores
    if not scores:
        yield _nothing("No score was ever defined.")
        return
    yield tag("h3", "Scores at full seconds")
    yield tag(
        "div",
        *(
            tag("figure", histogram_chart(one, f"histogram of {name}"), tag("figcaption", name))
            for name, one in scores.items()
        ),
        class_="small",
    )
    yield table(
        ("score", "defined", "mean", *(f"{level:.0%}" for level in QUANTILES)),
        (
            [
                name,
                Cell(share(one.known / (one.known + one.undefined)), "n"),
                cell(one.mean, 2),
                *(cell(value, 2) for value in one.quantiles),
            ]
            for name, one in scores.items()
        ),
    )


# -- clusters ------------------------------------------------------------------------------------


def _clusters(found: Findings) -> Iterator[Markup]:
    tally = found.clusters
    kinds = [kind for kind in KINDS if kind in tally.kinds]
    if not kinds:
        yield _nothing("No cluster became active.")
        return
    lines = [(kind, f"c{KINDS.index(kind)}") for kind in kinds]
    if len(found.active.times):
        yield _figure(
            line_chart(found.active, lines, "active clusters over time"),
            *(_key(line, kind) for kind, line in lines),
            f"active clusters, mean of {_duration(found.active.width)}",
        )
    yield table(
        ("kind", "announced", "ended", "active at the end", "mean life", "ended by"),
        (_kind_row(found, kind) for kind in kinds),
    )
    yield tag("h3", f"The largest of each kind (up to {LARGEST})")
    yield table(
        (*("kind", "side", "price", "largest size", "traded", "announced", "life", "score"),
         "end"),
        (
            _cluster_row(cluster, found)
            for kind in kinds
            for cluster in tally.largest(kind)
        ),
    )  # fmt: skip


def _kind_row(found: Findings, kind: str) -> list[str | Cell]:
    tally = found.clusters.kinds[kind]
    reasons = ", ".join(f"{word} {count:,}" for word, count in tally.reasons.most_common())
    life = "–" if not tally.ended else _duration(tally.age_ms * 1_000_000 // tally.ended)
    return [
        kind,
        cell(tally.announced),
        cell(tally.ended),
        cell(found.clusters.count(kind)),
        Cell(life, "n"),
        Cell(reasons or "–", "long"),
    ]


def _cluster_row(cluster: dict[str, Any], found: Findings) -> list[str | Cell]:
    low, high = (_price_of(cluster[name]) for name in ("price_low", "price_high"))
    return [
        cluster["kind"],
        cluster["side"],
        Cell(low if low == high else f"{low} to {high}", "n"),
        cell(cluster["size_peak"]),
        cell(cluster["buy"] + cluster["sell"]),
        moment(cluster["t_first"]),
        Cell(_duration(cluster["age_ms"] * 1_000_000), "n"),
        cell(cluster["score"], 0),
        cluster["end_reason"] or "still active",
    ]


# -- signals -------------------------------------------------------------------------------------


def _worth(found: Findings) -> Iterator[Markup]:
    review = found.review
    if not review.lines:
        yield _nothing("No signal came of this recording: there is nothing to judge.")
        return
    total = sum(review.signals.values())
    rate = f", {total / review.hours:.1f} an hour" if review.hours else ""
    yield tag(
        "p",
        f"{total:,} signals in {review.hours:.1f} hours with a book{rate}. Moves of mid are in "
        "ticks, in the signal's direction; beside each stands the mean of "
        f"{review.draws} random times of the half hours around (seed {review.seed}), and the "
        f"excess over them, with {LEVEL:.0%} intervals. An excess whose interval holds 0 may be "
        "chance. Best and worst: the farthest that mid went their way and against it; a hit: it "
        "had moved their way; in round brackets the same of the random times.",
    )
    rows = [
        (f"{line.rule} ({line.signals:,})", line.excess, line.signals >= LEAST)
        for line in review.lines
        if line.seconds == HIT_HORIZON and line.signals
    ]
    if rows:
        yield _figure(
            interval_chart(rows, "excess of each rule"),
            f"excess over random times after {HIT_HORIZON} s, ticks, with its interval; in "
            f"brackets the signals, grey: fewer than {LEAST}, which say nothing",
        )
    yield table(
        (*("rule", "after", "signals", "move", "random", "excess", "best", "worst"),
         "hits"),
        (_worth_row(line) for line in review.lines),
    )  # fmt: skip


def _worth_row(line: Line) -> list[str | Cell]:
    many = f", {line.unknown:,} unknown" if line.unknown else ""
    return [
        line.rule,
        Cell(f"{line.seconds} s", "n"),
        Cell(f"{line.signals:,}{many}", "n"),
        Cell(_bounded(line.move), "n"),
        Cell(signed(line.random), "n"),
        Cell(_bounded(line.excess), "n"),
        Cell(_far(line.favourable, line.random_favourable), "n"),
        Cell(_far(line.adverse, line.random_adverse), "n"),
        Cell(
            f"{share(line.hits.value)} [{share(line.hits.low)}, {share(line.hits.high)}] "
            f"({share(line.random_hits)})",
            "n",
        ),
    ]


def _far(own: float | None, random: float | None) -> str:
    return " ".join(
        [signed(own).removeprefix("+"), f"({signed(random).removeprefix('+')})"],
    )


def _bounded(interval: Interval) -> str:
    return f"{signed(interval.value)} {bounds(interval)}"


def _signals(found: Findings) -> Iterator[Markup]:
    tally = found.signals
    shown = tally.shown()
    if not shown:
        yield _nothing("No signal.")
    else:
        left = tally.count - len(shown)
        if left:
            yield tag("p", f"The last {len(shown):,} of {tally.count:,}.", class_="mute")
        yield table(
            (
                *("time", "signal, and what it saw", "side", "price", "strength", "confidence"),
                *("seq", *(f"after {seconds} s" for seconds in HORIZONS)),
            ),
            (_signal_row(told) for told in shown),
            caption="moves of mid afterwards in ticks, in the signal's direction",
        )
    held = [(word.replace("_", " "), count) for word, count in found.withheld.items() if count]
    if held:
        yield tag("h3", "Withheld")
        yield tag(
            "p",
            "What a rule would have said and did not: "
            + ", ".join(f"{word} {count:,}" for word, count in held)
            + ".",
        )


def _signal_row(told: ToldSignal) -> list[str | Cell]:
    message = told.message
    up = signal_at(message).direction > 0
    name = tag("strong", f"{'▲' if up else '▼'} {message['kind']}", class_="up" if up else "down")
    return [
        moment(message["time"])[5:],
        Cell(join([name, tag("br"), message["reason"]]), "long"),
        message["side"],
        cell(message["price"]),
        cell(message["strength"], 2, sign=True),
        Cell("–" if message["confidence"] is None else share(message["confidence"]), "n"),
        cell(message["seq"]),
        *(cell(told.moves[seconds], 1, sign=True) for seconds in HORIZONS),
    ]


# -- quality and settings ------------------------------------------------------------------------


def _quality(found: Findings) -> Iterator[Markup]:
    quality = found.quality
    if quality.instants:
        yield table(("book", "time", "share"), _quality_rows(found))
    if quality.spreads:
        yield tag("h3", "Spread")
        yield table(("ticks", "time", "share"), _spread_rows(found))
    yield tag("h3", "Gaps")
    if not found.gap_reasons:
        yield tag("p", "None.")
    else:
        words = ", ".join(f"{word} {count:,}" for word, count in found.gap_reasons.items())
        yield tag("p", f"{found.gap_reasons.total():,}: {words}.")
        yield table(
            ("time", "reason", "after record"),
            ([moment(gap["time"]) if gap["time"] else "at the beginning", gap["reason"],
              cell(gap["index"] + 1)] for gap in found.gaps),
        )  # fmt: skip
        left = found.gap_reasons.total() - len(found.gaps)
        if left:
            yield tag("p", f"and {left:,} more", class_="mute")
    for word, count in found.order_faults.items():
        yield tag("p", f"{count:,} order records were wrong: {word.replace('_', ' ')}.")


def _quality_rows(found: Findings) -> Iterator[list[str | Cell]]:
    quality = found.quality
    for phase, words in _PHASES.items():
        if quality.phases[phase.value]:
            yield _part(words, quality.phases[phase.value], quality.instants)
    for words, count in (
        ("one side only", quality.one_sided),
        ("neither side", quality.empty),
        ("scores still warming up", quality.warmup),
    ):
        yield _part(words, count, quality.instants)


def _spread_rows(found: Findings) -> Iterator[list[str | Cell]]:
    spreads = found.quality.spreads
    total = spreads.total()
    for ticks in sorted(ticks for ticks in spreads if ticks < _WIDEST):
        yield _part(f"{ticks}", spreads[ticks], total)
    wide = sum(count for ticks, count in spreads.items() if ticks >= _WIDEST)
    if wide:
        yield _part(f"{_WIDEST} and more", wide, total)


def _part(words: str, count: int, total: int) -> list[str | Cell]:
    return [words, Cell(_duration(count * STEP), "n"), Cell(f"{count / total:.2%}", "n")]


def _settings(found: Findings) -> Iterator[Markup]:
    changed = differing(found.parameters)
    if not changed:
        yield tag("p", "All analytics settings are the defaults.")
    else:
        yield table(
            ("setting", "here", "default", "unit", "meaning"),
            (
                [one.key, Cell(str(one.value), "n"), Cell(str(one.default), "n"), one.unit,
                 Cell(one.meaning, "long")]
                for one in changed
            ),
            caption="settings that differ from the defaults",
        )  # fmt: skip
    if len(found.configs) == 1:
        yield tag("p", f"Configuration {found.configs[0][1]}, depthbridge {VERSION}.")
    else:
        yield table(
            ("configuration", "from"),
            ([name, moment(since)] for since, name in found.configs),
            caption=f"configurations in force, depthbridge {VERSION}",
        )


# -- words ---------------------------------------------------------------------------------------


def _nothing(words: str) -> Markup:
    return tag("p", words, class_="mute")


def _facts(facts: Iterable[tuple[str, str]]) -> Markup:
    return tag("dl", *(join([tag("dt", name), tag("dd", words)]) for name, words in facts))


def _figure(chart: Markup, *caption: str) -> Markup:
    under = join(part if isinstance(part, Markup) else f"{part} " for part in caption)
    return tag("figure", tag("div", chart, class_="scroll"), tag("figcaption", under))


def _key(kind: str, words: str) -> Markup:
    return tag("span", words, class_=f"key k-{kind}")


def _price_of(value: float) -> str:
    return f"{value:,.10g}"


def _list(prices: Iterable[float]) -> str:
    return ", ".join(map(_price_of, prices)) or "–"


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def _duration(ns: int) -> str:
    """``1.5 s``, ``2 min``, ``3.2 h``."""
    seconds = ns / _NS
    if seconds < 60:
        return f"{seconds:.3g} s"
    if seconds < 3600:
        return f"{seconds / 60:.3g} min"
    return f"{seconds / 3600:,.1f} h"
