"""Questions over HTTP on one connection, by the standard library's client.

httpx, which the other benchmarks use, takes 0.4 ms for a request by itself: as long as the server.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from http import HTTPStatus
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit


class Asking:
    """One who asks a server again and again."""

    def __init__(self, connection: HTTPConnection, *, token: str) -> None:
        self._connection = connection
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str, **parameters: str) -> bytes:
        """Return the body of an answer, which has to be a good one."""
        address = f"{path}?{urlencode(parameters)}"
        self._connection.request("GET", address, headers=self._headers)
        answer = self._connection.getresponse()
        body = answer.read()
        assert answer.status == HTTPStatus.OK, (path, answer.status, body)
        return body


@contextmanager
def asking(url: str, *, token: str = "") -> Iterator[Asking]:
    """Yield one who asks the server at a URL."""
    with closing(HTTPConnection(urlsplit(url).netloc, timeout=60)) as connection:
        yield Asking(connection, token=token)
