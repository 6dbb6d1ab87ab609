"""The vocabulary that every other package speaks: records, prices, instruments, sessions, errors.

It knows no files, no wire and no books; nothing here imports another package of this project.
"""
