"""The certificate with which the server that mails come back to offers STARTTLS."""

import logging
import ssl
from pathlib import Path

logger = logging.getLogger(__name__)


class Certificate:
    """A certificate with its chain, and its key, as PEM files. Raises OSError (ssl.SSLError among them).

    Whoever renews it writes over the files: the next connection gets what stands there then. While they do not fit, as
    between the two writes, the one from before serves on.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self.certificate, self.key = certificate, key
        self._seen = self._marks()
        self._context = self._loaded()

    @property
    def context(self) -> ssl.SSLContext:
        """For a connection that begins now."""
        try:
            marks = self._marks()
            if marks != self._seen:
                self._context, self._seen = self._loaded(), marks
        except OSError as error:
            logger.warning("The new certificate cannot be used: %s", type(error).__name__)
        return self._context

    def _marks(self) -> list[tuple[int, int]]:
        return [(each.st_mtime_ns, each.st_size) for each in (self.certificate.stat(), self.key.stat())]

    def _loaded(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        # With an empty password nobody is asked for one at a terminal.
        context.load_cert_chain(self.certificate, self.key, password="")
        return context
