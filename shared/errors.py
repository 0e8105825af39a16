"""The errors both programs share.

HeliographError
├── InvalidBaselineError  what was learned of a site's panels cannot be read back
├── InvalidReadingError   a message is not a reading; its text is the reason an operator sees
├── InvalidSegmentError   a segment or a body of segments cannot be decoded
├── InvalidModelError     a model file is not what it says, or nobody we trust vouches for it
├── InvalidBundleError    a bundle is damaged, or not signed by who it says
└── InvalidTokenError     a gateway's signed token is not acceptable
    └── ClockError        it would be, were the gateway's clock right
"""


class HeliographError(Exception):
    """Anything Heliograph raises on purpose."""


class InvalidBaselineError(HeliographError):
    """What was learned of a site's panels is damaged, or of another version."""


class InvalidReadingError(HeliographError):
    """A message is not a reading; the text names the field, the value and what is allowed."""


class InvalidSegmentError(HeliographError):
    """A segment, or a body of segments, cannot be decoded."""


class InvalidBundleError(HeliographError):
    """A bundle is cut short, damaged, or not signed by the gateway it names."""


class InvalidModelError(HeliographError):
    """A model file is damaged, not what it says, or not vouched for by who is to vouch for it."""


class InvalidTokenError(HeliographError):
    """A gateway's signed token is malformed, forged, or not for this body."""


class ClockError(InvalidTokenError):
    """A gateway's token is genuine, but its times lie outside what the collector's clock allows."""
