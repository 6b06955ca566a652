"""Capture deliveries as they come: a receiver on this machine that keeps each one before it says 2xx."""

from __future__ import annotations

import ipaddress
import os
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvicorn

from workbench.errors import DeliveryError
from workbench.events.providers import PROVIDERS, Provider
from workbench.flows.receiver import Received, Receiver, receiver_application
from workbench.store.deliveries import open_store

__all__ = ["Capture", "capture_deliveries", "environment_secrets"]

FORWARD_SECONDS = 30
STOP_SECONDS = 10
LIMIT_BYTES = 5 * 1024 * 1024  # above what any provider of the catalogue sends


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """A receiver at work."""

    url: str  # where it listens
    counts: Counter[str]  # deliveries by verdict, as they come
    stop: Callable[[], None]
    wait: Callable[[], object]  # until it is stopped


@contextmanager
def capture_deliveries(
    store: Path,
    *,
    provider: str | None = None,
    providers: Mapping[str, Provider] = PROVIDERS,
    secrets: Mapping[str, Sequence[str]] | None = None,
    host: str = "127.0.0.1",
    port: int = 8400,
    public_url: str | None = None,
    forward: str | None = None,
    limit_bytes: int = LIMIT_BYTES,
    watch: Callable[[Received], None] | None = None,
) -> Iterator[Capture]:
    """Receive deliveries while the block runs; each is in the store before it is acknowledged.

    Args:
        store: the file to keep them in.
        provider: who sends; by default each delivery tells by its headers or its shape.
        providers: those that may be named or recognised.
        secrets: the signing secrets by provider; by default those of the environment. A provider without any is
            accepted as unsigned.
        host: a loopback address; a tunnel brings the provider's deliveries to it.
        port: 0 for any that is free.
        public_url: the address the provider was given, where it signs that.
        forward: a URL that gets every accepted delivery byte for byte, after it was stored and answered.
        limit_bytes: longer bodies are answered 413 and not kept.
        watch: called after each delivery, from the server's thread.

    Raises:
        DeliveryError: the provider is unknown, the host is not loopback, or the port is taken.
        StoreError: the store cannot be opened.
    """
    if provider is not None and provider not in providers:
        message = f"no provider is named {provider!r}; known are {', '.join(sorted(providers))}"
        raise DeliveryError(message)
    counts: Counter[str] = Counter()

    def count(received: Received) -> None:
        counts[received.judged.verdict] += 1
        if watch:
            watch(received)

    with _listen(host, port) as listening, open_store(store) as opened, httpx.Client(timeout=FORWARD_SECONDS) as client:
        receiver = Receiver(
            store=opened,
            providers={provider: providers[provider]} if provider else providers,
            secrets=environment_secrets(os.environ, providers) if secrets is None else secrets,
            limit_bytes=limit_bytes,
            public_url=public_url,
            client=client,
            forward=forward,
            watch=count,
        )
        with _serving(receiver, listening) as (stop, wait):
            name = f"[{host}]" if ":" in host else host
            yield Capture(url=f"http://{name}:{listening.getsockname()[1]}", counts=counts, stop=stop, wait=wait)


@contextmanager
def _serving(receiver: Receiver, listening: socket.socket) -> Iterator[tuple[Callable[[], None], Callable[[], object]]]:
    """Serve in a thread of its own while the block runs; give how to stop it, and how to wait until it is stopped."""
    application = receiver_application(receiver)
    # The logging of a notebook is not ours to configure.
    server = uvicorn.Server(uvicorn.Config(application, log_config=None, access_log=False, lifespan="off"))
    ended = threading.Event()  # a thread whose join was interrupted by Ctrl-C counts as ended while it still runs

    def serve() -> None:
        try:
            server.run(sockets=[listening])
        finally:
            ended.set()

    def stop() -> None:
        server.should_exit = True
        ended.wait(STOP_SECONDS)

    threading.Thread(target=serve, name="receiver", daemon=True).start()
    try:
        yield stop, ended.wait
    finally:
        stop()  # requests under way are finished first


def environment_secrets(
    environment: Mapping[str, str], providers: Mapping[str, Provider] = PROVIDERS
) -> dict[str, list[str]]:
    """Return the signing secrets that an environment holds, by provider; several are separated by blanks.

    >>> environment_secrets({"STRIPE_WEBHOOK_SECRET": "whsec_new whsec_old", "HOME": "/root"})
    {'stripe': ['whsec_new', 'whsec_old']}
    """
    named = {name: f"{name.upper().replace('-', '_')}_WEBHOOK_SECRET" for name in providers}
    return {name: environment[key].split() for name, key in named.items() if environment.get(key, "").strip()}


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket that is bound before anything else starts, so that a busy port is one clear error."""
    try:
        loopback = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        message = f"the receiver listens on this machine only, so {host} will not do; put a tunnel before 127.0.0.1"
        raise DeliveryError(message)
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)  # from here on senders wait instead of being turned away
    except OSError as error:
        listening.close()
        message = f"cannot listen on {host}:{port}: {error.strerror}; give another port, or 0 for any that is free"
        raise DeliveryError(message) from error
    return listening
