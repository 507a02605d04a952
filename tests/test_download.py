"""The download from mirrors that are slow, broken, mendacious or out of reach, and never wrong."""

import contextlib
import gzip
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import data
import download
import mirror
from mirror import LARGEST, ZIPPED, Mirror

SOLUTION = Path(data.__file__).parent
HALF = len(ZIPPED[LARGEST]) // 2


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "requests_ca_bundle"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
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
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}


@pytest.mark.parametrize(
    "behave",
    [
        mirror.serves_the_files,
        mirror.ignores_ranges,
        mirror.sends_no_length,
        mirror.sends_in_chunks,
        mirror.labels_the_file_as_encoded,
        mirror.redirects,
        mirror.is_slow_but_steady,
        mirror.hangs_up_after(8000),
        mirror.answers_first(429),
        mirror.answers_first(500),
        mirror.answers_first(503),
    ],
)
def test_a_single_mirror_is_enough_if_it(behave, mirrors, tmp_path):
    mirrors(behave)
    assert fetch(tmp_path) == 0
    assert files_in(tmp_path) == ZIPPED


@pytest.mark.parametrize(
    ("behave", "reason"),
    [
        (mirror.answers(403), "HTTP status 403"),
        (mirror.answers(404), "HTTP status 404"),
        (mirror.answers(500), "HTTP status 500"),
        (mirror.answers(206), "a part of the file"),
        (mirror.shows_a_log_in_page, "log-in page"),
        (mirror.sends_nothing_with_status_200, "log-in page"),
        (mirror.sends_the_file_unzipped, "not the file"),
        (mirror.sends_another_file, "wrong content"),
        (mirror.sends_a_damaged_file, "wrong content"),
        (mirror.sends_half_of_the_file_as_the_whole, "wrong content"),
        (mirror.sends_a_bomb, "wrong content"),
        (mirror.sends_bytes_without_end, "more bytes than"),
        (mirror.announces_a_terabyte, "more bytes than"),
        (mirror.drops_then_lies, "wrong content"),
        (mirror.hangs_up, "connection lost"),
        (mirror.never_answers, "no answer"),
        (mirror.sends_headers_without_end, "no answer"),
        (mirror.speaks_another_language, "connection lost"),
        (mirror.stalls_in_the_middle, "no data for"),
        (mirror.sends_a_byte_now_and_then, "no data for"),
        (mirror.redirects_to_a_file_of_the_reader, "file://"),
    ],
)
def test_the_next_mirror_is_asked_and_the_fault_said_if_one(
    behave, reason, mirrors, tmp_path, capsys
):
    bad, good = mirrors(behave, mirror.serves_the_files)
    assert fetch(tmp_path) == 0
    assert files_in(tmp_path) == ZIPPED
    assert bad.requests
    assert good.requests
    output = capsys.readouterr()
    assert output.err == ""
    assert output.out.startswith(f"Downloading {bad.url}{LARGEST}\n  ")
    assert reason in output.out.splitlines()[1]


def test_the_file_is_asked_for_from_where_the_last_run_ended(mirrors, tmp_path):
    (server,) = mirrors(mirror.serves_the_files)
    mirror.put(tmp_path, LARGEST)
    (tmp_path / f"{LARGEST}.part").write_bytes(ZIPPED[LARGEST][:HALF])
    assert fetch(tmp_path) == 0
    assert server.requests == [(f"/mnist/{LARGEST}", HALF)]
    assert files_in(tmp_path) == ZIPPED


@pytest.mark.parametrize(
    "behave",
    [
        mirror.serves_the_files,
        mirror.ignores_ranges,
        mirror.resumes_from_the_first_byte,
        mirror.sends_in_chunks,
        mirror.redirects,
    ],
)
@pytest.mark.parametrize(
    "part",
    [
        ZIPPED[LARGEST][:HALF],
        ZIPPED[LARGEST],
        ZIPPED[LARGEST] + b"more",
        b"<html>" + bytes(HALF),
        gzip.compress(mirror.CONTENTS[LARGEST[:-3]], 1)[:HALF],
        b"",
    ],
    ids=["half", "whole", "too long", "something else", "another compression", "empty"],
)
def test_whatever_a_partial_file_holds_the_file_becomes_right(behave, part, mirrors, tmp_path):
    mirrors(behave)
    mirror.put(tmp_path, LARGEST)
    (tmp_path / f"{LARGEST}.part").write_bytes(part)
    assert fetch(tmp_path) == 0
    assert files_in(tmp_path) == ZIPPED


@pytest.mark.parametrize(
    "behave",
    [
        mirror.answers(404),
        mirror.answers(503),
        mirror.shows_a_log_in_page,
        mirror.sends_nothing_with_status_200,
        mirror.sends_the_file_unzipped,
        mirror.announces_a_terabyte,
        mirror.hangs_up,
        mirror.never_answers,
        mirror.redirects_for_ever,
        mirror.stalls_in_the_middle,
    ],
)
def test_what_has_arrived_is_kept_if_the_mirror(behave, mirrors, tmp_path):
    mirrors(behave)
    mirror.put(tmp_path, LARGEST)
    part = tmp_path / f"{LARGEST}.part"
    part.write_bytes(ZIPPED[LARGEST][: 2 * HALF - 1])
    assert fetch(tmp_path) == 1
    assert part.read_bytes() == ZIPPED[LARGEST][: 2 * HALF - 1]


def test_a_mirror_that_lies_about_the_rest_costs_one_restart_and_no_more(mirrors, tmp_path):
    (server,) = mirrors(mirror.drops_then_lies)
    assert fetch(tmp_path) == 1
    assert [start for _, start in server.requests] == [0, 1000, 0, 1000]


def test_a_mirror_that_brings_a_byte_at_a_time_is_left_after_many_attempts(
    mirrors, tmp_path, monkeypatch
):
    bad, _ = mirrors(mirror.hangs_up_after(1), mirror.serves_the_files)
    monkeypatch.setattr(download, "FIRST_PAUSE", 0)
    mirror.put(tmp_path, LARGEST)
    assert fetch(tmp_path) == 0
    assert len(bad.requests) == download.MAX_ATTEMPTS
    assert files_in(tmp_path) == ZIPPED


def test_when_every_mirror_fails_one_message_says_why_and_how_to_do_without(
    mirrors, tmp_path, capsys
):
    portal, busy, silent = mirrors(
        mirror.shows_a_log_in_page, mirror.answers(503), mirror.never_answers
    )
    mirror.put(tmp_path, LARGEST, "t10k-labels-idx1-ubyte.gz")
    assert fetch(tmp_path) == 1
    assert capsys.readouterr().err.splitlines() == [
        "Error: MNIST could not be downloaded. What each mirror answered:",
        f"  {portal.url}  not the file but something else, perhaps a network's log-in page",
        f"  {busy.url}  HTTP status 503",
        f"  {silent.url}  no answer",
        f"Run again to try again, or put these files into {tmp_path} by hand:",
        f"  {LARGEST}",
        "  t10k-labels-idx1-ubyte.gz",
    ]


def test_mirrors_that_never_answer_cost_no_more_than_the_search_may(mirrors, tmp_path):
    mirrors(*3 * [mirror.never_answers])  # SEARCH_SECONDS is 1.5 then
    start = time.perf_counter()
    assert fetch(tmp_path) == 1
    assert time.perf_counter() - start < 3
    assert download.SEARCH_SECONDS < 15


def test_a_name_that_is_looked_up_for_ever_costs_no_more_either(mirrors, tmp_path, monkeypatch):
    mirrors(mirror.serves_the_files)
    forever = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: forever.wait(30))
    start = time.perf_counter()
    assert fetch(tmp_path) == 1
    assert time.perf_counter() - start < 2
    forever.set()


def test_a_name_that_nobody_knows_is_said(mirrors, tmp_path, monkeypatch, capsys):
    mirrors(mirror.serves_the_files)

    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert fetch(tmp_path) == 1
    assert "its name is not known" in capsys.readouterr().err


def test_a_refused_connection_is_said(mirrors, tmp_path, capsys):
    (server,) = mirrors(mirror.serves_the_files)
    server.__exit__()
    assert fetch(tmp_path) == 1
    assert f"{server.url}  connection refused" in capsys.readouterr().err


@pytest.mark.parametrize("address", ["{}", "{}/", " {}// "])
def test_a_mirror_of_one_s_own_is_asked_first(address, mirrors, tmp_path, monkeypatch):
    own, other = mirrors(mirror.serves_the_files, mirror.serves_the_files)
    monkeypatch.setattr(download, "MIRRORS", (other.url,))
    monkeypatch.setenv("MNIST_MIRROR", address.format(own.url.rstrip("/")))
    assert fetch(tmp_path) == 0
    assert sorted(path for path, _ in own.requests) == sorted(f"/mnist/{name}" for name in ZIPPED)
    assert not other.requests


@pytest.mark.parametrize(
    "nonsense",
    [
        "mnist",
        "/home/me/mnist",
        "ftp://127.0.0.1",
        "http://",
        "http://[",
        "http://127.0.0.1:x",
        "é",
    ],
)
def test_a_mirror_that_is_no_address_is_named_and_passed_over(
    nonsense, mirrors, tmp_path, monkeypatch, capsys
):
    (good,) = mirrors(mirror.serves_the_files)
    monkeypatch.setenv("MNIST_MIRROR", nonsense)
    assert fetch(tmp_path) == 0
    monkeypatch.setattr(download, "MIRRORS", ())
    assert fetch(tmp_path / "new") == 1
    assert f"  {nonsense.rstrip('/')}/  " in capsys.readouterr().err
    assert good.requests


def test_a_proxy_set_in_the_environment_is_used(mirrors, tmp_path, monkeypatch):
    def proxies(request):
        request.name = request.path.rpartition("/")[2]
        mirror.serves_the_files(request)

    (proxy,) = mirrors(proxies)
    monkeypatch.setattr(download, "MIRRORS", ("http://mnist.invalid/",))
    monkeypatch.setenv("http_proxy", proxy.url)
    assert fetch(tmp_path) == 0
    assert proxy.requests[0] == ("http://mnist.invalid/train-images-idx3-ubyte.gz", 0)


def test_a_proxy_that_is_not_there_is_said(mirrors, tmp_path, monkeypatch, capsys):
    (server,) = mirrors(mirror.serves_the_files)
    server.__exit__()
    monkeypatch.setattr(download, "MIRRORS", ("http://mnist.invalid/",))
    monkeypatch.setenv("http_proxy", server.url)
    assert fetch(tmp_path) == 1
    assert "the proxy set in the environment" in capsys.readouterr().err


@pytest.mark.skipif(not shutil.which("openssl"), reason="makes its certificate with openssl")
def test_a_certificate_that_nobody_has_signed_is_refused(mirrors, tmp_path, monkeypatch, capsys):
    (server,) = mirrors(mirror.serves_the_files)
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
    monkeypatch.setattr(download, "MIRRORS", (server.url.replace("http:", "https:"),))
    assert fetch(tmp_path / "data") == 1
    assert "its certificate is not valid" in capsys.readouterr().err
    assert not server.requests
    # The same server, once the certificate is trusted: it was the certificate that was refused.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    assert fetch(tmp_path / "data") == 0


@pytest.mark.parametrize("blocked", [f"{LARGEST}.part", ".lock"], ids=["partial file", "lock"])
def test_a_folder_in_the_place_of_a_file_is_one_sentence_or_no_matter(
    blocked, mirrors, tmp_path, capsys
):
    mirrors(mirror.serves_the_files)
    (tmp_path / blocked).mkdir()
    code = fetch(tmp_path)
    errors = capsys.readouterr().err
    assert (code, errors.count("\n")) == ((0, 0) if blocked == ".lock" else (1, 1))
    assert code == 0 or f"{tmp_path / blocked}: " in errors


def test_a_full_disk_is_one_sentence_and_the_next_run_goes_on(
    mirrors, tmp_path, monkeypatch, capsys
):
    (server,) = mirrors(mirror.serves_the_files)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(download.storage, "rename_onto", full)
        assert fetch(tmp_path) == 1
    error = capsys.readouterr().err
    assert "No space left on device" in error
    assert error.count("\n") == 1
    assert fetch(tmp_path) == 0
    assert server.requests[1] == (f"/mnist/{LARGEST}", len(ZIPPED[LARGEST]))
    assert files_in(tmp_path) == ZIPPED


def start_fetching(url, folder):
    """Start data.py in a process of its own, with the small MNIST and this one mirror."""
    code = (
        "import sys, mirror, data, download\n"
        f"mirror.use([{url!r}], setattr)\n"
        "download.SEARCH_SECONDS = download.STALL_SECONDS = 20\n"
        "sys.exit(data.main(sys.argv[1:]))"
    )
    path = os.pathsep.join([str(SOLUTION), str(Path(__file__).parent)])
    return subprocess.Popen(
        [sys.executable, "-c", code, "--data_dir", str(folder)],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_two_processes_that_download_at_once_end_with_right_files(tmp_path):
    with Mirror(mirror.is_slow_but_steady) as server:
        processes = [start_fetching(server.url, tmp_path) for _ in range(2)]
        outputs = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert [errors for _, errors in outputs] == ["", ""]
    assert files_in(tmp_path) == ZIPPED
    assert len(server.requests) == 4  # the second to come waits and finds them there


def test_a_process_killed_in_mid_download_loses_nothing_of_what_had_arrived(tmp_path):
    arrived = 2 * download.PIECE_BYTES

    def breaks_off(request):
        request.reply(request.body[:arrived], length=len(request.body))
        request.wait()

    part = tmp_path / f"{LARGEST}.part"
    with Mirror(breaks_off) as server:
        process = start_fetching(server.url, tmp_path)
        while not (part.exists() and part.stat().st_size):
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
        process.communicate()
        assert LARGEST not in files_in(tmp_path)
        server.behave = mirror.serves_the_files
        process = start_fetching(server.url, tmp_path)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert server.requests[1][1] >= download.PIECE_BYTES
    assert files_in(tmp_path) == ZIPPED
