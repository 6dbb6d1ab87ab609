"""Recordings: the journal and foreign file formats. All of them yield entries (frames and controls).

It knows no sockets.
"""
