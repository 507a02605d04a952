"""The download from mirrors that are slow, broken, mendacious or out of reach, and never wrong."""

import contextlib
import gzip
import os
import re
import socket
import ssl
import subprocess
import sys

import pytest

import data
import mirror
import support
from mirror import LARGEST, PACKED, Mirror, serves_the_files
from support import console


@pytest.fixture
def mirrors(monkeypatch):
    """Start a mirror for each behaviour and let the course know these alone, without a proxy."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with contextlib.ExitStack() as stack:

        def start(*behaviours):
            started = [stack.enter_context(Mirror(behave)) for behave in behaviours]
            mirror.use([each.url for each in started], monkeypatch.setattr)
            return started

        yield start


def fetch(folder):
    return data.main(["--data_dir", str(folder)])


def files_in(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def answers(status):
    return lambda request: request.reply(b"sorry", status)


def answers_503_twice(request):
    (answers(503) if request.number <= 2 else serves_the_files)(request)


def packs_what_may_be_packed(request):
    packs = "gzip" in request.headers.get("Accept-Encoding", "")
    request.reply(gzip.compress(request.body) if packs else request.body)


def answers_416_to_a_range(request):
    (answers(416) if request.start else serves_the_files)(request)


def drops_every(count):
    return lambda r: r.reply_rest(r.rest, count)


def drops_once(then):
    """Break off after 1000 bytes, and answer further requests for the file as `then` does."""
    return lambda r: (drops_every(1000) if r.number == 1 else then)(r)


def resumes_with_zeros(request):
    request.reply_rest(bytes(len(request.rest)) if request.start else request.rest)


def sends_slowly(size, pause, at_once=0):
    def behave(request):
        request.reply_rest(request.rest, at_once)
        for start in range(at_once, len(request.rest), size)[:200]:
            request.wfile.write(request.rest[start : start + size])
            if request.wait(pause):
                return

    return behave


def sends_bytes_without_end(request):
    request.reply(length=False)
    request.wfile.write(b"\x1f\x8b" * 1_000_000)
    request.wait()  # whoever still listens now has taken too much


def stalls_in_the_middle(request):
    drops_every(1000)(request)
    request.wait()


def waits_and_drops(count):
    return lambda r: r.wait(0.3) or drops_every(count)(r)


ELSE, LATE = "not the file", "timed out"
MIRRORS = {  # what one does, and why the next is asked, if it is
    "serves the files": (serves_the_files, None),
    "drops twice": (drops_every(16_000), None),
    "drops and ignores ranges": (drops_once(lambda r: r.reply(r.body)), None),
    "resumes with zeros": (drops_once(resumes_with_zeros), None),
    "answers 416 to a range": (drops_once(answers_416_to_a_range), None),
    "sends no length": (lambda r: r.reply(r.body, length=False), None),
    "labels the file as encoded": (lambda r: r.reply(r.body, Content_Encoding="gzip"), None),
    "packs what may be packed": (packs_what_may_be_packed, None),
    "answers 503 twice": (answers_503_twice, None),
    "is slow but steady": (sends_slowly(10_001, 0.2), None),
    "answers 404": (answers(404), "404 Client Error"),
    "answers 500": (answers(500), "500 Server Error"),
    "answers 206 unasked": (answers(206), ELSE),
    "shows a log-in page": (lambda r: r.reply(b"<!DOCTYPE html>Log in"), "log in with a browser"),
    "sends nothing": (lambda r: r.reply(b""), ELSE),
    "sends another file": (lambda r: r.reply(PACKED["t10k-images-idx3-ubyte.gz"]), ELSE),
    "sends half as the whole": (lambda r: r.reply(r.body[:20_000]), ELSE),
    "sends a bomb": (lambda r: r.reply(gzip.compress(bytes(9_999_999))), ELSE),
    "sends bytes without end": (sends_bytes_without_end, ELSE),
    "drops every 1000 bytes": (drops_every(1000), "IncompleteRead"),
    "hangs up": (lambda r: None, "closed connection"),
    "never answers": (lambda r: r.wait(), LATE),
    "stalls in the middle": (stalls_in_the_middle, LATE),
    "sends a byte now and then": (sends_slowly(1, 0.02), "too slow"),
    "becomes as slow": (sends_slowly(1, 0.02, at_once=12_000), "too slow"),
    "redirects for ever": (lambda r: r.reply(status=302, Location=r.path), "30 redirects"),
}


def test_what_has_come_is_kept_while_the_mirror_is_busy(mirrors, tmp_path):
    def drops_and_is_busy(request):
        (drops_every(1000), answers(503), serves_the_files)[request.number - 1](request)

    (server,) = mirrors(drops_and_is_busy)
    assert fetch(tmp_path) == 0
    assert [start for _, start in server.requests[:3]] == [0, 1000, 1000]


@pytest.mark.parametrize(("behave", "reason"), MIRRORS.values(), ids=MIRRORS)
def test_the_right_file_comes_and_the_fault_is_said_if_a_mirror(
    behave, reason, mirrors, tmp_path, capsys, monkeypatch
):
    first, second = mirrors(behave, serves_the_files)
    monkeypatch.setattr(data, "SILENT_SECONDS", 0.2 if reason in (LATE, "too slow") else 3)
    mirror.put(tmp_path, LARGEST)
    assert fetch(tmp_path) == 0
    assert files_in(tmp_path) == PACKED
    output, error = capsys.readouterr()
    assert error == ""
    begun, *faults, end = output.splitlines()
    assert begun == f"Downloading {first.url}{LARGEST}"
    if reason is None:
        assert faults == []
        assert not second.requests
    else:
        assert reason in faults[0]
        assert faults[1:] == [f"Downloading {second.url}{LARGEST}"]
    assert end.startswith("MNIST is complete in ")


@pytest.mark.parametrize("count", [20_000, 1000])
def test_a_lost_connection_goes_on_from_where_it_was_in_three_attempts(count, mirrors, tmp_path):
    server, other = mirrors(drops_every(count), serves_the_files)
    assert fetch(tmp_path) == 0
    assert [start for _, start in server.requests][:3] == [0, count, 2 * count]
    # Where the three were not enough, it is not asked for the other files either.
    assert len(server.requests) == (6 if count == 20_000 else 3)
    assert len(other.requests) == (0 if count == 20_000 else 4)


def test_all_mirrors_together_take_below_two_minutes(mirrors, tmp_path, monkeypatch, capsys):
    # A last attempt may trickle for SILENT_SECONDS and then be silent for as long.
    last = data.PAUSE_SECONDS + data.CONNECT_SECONDS + 2 * data.SILENT_SECONDS
    assert data.PATIENCE_SECONDS + last < 120
    # Three silent mirrors are tried three times each before.
    assert 8 * data.SILENT_SECONDS + 6 * data.PAUSE_SECONDS < data.PATIENCE_SECONDS
    monkeypatch.setattr(data, "PATIENCE_SECONDS", 0.2)
    silent, other = mirrors(waits_and_drops(1000), serves_the_files)
    assert fetch(tmp_path) == 1
    assert (len(silent.requests), len(other.requests)) == (1, 0)
    assert "IncompleteRead" in capsys.readouterr().err
    # What has come in the meantime renews the patience.
    (steady,) = mirrors(waits_and_drops(20_000))
    assert fetch(tmp_path) == 0
    assert len(steady.requests) == 6


def test_when_every_mirror_fails_the_message_says_why_and_how_to_do_without(
    mirrors, tmp_path, capsys, chinese
):
    first, *_ = mirrors(answers(404), lambda r: r.reply(b"<html>"))
    mirror.put(tmp_path, LARGEST, "t10k-labels-idx1-ubyte.gz")
    assert fetch(tmp_path) == 1
    why, advice, *links = capsys.readouterr().err.splitlines()
    assert why.startswith("错误：MNIST 下载失败：404 Client Error")
    assert "；收到的不是这个文件（如果是校园网的登录页" in why
    assert console.shown(tmp_path) in advice
    assert links == [f"  {first.url}{LARGEST}", f"  {first.url}t10k-labels-idx1-ubyte.gz"]


@pytest.mark.parametrize(
    ("place", "error", "said"),
    [
        ((socket, "getaddrinfo"), socket.gaierror(-2, "unknown"), "找不到服务器地址"),
        ((ssl.SSLContext, "wrap_socket"), ssl.SSLCertVerificationError(1, "no"), "不受信任的证书"),
        ((socket, "socket"), ConnectionRefusedError(111, "refused"), "refused"),
    ],
)
def test_a_mirror_out_of_reach_is_tried_once_and_the_reason_said(
    place, error, said, mirrors, tmp_path, monkeypatch, capsys, chinese
):
    def fails(*_, **__):
        raise error

    (server,) = mirrors(serves_the_files)
    monkeypatch.setattr(data, "MIRRORS", (server.url.replace("http:", "https:"),))
    monkeypatch.setattr(data.time, "sleep", lambda pause: pause and pytest.fail("tried again"))
    monkeypatch.setattr(*place, fails)
    assert fetch(tmp_path) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("proxy", "said"),
    [("http://127.0.0.1:9", ""), ("socks5://127.0.0.1:9", "Missing .* -m pip install pysocks")],
)
def test_a_proxy_that_is_of_no_use_is_named(proxy, said, mirrors, tmp_path, monkeypatch, capsys):
    mirrors(serves_the_files)
    monkeypatch.setenv("HTTP_PROXY", proxy)
    assert fetch(tmp_path) == 1
    assert re.search(f"the proxy {proxy} fails: {said}", capsys.readouterr().err)


@pytest.mark.parametrize("address", ["{}", " {}// ", "mnist", "ftp://x", "http://[", "socks5://["])
def test_a_mirror_of_one_s_own_is_asked_first_if_it_is_an_address(
    address, mirrors, tmp_path, monkeypatch
):
    own, other = mirrors(serves_the_files, serves_the_files)
    monkeypatch.setattr(data, "MIRRORS", (other.url,))
    monkeypatch.setenv("MNIST_MIRROR", address.format(own.url.rstrip("/")))
    assert fetch(tmp_path) == 0
    asked, not_asked = (own, other) if "{}" in address else (other, own)
    assert asked.requests == [(f"/mnist/{name}", 0) for name in PACKED]
    assert not not_asked.requests


def test_a_proxy_set_in_the_environment_is_used(mirrors, tmp_path, monkeypatch):
    (proxy,) = mirrors(serves_the_files)
    monkeypatch.setattr(data, "MIRRORS", ("http://mnist.invalid/",))
    monkeypatch.setenv("http_proxy", proxy.url)
    assert fetch(tmp_path) == 0
    assert proxy.requests[0] == (f"http://mnist.invalid/{LARGEST}", 0)


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), PermissionError(13, "Permission denied")]
)
def test_a_full_disk_is_one_sentence_and_leaves_what_was_there(
    error, mirrors, tmp_path, monkeypatch, capsys
):
    def fails(_):
        raise error

    mirrors(serves_the_files)
    mirror.put(tmp_path)
    (tmp_path / LARGEST).write_bytes(b"damaged")
    before = files_in(tmp_path)
    monkeypatch.setattr(os, "fsync", fails)
    assert fetch(tmp_path) == 1
    said = capsys.readouterr().err
    assert f"({error.strerror}): free space or change --data_dir" in said
    assert said.count("\n") == 1
    assert files_in(tmp_path) == before


def test_a_file_that_another_run_has_just_saved_and_holds_is_no_fault(
    mirrors, tmp_path, monkeypatch
):
    def held(_, target):
        target.write_bytes(PACKED[target.name])
        raise PermissionError(13, "The process cannot access the file")

    mirrors(serves_the_files)
    monkeypatch.setattr(os, "replace", held)
    assert fetch(tmp_path) == 0
    assert files_in(tmp_path) == PACKED


def test_a_file_in_the_place_of_the_folder_is_one_sentence(mirrors, tmp_path, capsys):
    mirrors(serves_the_files)
    (tmp_path / "data").write_bytes(b"mine")
    assert fetch(tmp_path / "data") == 1
    error = capsys.readouterr().err
    assert error.startswith("Error: MNIST cannot be saved in ")
    assert error.count("\n") == 1
    assert (tmp_path / "data").read_bytes() == b"mine"


def test_three_processes_that_download_at_once_end_with_right_files(tmp_path):
    path = os.pathsep.join(map(os.path.dirname, (data.__file__, support.__path__[0], __file__)))
    with Mirror(sends_slowly(10_001, 0.06)) as server:
        code = (
            f"import sys, data, mirror; mirror.use([{server.url!r}], setattr); "
            f"sys.exit(data.main(['--data_dir', {str(tmp_path)!r}]))"
        )
        processes = [
            subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path})
            for _ in range(3)
        ]
        assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert files_in(tmp_path) == PACKED


def test_ctrl_c_in_mid_download_is_one_line_and_leaves_no_part_of_a_file(
    mirrors, tmp_path, monkeypatch, capsys
):
    def interrupt(_):
        raise KeyboardInterrupt

    mirrors(drops_every(1000))
    monkeypatch.setattr(data.time, "sleep", interrupt)
    assert fetch(tmp_path) == 130
    assert capsys.readouterr().out.endswith("\nInterrupted.\n")
    assert files_in(tmp_path) == {}
