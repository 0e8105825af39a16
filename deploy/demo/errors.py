"""What can go wrong in the demo.

DemoError             the text says what, and what to do about it
└── ChildFailedError  a program does not start, or ends again and again
"""


class DemoError(Exception):
    """The demo cannot go on; the text says why, and what to do about it."""


class ChildFailedError(DemoError):
    """A program does not start, or ends again and again; the text has the end of its log."""
