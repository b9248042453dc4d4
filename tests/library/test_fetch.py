"""Where data comes from: a folder with a name, the cache, or a download that is checked."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dlcore.data import DataError, available, cifar10, commands, fetch, load, mnist, sources
from tests.library.small import FILES, lay

ARCHIVE = "cifar-10-python.tar.gz"


@pytest.fixture
def folder(tmp_path):
    """A folder with all layouts."""
    return lay(tmp_path)


@pytest.fixture
def cached(tmp_path, monkeypatch):
    """A cache of our own, and no DLCORE_DATA."""
    monkeypatch.delenv("DLCORE_DATA", raising=False)
    for module in (sources, fetch):
        monkeypatch.setattr(module, "cache", lambda: tmp_path / "cache")
    return tmp_path / "cache"


def test_absent_data_names_three_ways(cached):
    """The command, the option and the variable."""
    with pytest.raises(DataError, match="load: mnist is not on this computer") as refusal:
        load("mnist")
    for way in ("`dlcore data fetch mnist`", "--path", "DLCORE_DATA"):
        assert way in str(refusal.value)


def test_a_path_goes_before_the_variable_and_the_cache(cached, folder, monkeypatch):
    """--path, then DLCORE_DATA, then the cache; a path that holds nothing is not passed over."""
    (folder / "mnist").rename(cached)
    assert sources.find("mnist") == cached
    monkeypatch.setenv("DLCORE_DATA", str(folder))
    assert sources.find("cifar10") == folder / cifar10.LAYOUTS[0]
    assert sources.find("cifar10", path=folder / ARCHIVE) == folder / ARCHIVE
    assert sources.find("mnist") == cached
    with pytest.raises(DataError, match=f"load: {folder} holds no mnist"):
        sources.find("mnist", path=str(folder))


def test_an_unknown_name_is_refused():
    """The message lists those that are known."""
    with pytest.raises(ValueError, match="load: name is 'imagenet', choose one of digits, cifar10"):
        load("imagenet")


def test_what_is_there_is_told(cached, folder, capsys):
    """`dlcore data` counts the images that can be read, and says why others cannot."""
    (folder / "mnist/t10k-labels-idx1-ubyte.gz").unlink()
    told = {stock.name: stock for stock in available(path=folder)}
    assert told["digits"].counts == (1260, 179, 358)
    assert (told["cifar10"].where, told["cifar10"].counts[0]) == (
        str(folder / cifar10.LAYOUTS[0]),
        58,
    )
    assert "there is no such file" in told["mnist"].advice
    commands.show()
    assert "to download it, 170 MB:  dlcore data fetch cifar10" in capsys.readouterr().out


class Publisher(BaseHTTPRequestHandler):
    """A server with one file, that may stop half-way."""

    content, sent = b"", None

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        self.wfile.write(self.content[: self.sent])

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def publisher(cached, monkeypatch):
    """A server on this machine, whose file is registered in the place of CIFAR-10."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    handler = type("OnePublisher", (Publisher,), {"content": FILES[ARCHIVE]})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url, checksum = f"http://127.0.0.1:{server.server_port}/", hashlib.sha256(FILES[ARCHIVE])
        published = fetch.Published(url, ".", {ARCHIVE: checksum.hexdigest()})
        monkeypatch.setitem(fetch.PUBLISHED, "cifar10", published)
        yield handler
        server.shutdown()
        thread.join()


def test_a_true_download_is_kept(publisher, cached, capsys):
    """The file is in the cache, and found there."""
    commands.fetch("cifar10")
    assert capsys.readouterr().out.strip() == str(cached / ARCHIVE)
    assert load("cifar10").train.N == 58


def test_an_altered_download_leaves_no_trace(publisher, cached):
    """One byte more, another checksum: refused, and nothing is left behind."""
    publisher.content = FILES[ARCHIVE] + b"!"
    with pytest.raises(DataError, match=r"tar\.gz: byte 0: the download failed \(SHA256 hash"):
        commands.fetch("cifar10")
    assert list(cached.iterdir()) == []


def test_an_interrupted_download_loses_nothing(publisher, cached):
    """The server stops half-way: what lay in the cache before lies there still."""
    cached.mkdir()
    (cached / ARCHIVE).write_bytes(b"an older file")
    publisher.sent = len(FILES[ARCHIVE]) // 2
    with pytest.raises(DataError, match="the download failed"):
        commands.fetch("cifar10")
    assert [file.name for file in cached.iterdir()] == [ARCHIVE]
    assert (cached / ARCHIVE).read_bytes() == b"an older file"


def test_only_published_data_can_be_fetched():
    """The digits are bundled already."""
    with pytest.raises(ValueError, match="fetch: name is 'digits', choose one of cifar10, mnist"):
        commands.fetch("digits")


def test_every_download_can_be_read():
    """What is fetched into the cache has the names that the readers look for."""
    assert set(fetch.PUBLISHED["cifar10"].files) <= set(cifar10.LAYOUTS)
    assert fetch.PUBLISHED["mnist"].folder in mnist.LAYOUTS
    assert {f"mnist/{file}".removesuffix(".gz") for file in fetch.PUBLISHED["mnist"].files} == {
        name.removesuffix(".gz") for name in FILES if name.startswith("mnist/")
    }
