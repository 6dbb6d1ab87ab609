"""What the hot paths cost, beside their rivals in the same run. See docs/benchmarks.md.

::

    lines.py    the lines of the table with their goals
    table.py    the table
    inputs.py   seeded input, made once and kept
    rivals.py   the same work by others: SortedDict, C, asyncio
    native.py   compiles c/ where there is a compiler
    server.py   our server in its own process, and clients that load it
    bench_*.py  the measurements, by section of the table
"""
