"""The look of the page: light and dark, on paper, on a phone."""

from typing import Final

__all__ = ["STYLE"]

STYLE: Final = """
:root { color-scheme: light dark; --ground: #fff; --text: #1c1f24; --mute: #667; --line: #8883;
  --up: #1a7f5a; --down: #c2412d; --main: #2b62b5; --second: #b26a00; --area: #2b62b544;
  --mark: #8a3ffc; --bad: #c62828; font: 15px/1.5 system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { :root { --ground: #14171c; --text: #e4e6ea; --mute: #99a;
  --up: #4cc38a; --down: #ff7f6b; --main: #7fb0ff; --second: #e8a94a; --area: #7fb0ff44;
  --mark: #c4a1ff; --bad: #ff7b72; } }
* { box-sizing: border-box; }
body { background: var(--ground); color: var(--text); margin: 0 auto; max-width: 70rem;
  padding: 1rem; }
h1 { font-size: 1.5rem; line-height: 1.2; margin: 0; }
h2 { border-bottom: 1px solid var(--line); font-size: 1.15rem; margin: 2.2rem 0 .6rem;
  padding-bottom: .2rem; }
h3 { font-size: 1rem; margin: 1.3rem 0 .3rem; }
p { margin: .4rem 0; max-width: 46rem; }
.mute, caption, figcaption { color: var(--mute); }
.bad { color: var(--bad); } .up { color: var(--up); } .down { color: var(--down); }
nav { margin: .8rem 0 0; } nav a { display: inline-block; margin-right: 1rem; }
a { color: var(--main); }
dl { display: grid; gap: .1rem 1.5rem; grid-template-columns: max-content 1fr; margin: .6rem 0; }
dt { color: var(--mute); } dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .87rem; font-variant-numeric: tabular-nums;
  margin: .4rem 0; }
caption { caption-side: top; text-align: left; }
th, td { border-bottom: 1px solid var(--line); padding: .2rem .6rem .2rem 0; text-align: left;
  vertical-align: top; white-space: nowrap; }
th { color: var(--mute); font-weight: 600; }
th.n, td.n { text-align: right; }
td.long { max-width: 34rem; min-width: 18rem; white-space: normal; }
figure { margin: .6rem 0 1rem; }
figcaption { font-size: .92rem; }
svg { display: block; height: auto; min-width: 38rem; width: 100%; }
svg text { fill: var(--mute); font: 11px system-ui, sans-serif; }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .zero { stroke: var(--mute); stroke-width: 1; }
svg .edge { stroke: var(--bad); stroke-dasharray: 3 3; stroke-width: 1; }
svg .main { fill: none; stroke: var(--main); stroke-width: 1.3; }
svg .second { fill: none; stroke: var(--second); stroke-width: 1.5; }
svg .area { fill: var(--area); stroke: none; }
svg .c0 { fill: none; stroke: var(--main); } svg .c1 { fill: none; stroke: var(--second); }
svg .c2 { fill: none; stroke: var(--up); } svg .c3 { fill: none; stroke: var(--down); }
svg .c4 { fill: none; stroke: var(--mark); }
svg .faint { fill: none; stroke: var(--mute); }
svg .fill { fill: var(--main); } svg .quiet { fill: var(--mute); }
svg .buy { fill: var(--up); } svg .sell { fill: var(--down); }
svg .sign { stroke: var(--ground); stroke-width: 1; }
svg .poc { stroke: var(--second); stroke-width: 1.2; }
.small { display: grid; gap: .2rem 1rem;
  grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); }
.small svg { min-width: 0; } .small figure { margin: .3rem 0; }
.key { display: inline-block; margin-right: 1rem; }
.k-main, .k-c0 { color: var(--main); } .k-second, .k-c1 { color: var(--second); }
.k-buy, .k-c2 { color: var(--up); } .k-sell, .k-c3 { color: var(--down); }
.k-c4 { color: var(--mark); }
@media (max-width: 34rem) { body { padding: .7rem; } dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .4rem; } td.long { min-width: 14rem; } }
@media print { :root { color-scheme: light; --ground: #fff; --text: #000; --mute: #555;
    --line: #bbb; --up: #1a7f5a; --down: #c2412d; --main: #2b62b5; --second: #b26a00;
    --area: #2b62b544; --mark: #8a3ffc; --bad: #c62828; font-size: 10pt; }
  body { max-width: none; padding: 0; } nav { display: none; } .scroll { overflow: visible; }
  svg { min-width: 0; } figure, tr { break-inside: avoid; } h2, h3 { break-after: avoid; }
  th, td { white-space: normal; } td.n { white-space: nowrap; } td.long { min-width: 0; } }
"""
