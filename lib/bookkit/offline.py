"""Refuse every connection that leaves this machine: the book needs no network.

Tests call `refuse()`. A kernel of the pipeline runs this file at its start
(`PYTHONSTARTUP`), so that a chapter which fetches something fails by name.
"""

import ipaddress
import sys
from typing import Any


def is_loopback(host: object) -> bool:
    """Tell whether a host, by name or address, is this machine itself."""
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(host).partition("%")[0]).is_loopback
    except ValueError:
        return False


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None  # else a Unix socket
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    else:
        return
    if not is_loopback(host):
        raise ConnectionError(
            f"this run may not use the network, and something asked for {host!r}: "
            "take the data from what the book embeds, or run the notebook by hand"
        )


def refuse() -> None:
    """From now on let this process connect to loopback addresses only."""
    sys.addaudithook(_watch)


if __name__ == "__main__":
    refuse()
