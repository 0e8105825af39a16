"""JSON documents of one kind: each element of an array stands alone, and a failure is a reason."""

from typing import Final, Generic, TypeVar

import msgspec

from shared.errors import InvalidReadingError
from shared.malformed import invalid, not_json

MAX_SORTED: Final = 400_000
"""Elements of an array that are sorted into good and bad; 32 MiB hold fewer readings than that."""
MAX_EXPLAINED: Final = 1_000
"""Bad elements of an array that get a reason of their own; the wording takes the time."""
_MAX_COMMAS: Final = 8 * MAX_SORTED  # a reading with all its fields has 7, and 1 behind it
_QUOTED: Final = 80
_BAD: Final = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)

_Kind = TypeVar("_Kind", bound=msgspec.Struct)
_UNEXPLAINED: Final = InvalidReadingError(
    f"not valid either: over {MAX_EXPLAINED} elements of this array are bad"
)
_decode_raw: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Documents(Generic[_Kind]):
    """Decodes documents of one struct."""

    def __init__(self, kind: type[_Kind]) -> None:
        self._fields = kind.__struct_fields__
        self._one = msgspec.json.Decoder(kind).decode
        self._many = msgspec.json.Decoder(list[kind]).decode  # type: ignore[valid-type]

    def parse(self, document: bytes | msgspec.Raw) -> _Kind:
        """Decode one JSON object.

        Raises:
            InvalidReadingError: It is not one of this kind; the text says why.
        """
        try:
            return self._one(document)
        except _BAD as error:
            raise InvalidReadingError(self._reason(error, document=bytes(document))) from error

    def parse_payload(self, payload: bytes) -> list[_Kind | InvalidReadingError]:
        """Decode a payload: one object, or an array of which each element stands alone."""
        try:
            if payload[:1] != b"[" and payload.lstrip()[:1] != b"[":
                return [self._one(payload)]
            return list(self._many(payload)) or [InvalidReadingError("an empty array")]
        except _BAD as error:
            return self._one_by_one(payload, error=error)

    def _one_by_one(self, payload: bytes, *, error: Exception) -> list[_Kind | InvalidReadingError]:
        """Sort the elements of an array that is not good as a whole; all else is one failure."""
        if payload.count(b",") > _MAX_COMMAS:
            return [self._too_long(error, payload=payload)]
        try:
            elements = _decode_raw(payload)
        except _BAD:
            return [InvalidReadingError(self._reason(error, document=payload))]
        if len(elements) > MAX_SORTED:
            return [self._too_long(error, payload=payload)]
        results: list[_Kind | InvalidReadingError] = []
        bad = 0
        for element in elements:
            try:
                results.append(self._one(element))
            except _BAD as reason:
                bad += 1
                results.append(
                    InvalidReadingError(self._reason(reason, document=bytes(element)))
                    if bad <= MAX_EXPLAINED
                    else _UNEXPLAINED
                )
        return results

    def _too_long(self, error: Exception, *, payload: bytes) -> InvalidReadingError:
        return InvalidReadingError(
            f"{self._reason(error, document=payload)}, in an array too long to sort out: allowed "
            f"are {MAX_SORTED} elements and {_MAX_COMMAS} commas where one is bad; send fewer at "
            "once"
        )

    def _reason(self, error: Exception, *, document: bytes) -> str:
        if isinstance(error, RecursionError):
            return "JSON is nested too deeply"
        if isinstance(error, msgspec.ValidationError):
            return _shortened(invalid(str(error), document=document, fields=self._fields))
        return not_json(error, document=document)


def _shortened(reason: str) -> str:
    """Leave out the middle of what repeats a message's own, arbitrarily long, words."""
    return reason if len(reason) <= 4 * _QUOTED else f"{reason[:_QUOTED]} … {reason[-_QUOTED:]}"
