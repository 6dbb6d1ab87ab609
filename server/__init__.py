"""The process with sockets.

::

    settings.py   one YAML file, environment, checks; logs.py the JSON lines
    app.py        routes and lifecycle: what uvicorn runs
    run.py        uvicorn with our settings; start and stop of the process
    access.py     who may connect: Origin, Host, bind address
    protocol.py   uvicorn's WebSocket class without its detours
    connection.py one WebSocket: inbox and outbox.py
    dialogue.py   what a peer says; published.py, subscription.py: what it sends, what it hears
    clock.py      what time it is; runtime.py what has to happen in time
    pipeline.py   the one task that turns what arrived into journal, book and answers
    hub.py        every instrument and source, who publishes, who listens
    channel.py    one instrument and source: session judge, journal, stream
    http.py       the batch posts; api.py the present state; health.py what is wrong
    measure.py    counts and durations; observe.py copies them, metrics.py is /metrics
    static/       the status page

It knows no formulas: ``recording.stream.Stream`` holds book and analytics, ``wire`` the protocol.
"""
