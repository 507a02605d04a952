"""The download from mirrors that are slow, broken, mendacious or out of reach, and never wrong."""

import contextlib
import gzip
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest

import data
import mirror
import support
from mirror import CONTENTS, LARGEST, PACKED, Mirror, serves_the_files


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "requests_ca_bundle"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    monkeypatch.delenv("MNIST_MIRROR", raising=False)


@pytest.fixture
def mirrors(monkeypatch):
    """Start a mirror for each behaviour and let the course know these alone."""
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


def answers_twice(status):
    return lambda r: (answers(status) if r.number <= 2 else serves_the_files)(r)


def drops_every(count):
    return lambda r: r.reply_from(r.start, r.body[r.start :], count)


def drops_once(then):
    """Break off after 1000 bytes, and answer further requests for the file as `then` does."""
    return lambda r: (drops_every(1000) if r.number == 1 else then)(r)


def resumes_from_the_first_byte(request):
    place = f"bytes 0-{len(request.body) - 1}/{len(request.body)}"
    request.reply(request.body, 206 if request.start else 200, Content_Range=place)


def resumes_with_zeros(request):
    rest = request.body[request.start :]
    request.reply_from(request.start, bytes(len(rest)) if request.start else rest)


def drops_then_lies(request):
    (resumes_with_zeros if request.start else drops_every(1000))(request)


def sends_in_chunks(request):
    request.reply(length=False, Transfer_Encoding="chunked")
    for piece in (request.body[:1], request.body[1:], b""):
        request.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))


def packs_what_may_be_packed(request):
    if "gzip" in request.headers.get("Accept-Encoding", "gzip"):
        request.reply(gzip.compress(request.body), Content_Encoding="gzip")
    else:
        request.reply(request.body)


def redirects(request):
    if "elsewhere" in request.path:
        serves_the_files(request)
    else:
        request.reply(b"", 302, Location=f"/elsewhere/{request.name}")


def sends_slowly(size, pause, at_once=0):
    def behave(request):
        rest = request.body[request.start :]
        request.reply_from(request.start, rest, at_once)
        for start in range(at_once, len(rest), size):
            request.wfile.write(rest[start : start + size])
            if request.wait(pause):
                return

    return behave


def sends_bytes_without_end(request):
    request.reply(length=False)
    while not request.server.closing.is_set():
        request.wfile.write(b"\x1f\x8b" * 4096)


def announces_a_terabyte(request):
    request.reply(request.body[:1000], length=1 << 40)
    request.wait()


def stalls_in_the_middle(request):
    drops_every(1000)(request)
    request.wait()


GOOD = {
    "serves the files": serves_the_files,
    "drops once": drops_once(serves_the_files),
    "drops twice": drops_every(16_000),
    "ignores ranges": drops_once(lambda r: r.reply(r.body)),
    "resumes from the first byte": drops_once(resumes_from_the_first_byte),
    "resumes with zeros once": lambda r: (
        drops_once(resumes_with_zeros) if r.number <= 2 else serves_the_files
    )(r),
    "answers 416 to a range": drops_once(lambda r: r.reply(*(b"", 416) if r.start else (r.body,))),
    "sends no length": lambda r: r.reply(r.body, length=False),
    "sends in chunks": sends_in_chunks,
    "labels the file as encoded": lambda r: r.reply(r.body, Content_Encoding="gzip"),
    "packs what may be packed": packs_what_may_be_packed,
    "redirects": redirects,
    "answers 429 twice": answers_twice(429),
    "answers 503 twice": answers_twice(503),
}


@pytest.mark.parametrize("behave", GOOD.values(), ids=GOOD)
def test_a_single_mirror_is_enough_if_it(behave, mirrors, tmp_path, capsys):
    mirrors(behave)
    assert fetch(tmp_path) == 0
    assert files_in(tmp_path) == PACKED
    assert capsys.readouterr().err == ""


BOMB = gzip.compress(bytes(10_000_000))
ELSE, LOST = ("something else", "别的内容"), ("connection was lost", "连接中断")
NO_ANSWER, SLOW = ("no answer in time", "没有及时响应"), ("too slow", "速度太慢")
BAD = {  # what it does, how often it is asked for a file, and what is said of it in two languages
    "answers 404": (answers(404), 1, "HTTP 404", "HTTP 404"),
    "answers 500": (answers(500), 3, "HTTP 500", "HTTP 500"),
    "answers 206 unasked": (answers(206), 1, *ELSE),
    "shows a log-in page": (lambda r: r.reply(b"<!DOCTYPE html>Log in"), 1, *ELSE),
    "shows a page without end": (lambda r: r.reply(b"<html>", length=99) or r.wait(), 1, *ELSE),
    "sends the file unpacked": (lambda r: r.reply(CONTENTS[r.name[:-3]]), 1, *ELSE),
    "sends nothing": (lambda r: r.reply(b""), 1, *ELSE),
    "sends another file": (lambda r: r.reply(PACKED["t10k-images-idx3-ubyte.gz"]), 1, *ELSE),
    "sends half as the whole": (lambda r: r.reply(r.body[:20_000]), 1, *ELSE),
    "sends a bomb": (lambda r: r.reply(BOMB), 1, *ELSE),
    "sends bytes without end": (sends_bytes_without_end, 1, *ELSE),
    "announces a terabyte": (announces_a_terabyte, 1, *ELSE),
    "drops, then lies": (drops_then_lies, 3, *LOST),
    "drops every 1000 bytes": (drops_every(1000), 3, *LOST),
    "hangs up": (lambda r: None, 3, *LOST),
    "never answers": (lambda r: r.wait(), 3, *NO_ANSWER),
    "stalls in the middle": (stalls_in_the_middle, 3, *NO_ANSWER),
    "sends a byte now and then": (sends_slowly(1, 0.02), 3, *SLOW),
    "becomes as slow": (sends_slowly(1, 0.02, at_once=12_000), 3, *SLOW),
    "speaks another language": (lambda r: r.wfile.write(b"220 ftp\r\n"), 3, "220 ftp", "220 ftp"),
    "redirects for ever": (
        lambda r: r.reply(b"", 302, Location=r.path), 31, "30 redirects", "30 redirects",
    ),
    "redirects to a file": (
        lambda r: r.reply(b"", 302, Location="file:///etc/passwd"), 1, "file://", "file://",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("behave", "attempts", "english", "chinese"), BAD.values(), ids=BAD)
def test_the_next_mirror_is_asked_and_the_fault_said_if_one(
    behave, attempts, english, chinese, mirrors, tmp_path, capsys, monkeypatch
):
    for language, reason in (("zh_CN", chinese), ("en", english)):
        monkeypatch.setenv("LANGUAGE", language)
        bad, good = mirrors(behave, serves_the_files)
        if (english, chinese) in (NO_ANSWER, SLOW):
            monkeypatch.setattr(data, "SILENT_SECONDS", 0.2)
        mirror.put(tmp_path / language, LARGEST)
        assert fetch(tmp_path / language) == 0
        assert files_in(tmp_path / language) == PACKED
        assert len(bad.requests) == attempts
        output = capsys.readouterr()
        assert output.err == ""
        first, fault, second, _ = output.out.splitlines()
        assert first.endswith(f" {bad.url}{LARGEST}")
        assert reason in fault
        assert second.endswith(f" {good.url}{LARGEST}")


def test_a_mirror_that_failed_is_not_asked_for_the_other_files(mirrors, tmp_path):
    bad, _ = mirrors(answers(404), serves_the_files)
    assert fetch(tmp_path) == 0
    assert len(bad.requests) == 1


def test_a_mirror_that_is_slow_but_steady_is_not_given_up(mirrors, tmp_path, monkeypatch):
    (server,) = mirrors(sends_slowly(10_001, 0.1))
    monkeypatch.setattr(data, "SILENT_SECONDS", 0.4)
    mirror.put(tmp_path, LARGEST)
    assert fetch(tmp_path) == 0
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("behave", "starts"),
    [(drops_every(20_000), [0, 20_000, 40_000]), (GOOD["ignores ranges"], [0, 1000])],
)
def test_a_lost_connection_goes_on_from_where_it_was(behave, starts, mirrors, tmp_path):
    (server,) = mirrors(behave)
    mirror.put(tmp_path, LARGEST)
    assert fetch(tmp_path) == 0
    assert [start for _, start in server.requests] == starts


def test_a_mirror_that_brings_much_between_its_drops_gets_more_attempts(
    mirrors, tmp_path, monkeypatch
):
    (server,) = mirrors(drops_every(9_000))
    mirror.put(tmp_path, LARGEST)
    assert fetch(tmp_path) == 1
    monkeypatch.setattr(data, "BYTES_PER_ATTEMPT", 9_000)
    server.requests.clear()
    assert fetch(tmp_path) == 0
    assert len(server.requests) == 6


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Error: MNIST could not be downloaded: HTTP 404; HTTP 410."),
        ("zh_CN", "错误：MNIST 下载失败：HTTP 404；HTTP 410。"),
    ],
)
def test_when_every_mirror_fails_the_message_says_why_and_how_to_do_without(
    language, said, mirrors, tmp_path, capsys, monkeypatch
):
    monkeypatch.setenv("LANGUAGE", language)
    first, *_ = mirrors(answers(404), answers(410), answers(404))
    mirror.put(tmp_path, LARGEST, "t10k-labels-idx1-ubyte.gz")
    assert fetch(tmp_path) == 1
    why, advice, *links = capsys.readouterr().err.splitlines()
    assert why == said
    assert support.shown(tmp_path) in advice
    assert links == [f"  {first.url}{LARGEST}", f"  {first.url}t10k-labels-idx1-ubyte.gz"]


def test_the_worst_case_of_all_mirrors_is_below_two_minutes():
    assert len(data.MIRRORS) == 3
    assert 3 * data.CONNECT_SECONDS < 10
    pauses = sum(attempt * data.PAUSE_SECONDS for attempt in range(1, data.ATTEMPTS))
    assert 3 * (data.ATTEMPTS * data.SILENT_SECONDS + pauses) < 120


def unknown(*_, **__):
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@pytest.mark.parametrize(
    ("call", "answer", "said"),
    [("getaddrinfo", unknown, "找不到服务器地址"), ("socket", socket.socket, "Connection refused")],
)
def test_a_mirror_out_of_reach_is_tried_once(
    call, answer, said, mirrors, tmp_path, monkeypatch, capsys, chinese
):
    (server,) = mirrors(serves_the_files)
    server.__exit__()
    monkeypatch.setattr(socket, call, answer)
    monkeypatch.setattr(data, "PAUSE_SECONDS", 30)
    start = time.perf_counter()
    assert fetch(tmp_path) == 1
    assert time.perf_counter() - start < 20
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("address", ["{}", "{}/", " {}// "])
def test_a_mirror_of_one_s_own_is_asked_first(address, mirrors, tmp_path, monkeypatch):
    own, other = mirrors(serves_the_files, serves_the_files)
    monkeypatch.setattr(data, "MIRRORS", (other.url,))
    monkeypatch.setenv("MNIST_MIRROR", address.format(own.url.rstrip("/")))
    assert fetch(tmp_path) == 0
    assert [path for path, _ in own.requests] == [f"/mnist/{name}" for name in PACKED]
    assert not other.requests


@pytest.mark.parametrize(
    "nonsense", ["mnist", "/home/me", "ftp://x", "http://", "http://[", "http://1:x", "socks5://["]
)
def test_a_mirror_that_is_no_address_is_passed_over(nonsense, mirrors, tmp_path, monkeypatch):
    (good,) = mirrors(serves_the_files)
    monkeypatch.setenv("MNIST_MIRROR", nonsense)
    assert fetch(tmp_path) == 0
    assert good.requests


def test_a_proxy_set_in_the_environment_is_used(mirrors, tmp_path, monkeypatch):
    (proxy,) = mirrors(serves_the_files)
    monkeypatch.setattr(data, "MIRRORS", ("http://mnist.invalid/",))
    monkeypatch.setenv("http_proxy", proxy.url)
    assert fetch(tmp_path) == 0
    assert proxy.requests[0] == (f"http://mnist.invalid/{LARGEST}", 0)


@pytest.mark.parametrize(
    ("proxy", "socks"), [("http://127.0.0.1:{}", False), ("socks5://127.0.0.1:{}", True)]
)
@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_a_proxy_that_is_of_no_use_is_named_with_its_variable(
    proxy, socks, language, mirrors, tmp_path, monkeypatch, capsys
):
    (server,) = mirrors(serves_the_files)
    server.__exit__()
    proxy = proxy.format(server.server_port)
    monkeypatch.setattr(data, "MIRRORS", 3 * ("https://mnist.invalid/",))
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    monkeypatch.setenv("LANGUAGE", language)
    assert fetch(tmp_path) == 1
    output, error = capsys.readouterr()
    assert error.count(f"HTTPS_PROXY={proxy}") == 1
    assert ("代理" if language == "zh_CN" else "proxy") in error
    assert ("install pysocks" in error) == socks
    assert output.count("HTTPS_PROXY") == (0 if socks else 3)


@pytest.mark.skipif(not shutil.which("openssl"), reason="makes its certificate with openssl")
def test_a_certificate_that_nobody_has_signed_is_refused_and_the_remedy_works(
    mirrors, tmp_path, monkeypatch, capsys
):
    (server,) = mirrors(serves_the_files)
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    monkeypatch.setattr(data, "MIRRORS", (server.url.replace("http:", "https:"),))
    for language, words in (("zh_CN", "证书"), ("en", "certificate of its own")):
        monkeypatch.setenv("LANGUAGE", language)
        assert fetch(tmp_path / "data") == 1
        error = capsys.readouterr().err
        assert words in error
        assert "REQUESTS_CA_BUNDLE" in error
    assert not server.requests
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    assert fetch(tmp_path / "data") == 0


def test_the_bar_is_drawn_on_a_terminal_alone(mirrors, tmp_path, monkeypatch, capsys):
    mirrors(sends_slowly(10_001, 0.11))
    assert fetch(tmp_path / "1") == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(support, "is_terminal", lambda stream: stream is sys.stderr)
    assert fetch(tmp_path / "2") == 0
    assert re.search(r"[234]\d\.\dk/47\.1k", capsys.readouterr().err)


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_a_full_disk_is_one_sentence_and_leaves_what_was_there(
    call, language, mirrors, tmp_path, monkeypatch, capsys
):
    def full_disk(*_):
        raise OSError(28, "No space left on device")

    mirrors(serves_the_files)
    mirror.put(tmp_path)
    (tmp_path / LARGEST).write_bytes(b"damaged")
    before = files_in(tmp_path)
    monkeypatch.setattr(os, call, full_disk)
    monkeypatch.setenv("LANGUAGE", language)
    assert fetch(tmp_path) == 1
    error = capsys.readouterr().err
    assert "No space left on device" in error
    assert "--data_dir" in error
    assert error.count("\n") == 1
    assert files_in(tmp_path) == before


def test_a_file_is_flushed_to_the_disk_under_a_name_of_this_process_before_it_gets_its_own(
    mirrors, tmp_path, monkeypatch
):
    calls, replace = [], os.replace
    mirrors(serves_the_files)
    monkeypatch.setattr(os, "fsync", lambda file: calls.append(os.fstat(file).st_size))
    monkeypatch.setattr(os, "replace", lambda *paths: calls.append(paths) or replace(*paths))
    assert fetch(tmp_path) == 0
    assert calls[::2] == list(map(len, PACKED.values()))
    for (temporary, target), name in zip(calls[1::2], PACKED, strict=True):
        assert str(os.getpid()) in temporary.name
        assert target == tmp_path / name


def test_a_file_that_another_run_has_just_saved_and_holds_is_no_fault(
    mirrors, tmp_path, monkeypatch
):
    def held(_, target):
        Path(target).write_bytes(PACKED[Path(target).name])
        raise PermissionError(13, "The process cannot access the file")

    mirrors(serves_the_files)
    monkeypatch.setattr(os, "replace", held)
    assert fetch(tmp_path) == 0
    assert files_in(tmp_path) == PACKED


@pytest.mark.skipif(
    os.name == "nt" or os.geteuid() == 0, reason="permissions hold neither there nor for root"
)
@pytest.mark.parametrize("mode", [0o000, 0o500])
@pytest.mark.parametrize("place", ["data", "data/mnist"])
def test_a_folder_without_permission_is_one_sentence(mode, place, mirrors, tmp_path, capsys):
    mirrors(serves_the_files)
    (tmp_path / "data").mkdir(mode=mode)
    assert fetch(tmp_path / place) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("place", ["data", "data/mnist"])
def test_a_file_in_the_place_of_the_folder_is_one_sentence(place, mirrors, tmp_path, capsys):
    (server,) = mirrors(serves_the_files)
    (tmp_path / "data").write_bytes(b"mine")
    assert fetch(tmp_path / place) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert (tmp_path / "data").read_bytes() == b"mine"
    assert not server.requests


def test_a_folder_in_the_place_of_a_file_is_one_sentence_and_left_alone(mirrors, tmp_path, capsys):
    mirrors(serves_the_files)
    (tmp_path / LARGEST).mkdir()
    assert fetch(tmp_path) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == [LARGEST]


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need a privilege there")
def test_a_link_to_a_damaged_file_is_replaced_and_the_file_left_alone(mirrors, tmp_path):
    mirrors(serves_the_files)
    (tmp_path / "elsewhere").write_bytes(b"precious")
    mirror.put(tmp_path / "data", LARGEST)
    (tmp_path / "data" / LARGEST).symlink_to(tmp_path / "elsewhere")
    assert fetch(tmp_path / "data") == 0
    assert files_in(tmp_path / "data") == PACKED
    assert (tmp_path / "elsewhere").read_bytes() == b"precious"


def test_a_tilde_is_the_home_folder(mirrors, tmp_path, monkeypatch):
    mirrors(serves_the_files)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert fetch("~/my data/mnist") == 0
    assert files_in(tmp_path / "my data" / "mnist") == PACKED


def start_fetching(url, folder):
    """Start data.py in a process of its own, with the small MNIST and this one mirror."""
    code = (
        "import sys, data, mirror\n"
        f"mirror.use([{url!r}], setattr)\n"
        "data.SILENT_SECONDS = 20\n"
        "sys.exit(data.main(sys.argv[1:]))"
    )
    path = os.pathsep.join(map(os.path.dirname, (data.__file__, support.__path__[0], __file__)))
    return subprocess.Popen(
        [sys.executable, "-c", code, "--data_dir", str(folder)],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_three_processes_that_download_at_once_end_with_right_files(tmp_path):
    with Mirror(sends_slowly(10_001, 0.06)) as server:
        processes = [start_fetching(server.url, tmp_path) for _ in range(3)]
        outputs = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert [errors for _, errors in outputs] == ["", "", ""]
    assert files_in(tmp_path) == PACKED


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
@pytest.mark.parametrize("sent", [signal.SIGINT, getattr(signal, "SIGKILL", None)])
def test_a_process_stopped_in_mid_download_leaves_no_part_of_a_file(sent, tmp_path):
    with Mirror(stalls_in_the_middle) as server:
        process = start_fetching(server.url, tmp_path)
        while not server.requests:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(sent)
        output, errors = process.communicate(timeout=60)
    assert process.returncode == (130 if sent == signal.SIGINT else -sent)
    assert errors == ""
    assert output.endswith("\nInterrupted.\n") == (sent == signal.SIGINT)
    assert files_in(tmp_path) == {}
