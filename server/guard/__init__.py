"""What stands between the sockets and the application: nobody's bytes hold up anybody else.

Given to uvicorn through its ``http=`` and ``ws=`` class parameters. Pure: ``frames``, ``heads`` and
``bodies`` (bytes in, events out) and ``table`` (who may stay connected). ``requests`` drives them
for HTTP, ``server.protocol`` for WebSockets.
"""
