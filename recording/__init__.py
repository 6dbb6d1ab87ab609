"""Recordings: the journal and foreign file formats. All of them yield entries: frames, controls.

It knows no sockets.
"""
