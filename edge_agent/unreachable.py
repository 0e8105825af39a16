"""Why a broker cannot be reached, in the words of who has to do something about it."""

import os
import socket
import ssl
from typing import Final

_NO_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"})
_EXPIRED: Final = 10
_NOT_YET: Final = 9
_OTHER_NAME: Final = frozenset({62, 64})  # OpenSSL's numbers: of a host, of an address
_UNKNOWN_SIGNER: Final = frozenset({2, 18, 19, 20, 21})
_WANTS_CERTIFICATE: Final = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
_OF_OUR_CERTIFICATE: Final = ("CERTIFICATE", "UNKNOWN_CA")
_OURS: Final = "mqtt.client_certificate_file and mqtt.client_key_file"


def why(error: Exception, *, host: str, tls: bool) -> str:
    """Return in words why there is no connection.

    Args:
        error: What connecting failed with, or what cut the line before the broker answered.
        host: The broker's name or address, as configured.
        tls: Whether the connection was to be encrypted.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return _of_their_certificate(error, host=host)
    if isinstance(error, ssl.SSLError) and "ALERT" in (error.reason or ""):
        return _alert(error.reason)
    cut = isinstance(error, ConnectionResetError)
    if tls and (cut or (isinstance(error, ssl.SSLError) and error.reason in _NO_TLS)):
        return "the broker does not answer with TLS: is this port one for mqtt://, without it?"
    if cut:
        return "the connection was cut as it was made"
    if isinstance(error, OSError) and not isinstance(error, (ssl.SSLError, socket.gaierror)):
        return os.strerror(error.errno) if error.errno else str(error)
    return (error.strerror if isinstance(error, socket.gaierror) else None) or str(error)


def cut_off(error: Exception | None, *, host: str, tls: bool) -> str:
    """Return in words why the line was cut before the broker let us in.

    Args:
        error: What cut it; None if the broker just closed it.
        host: The broker's name or address, as configured.
        tls: Whether the connection is encrypted.
    """
    if isinstance(error, ssl.SSLError):
        return why(error, host=host, tls=tls)
    also = f" Does it accept {_OURS}, or want such?" * tls
    return f"the broker hangs up without an answer: does it speak MQTT 5 at this port?{also}"


def _of_their_certificate(error: ssl.SSLCertVerificationError, *, host: str) -> str:
    if error.verify_code == _EXPIRED:
        return "the broker's certificate has expired, or our clock is wrong"
    if error.verify_code == _NOT_YET:
        return "the broker's certificate is not valid yet, or our clock is wrong"
    if error.verify_code in _OTHER_NAME:
        return f"the broker's certificate is not for {host!r}: mqtt.url is to have a name it is for"
    if error.verify_code in _UNKNOWN_SIGNER:
        return (
            f"nobody we trust signed the broker's certificate ({error.verify_message}): "
            "mqtt.ca_file is to be the certificate of who did"
        )
    return f"the broker's certificate is not good: {error.verify_message}"


def _alert(reason: str) -> str:
    if reason == _WANTS_CERTIFICATE:
        return f"the broker wants a certificate of ours: set {_OURS}"
    said = reason.lower().replace("_", " ").partition("alert ")[2]
    if any(word in reason for word in _OF_OUR_CERTIFICATE):
        return f"the broker does not accept our certificate ({said}): look at {_OURS}"
    return f"the broker ends the encrypted connection: {said}"
