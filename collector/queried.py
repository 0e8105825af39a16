"""The parameters that a route takes from the address.

One that it does not know is refused: to leave it out would answer another question than was meant,
as with `start=` in place of `start_time=`.
"""

from collections import Counter
from functools import cache
from types import NoneType
from typing import Annotated, Any, Final, Union

import msgspec
from litestar import Request
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler
from litestar.params import QueryParameter
from litestar.typing import FieldDefinition

from collector.refusals import bad_request
from collector.wording import in_words

_BOUNDS: Final = ("ge", "le", "min_length", "max_length")


@cache
def parameters_of(handler: BaseRouteHandler) -> dict[str, str]:
    """Return what the parameters of a route may be, in words, by their names in the address."""
    asking: list[BaseRouteHandler | Provide] = [handler, *handler.resolve_dependencies().values()]
    fields = [field for one in asking for field in one.parsed_fn_signature.parameters.values()]
    return {
        one.name or field.name: in_words(_type(field, one))
        for field in fields
        if isinstance(one := field.kwarg_definition, QueryParameter)
    }


async def refuse_unknown(request: Request[Any, Any, Any]) -> None:
    """Let a request of the API pass if its route knows all parameters, and each comes once.

    Raises:
        ProblemError: One is not known, or comes more often.
    """
    if not request.scope["query_string"] or not request.scope["path"].startswith("/api/"):
        return
    known = parameters_of(request.route_handler)
    for name, count in Counter(name for name, _ in request.query_params.multi_items()).items():
        if name not in known:
            allowed = f"allowed are {', '.join(known)}" if known else "none is allowed here"
            raise bad_request(f"{name!r} is no parameter of this address; {allowed}")
        if count > 1:
            raise bad_request(f"{name} comes {count} times, allowed is once")


def _type(field: FieldDefinition, parameter: QueryParameter) -> Any:  # noqa: ANN401 - a type
    """Return the type of a parameter that is given, with its bounds."""
    kind = field.annotation
    if field.is_optional:
        kind = Union[tuple(one for one in field.args if one is not NoneType)]  # noqa: UP007 - made here
    bounds = {name: bound for name in _BOUNDS if (bound := getattr(parameter, name)) is not None}
    return Annotated[kind, msgspec.Meta(**bounds)]
