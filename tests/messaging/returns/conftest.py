"""The server that mails come back to, in a thread of the test's own, and a mail server that brings them back."""

import asyncio
import threading

import pytest

from lab.returns import ReturningServer
from messaging.returns.encryption import Certificate
from messaging.returns.server import Limits, Server
from tests.factories.staff import make_member


class Running:
    """A server of ours with an event loop of its own."""

    def __init__(self, limits: Limits, certificate: Certificate | None = None) -> None:
        self.server = Server(host="127.0.0.1", port=0, limits=limits, certificate=certificate)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.run(self.server.start())
        self.port = self.server.port

    def run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    def stop(self) -> None:
        self.run(self.server.stop())
        self.run(_settled())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


async def _settled() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.wait_for(asyncio.gather(*others, return_exceptions=True), 5)


@pytest.fixture
def serve(settings):
    """`serve(**limits)` starts one, with a certificate if there is one; it ends with the test."""
    settings.BOUNCE_DOMAIN = "bounces.lastmile.example"
    running = []

    def start(certificate: Certificate | None = None, **limits) -> Running:
        running.append(Running(Limits(**limits), certificate))
        return running[-1]

    yield start
    for each in running:
        each.stop()


@pytest.fixture
def elsewhere():
    """A mail server somewhere."""
    server = ReturningServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def somebody(isp):
    return make_member(isp, name="Otto", email="otto@lastmile.example")
