"""The file or folder that holds all of one ISP: named entries, and a manifest with the checksum of each.

manifest.json            what is inside, written last
public.json              the ISP's rows in the platform's tables
schema.sql               its schema, as pg_dump writes it
tables/<table>.csv       the same rows, readable
files/<32 hex digits>    its files
"""

import hashlib
import json
import os
import re
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

FORMAT, VERSION = "lastmile-isp", 1
MANIFEST = "manifest.json"
NAME = re.compile(r"manifest\.json|public\.json|schema\.sql|tables/[a-z0-9_]{1,63}\.csv|files/[0-9a-f]{32}")
CHUNK = 1024 * 1024  # bytes that are in memory at a time
LARGEST_MANIFEST = 256 * 1024 * 1024  # bytes
BOMB_SIZE, BOMB_RATIO = 10 * 1024 * 1024, 300  # an entry larger than this, packed more tightly than this


class BadArchive(Exception):
    """The file is damaged, or not one of ours. The text says in what way."""


class Sink(Protocol):
    """Where entries go: a zip file or a folder."""

    def create(self, name: str) -> IO[bytes]: ...
    def close(self) -> None: ...


class _ZipSink:
    def __init__(self, path: Path) -> None:
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED)

    def create(self, name: str) -> IO[bytes]:
        info = zipfile.ZipInfo(name)
        # Pictures and PDF documents are packed already.
        info.compress_type = zipfile.ZIP_STORED if name.startswith("files/") else zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        return self._zip.open(info, "w", force_zip64=True)

    def close(self) -> None:
        self._zip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()


class _FolderSink:
    def __init__(self, path: Path) -> None:
        self._path = path
        path.mkdir(mode=0o700)

    def create(self, name: str) -> IO[bytes]:
        target = self._path / name
        target.parent.mkdir(mode=0o700, exist_ok=True)
        return os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")

    def close(self) -> None:
        """Nothing is held open."""


class Entry:
    """One entry that is being written."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self.size = 0
        self.hash = hashlib.sha256()

    def write(self, data: Any) -> None:
        self._out.write(data)
        self.size += len(data)
        self.hash.update(data)


class Writer:
    """Adds entries and notes size and checksum of each."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.entries: list[dict[str, Any]] = []

    @contextmanager
    def entry(self, name: str) -> Iterator[Entry]:
        with self._sink.create(name) as out:
            entry = Entry(out)
            yield entry
        self.entries.append({"name": name, "size": entry.size, "sha256": entry.hash.hexdigest()})

    def add_json(self, name: str, data: Any) -> None:
        with self.entry(name) as entry:
            entry.write(json.dumps(data, indent=1, ensure_ascii=False, default=str).encode())


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """A new archive at `path`: a zip file if it ends in `.zip`, else a folder. It appears there when it is whole.

    Raises FileExistsError.
    """
    if path.exists():
        raise FileExistsError(path)
    part = path.with_name(f"{path.name}.part")
    _remove(part)
    sink: Sink = _ZipSink(part) if path.suffix == ".zip" else _FolderSink(part)
    try:
        try:
            yield Writer(sink)
        finally:
            sink.close()
        part.rename(path)
    except BaseException:
        _remove(part)
        raise


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


class Reader:
    """An archive that was checked: its entries are those of the manifest, unchanged. See `opened`."""

    def __init__(self, source: "_Zip | _Folder", manifest: dict[str, Any]) -> None:
        self._source = source
        self.manifest = manifest
        self.names: list[str] = [entry["name"] for entry in manifest["entries"]]

    def open(self, name: str) -> IO[bytes]:
        return self._source.open(name)

    def json(self, name: str) -> Any:
        with self.open(name) as file:
            return _parsed(file.read(LARGEST_MANIFEST), name)

    @property
    def total(self) -> int:
        """Bytes of all entries."""
        return sum(entry["size"] for entry in self.manifest["entries"])


class _Zip:
    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path)
        self.sizes: dict[str, int] = {}
        for info in self._zip.infolist():
            if info.filename in self.sizes:
                raise BadArchive(f"The archive has the entry {info.filename!r} twice.")
            if info.file_size > BOMB_SIZE and info.file_size > BOMB_RATIO * max(info.compress_size, 1):
                raise BadArchive(f"The entry {info.filename!r} would grow beyond all measure when unpacked.")
            self.sizes[info.filename] = info.file_size

    def open(self, name: str) -> IO[bytes]:
        return self._zip.open(name)

    def close(self) -> None:
        self._zip.close()


class _Folder:
    def __init__(self, path: Path) -> None:
        self._path = path
        self.sizes: dict[str, int] = {}
        for found in sorted(path.rglob("*")):
            name = found.relative_to(path).as_posix()
            if found.is_symlink():
                raise BadArchive(f"The archive has a link at {name!r}.")
            if found.is_file():
                self.sizes[name] = found.stat().st_size

    def open(self, name: str) -> IO[bytes]:
        return os.fdopen(os.open(self._path / name, os.O_RDONLY | os.O_NOFOLLOW), "rb")

    def close(self) -> None:
        """Nothing is held open."""


@contextmanager
def opened(path: Path) -> Iterator[Reader]:
    """The archive at `path`, all of it checked before anything is handed out. Raises BadArchive."""
    if not path.exists():
        raise BadArchive(f"There is no file {path}.")
    try:
        source = _Folder(path) if path.is_dir() else _Zip(path)
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError) as error:
        raise BadArchive(f"{path} is no whole zip file: {error}") from error
    try:
        yield _checked(source)
    finally:
        source.close()


def _checked(source: _Zip | _Folder) -> Reader:
    for name in source.sizes:
        if not NAME.fullmatch(name):
            raise BadArchive(f"The archive has an entry that no export has: {name[:100]!r}.")
    if MANIFEST not in source.sizes:
        raise BadArchive("The archive has no manifest, so it is not whole or not one of ours.")
    if source.sizes[MANIFEST] > LARGEST_MANIFEST:
        raise BadArchive("The manifest is too large.")
    reader = Reader(source, _manifest(source))
    said = {entry["name"]: entry for entry in reader.manifest["entries"]}
    there = source.sizes.keys() - {MANIFEST}
    if len(said) != len(reader.names) or said.keys() != there:
        odd = ", ".join(sorted(said.keys() ^ there)[:3]) or "an entry is named twice"
        raise BadArchive(f"Manifest and entries differ: {odd}.")
    for name, entry in said.items():
        if source.sizes[name] != entry["size"] or _digest(source, name) != entry["sha256"]:
            raise BadArchive(f"The entry {name!r} is damaged: it is not what the manifest says.")
    return reader


def _manifest(source: _Zip | _Folder) -> dict[str, Any]:
    try:
        with source.open(MANIFEST) as file:
            manifest = _parsed(file.read(LARGEST_MANIFEST), MANIFEST)
        if manifest["format"] != FORMAT or manifest["version"] != VERSION:
            raise BadArchive("The archive is of another kind or version.")
        for entry in manifest["entries"]:
            kinds = (type(entry["name"]), type(entry["size"]), type(entry["sha256"]))
            if kinds != (str, int, str):
                raise BadArchive("The manifest is not one of ours.")
    except (KeyError, TypeError, zipfile.BadZipFile, zlib.error, OSError, EOFError) as error:
        raise BadArchive("The manifest is not one of ours.") from error
    return dict(manifest)


def _parsed(data: bytes, name: str) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadArchive(f"The entry {name!r} cannot be read.") from error


def _digest(source: _Zip | _Folder, name: str) -> str:
    digest = hashlib.sha256()
    try:
        with source.open(name) as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
    except Exception as error:
        # Whatever the unpacking trips over (wrong sums, early ends, unknown methods), the entry is not whole.
        raise BadArchive(f"The entry {name!r} is damaged: {error}") from error
    return digest.hexdigest()
