"""Files that lie there under any name, whole or damaged, and mirrors of every kind; never wrong."""

import contextlib
import gzip
import hashlib
import io
import os
import socket
import ssl
import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

import data
import mirror
import support
from mirror import CONTENTS, FILES, LARGEST, PACKED, Mirror, serves_the_files
from support import console, download
from support.language import UserError

ORIGINAL_SILENT_SECONDS = download.SILENT_SECONDS
FOR_BROWSER = "https://mirror.invalid/mnist/"
NAME = LARGEST.removesuffix(".gz")
RIGHT = CONTENTS[NAME]
FASHION = gzip.compress(mirror.data_set(seed=1)[NAME], mtime=0)


@pytest.fixture(autouse=True)
def without_a_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    mirror.use(["no address"], monkeypatch.setattr)


@pytest.fixture
def mirrors():
    """Start a mirror for each behaviour."""
    with contextlib.ExitStack() as stack:
        yield lambda *behaviours: [stack.enter_context(Mirror(behave)) for behave in behaviours]


def load(folder, *servers, files=FILES):
    """Find or fetch the files, from these mirrors or addresses of mirrors."""
    urls = [getattr(server, "url", server) for server in servers]
    return download.find_or_fetch(files, urls, folder, FOR_BROWSER)


def files_in(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


# ---- What lies in the folder ----

NAMES = {  # what the file {name} is called, and whether it is packed there
    "as the mirrors send it": ("{name}.gz", True),
    "unpacked": ("{name}", False),
    "unpacked but still called .gz": ("{name}.gz", False),
    "downloaded twice": ("{name} (1).gz", True),
    "of Kaggle": ("archive/{name}/{name}", False),
    "with a name of one's own": ("数据 {initials}", True),
}


@pytest.mark.parametrize(("pattern", "packed"), NAMES.values(), ids=NAMES)
def test_files_that_lie_there_are_taken_whatever_their_name_and_left_alone(
    pattern, packed, tmp_path, capsys
):
    folder = tmp_path / "my [data] 数据"
    for name, content in CONTENTS.items():
        path = folder / pattern.format(name=name, initials=name[:8])
        write(path, PACKED[f"{name}.gz"] if packed else content)
    before = sorted(folder.rglob("*"))
    assert load(folder) == CONTENTS
    assert sorted(folder.rglob("*")) == before
    assert capsys.readouterr().out == ""


def test_files_as_long_as_mnist_s_longest_are_taken(tmp_path):
    packed = np.random.default_rng(0).bytes(9_900_000)
    unpacked = bytes(12_000_001)
    write(tmp_path / "a.gz", gzip.compress(packed, 0))
    write(tmp_path / "b", unpacked)
    contents = {"packed": packed, "unpacked": unpacked}
    assert load(tmp_path, files=mirror.table_of(contents)) == contents


@pytest.mark.parametrize("field", ["size", "sha256"])
def test_both_size_and_digest_count(field, tmp_path):
    slip = {"size": len(RIGHT) + 1, "sha256": hashlib.sha256(b"").hexdigest()}[field]
    write(tmp_path / LARGEST, PACKED[LARGEST])
    files = [file._replace(**{field: slip}) if file.name == NAME else file for file in FILES]
    assert download.find(FILES, tmp_path) == {NAME: RIGHT}
    assert download.find(files, tmp_path) == {}


def link(path, target):
    try:
        path.symlink_to(target)
    except OSError:
        pytest.skip("this system makes no links")


def test_links_to_files_that_are_there_work(tmp_path):
    mirror.put(tmp_path / "else")
    (tmp_path / "data").mkdir()
    for name in PACKED:
        link(tmp_path / "data" / name, tmp_path / "else" / name)
    assert load(tmp_path / "data") == CONTENTS


@pytest.mark.parametrize("target", ["/", ".", "..", "../else"])
def test_links_to_folders_are_not_followed(target, tmp_path, monkeypatch):
    mirror.put(tmp_path / "else")
    folder = tmp_path / "data"
    mirror.put(folder, LARGEST)
    link(folder / "away", target)
    listed = []
    iterdir = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda path: listed.append(path) or iterdir(path))
    with pytest.raises(UserError):
        load(folder)
    assert set(listed) == {folder}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
@pytest.mark.parametrize("name", ["a pipe", NAME, LARGEST])
def test_a_pipe_is_neither_read_nor_replaced(name, mirrors, tmp_path):
    mirror.put(tmp_path, LARGEST)
    os.mkfifo(tmp_path / name)
    pipe = os.open(tmp_path / name, os.O_RDWR | os.O_NONBLOCK)
    end = threading.Timer(5, os.close, [pipe])  # whoever reads it by mistake need not wait for ever
    end.start()
    try:
        os.write(pipe, PACKED[LARGEST])
        assert load(tmp_path, *mirrors(serves_the_files)) == CONTENTS
        assert os.read(pipe, 1_000_000) == PACKED[LARGEST]
        assert (tmp_path / name).is_fifo()
    finally:
        end.cancel()
        with contextlib.suppress(OSError):  # after those seconds
            os.close(pipe)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other limits")
def test_names_that_are_too_long_or_unreadable_are_passed_over(mirrors, tmp_path):
    folder = tmp_path
    while len(str(folder)) < 3700:  # of 4096
        folder = folder / ("x" * 200)
    mirror.put(folder, LARGEST)
    (folder / os.fsdecode(b"\xff.zip")).touch()
    place = os.open(folder, os.O_RDONLY)
    for name in ("y", "z"):
        os.mkdir(name * 255, dir_fd=place)
        inner = os.open(name * 255, os.O_RDONLY, dir_fd=place)
        os.close(os.open("z" * 255, os.O_CREAT, dir_fd=inner))
        os.close(inner)
    os.close(place)
    assert load(folder, *mirrors(serves_the_files)) == CONTENTS


def test_a_file_that_may_not_be_read_is_passed_over_and_kept(mirrors, tmp_path, monkeypatch):
    mirror.put(tmp_path, LARGEST)
    write(tmp_path / LARGEST, b"mine")

    def refuses(path, *_, **__):
        if Path(path) == tmp_path / LARGEST:
            raise PermissionError(13, "Permission denied")
        return io_open(path, *_, **__)

    io_open = open
    monkeypatch.setattr("io.open", refuses)
    monkeypatch.setattr("builtins.open", refuses)
    assert load(tmp_path, *mirrors(serves_the_files)) == CONTENTS
    monkeypatch.undo()
    assert (tmp_path / LARGEST).read_bytes() == b"mine"


PACKED_RIGHT = PACKED[LARGEST]
DAMAGED = {
    "empty": b"",
    "a byte short": PACKED_RIGHT[:-1],
    "with one other byte": PACKED_RIGHT[:99] + bytes([PACKED_RIGHT[99] ^ 1]) + PACKED_RIGHT[100:],
    "with no such block": PACKED_RIGHT[:10] + b"\x07" + PACKED_RIGHT[11:],
    "unpacked and a byte short": RIGHT[:-1],
    "a log-in page": b"<html>Please log in</html>",
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
@pytest.mark.parametrize("name", [LARGEST, NAME])
def test_a_damaged_file_is_named_and_left_alone_until_the_right_one_has_come(
    name, content, mirrors, tmp_path, capsys
):
    mirror.put(tmp_path, LARGEST)
    write(tmp_path / name, content)
    with pytest.raises(UserError):
        load(tmp_path)
    assert capsys.readouterr().out.endswith(f"{name} is damaged: fetching it anew.\n")
    assert (tmp_path / name).read_bytes() == content

    (server,) = mirrors(serves_the_files)
    assert load(tmp_path, server) == CONTENTS
    assert server.requests == [(f"/mnist/{LARGEST}", 0)]
    assert (tmp_path / LARGEST).read_bytes() == PACKED_RIGHT


OTHERS = {
    "Fashion-MNIST": FASHION,
    "Fashion-MNIST, unpacked": gzip.decompress(FASHION),
    "another of the four": PACKED["t10k-images-idx3-ubyte.gz"],
    "longer than all of them": bytes(60_000),
    "text of the user's own": b"mine",
    "text of the user's own, packed": gzip.compress(b"mine"),
    "a zip": b"PK\x03\x04" + bytes(99),
}


@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("name", [LARGEST, NAME])
def test_another_data_set_under_mnist_s_names_is_said_to_be_that_and_kept(
    name, content, mirrors, tmp_path, capsys
):
    mirror.put(tmp_path, LARGEST)
    write(tmp_path / name, content)
    before = files_in(tmp_path)
    (server,) = mirrors(serves_the_files)
    assert load(tmp_path, server) == CONTENTS
    said, *_ = capsys.readouterr().out.splitlines()
    shown = console.shown(tmp_path / name)
    assert said == f"{shown} is not MNIST's {NAME}: it is left as it is."
    saved = f"{NAME} (1).gz" if name == LARGEST else LARGEST
    assert files_in(tmp_path) == {**before, saved: PACKED_RIGHT}

    # From now on all is there.
    assert load(tmp_path) == CONTENTS
    assert capsys.readouterr().out == ""


def test_a_free_name_is_found_beside_several_that_are_kept(mirrors, tmp_path):
    kept = {LARGEST: FASHION, f"{NAME} (1).gz": FASHION, f"{NAME} (2).gz": b"<html>"}
    mirror.put(tmp_path, LARGEST)
    for name, content in kept.items():
        write(tmp_path / name, content)
    load(tmp_path, *mirrors(serves_the_files))
    assert files_in(tmp_path) == {**PACKED, **kept, f"{NAME} (2).gz": PACKED_RIGHT}


def test_a_file_that_another_run_has_just_saved_is_not_saved_twice(mirrors, tmp_path, monkeypatch):
    mirror.put(tmp_path)
    iterdir = Path.iterdir
    monkeypatch.setattr(
        Path, "iterdir", lambda folder: [path for path in iterdir(folder) if path.name != LARGEST]
    )
    assert load(tmp_path, *mirrors(serves_the_files)) == CONTENTS
    monkeypatch.undo()
    assert files_in(tmp_path) == PACKED


def test_a_folder_of_the_file_s_name_is_kept(mirrors, tmp_path):
    mirror.put(tmp_path, LARGEST)
    write(tmp_path / LARGEST / "mine", b"mine")
    assert load(tmp_path, *mirrors(serves_the_files)) == CONTENTS
    assert (tmp_path / LARGEST / "mine").read_bytes() == b"mine"
    assert load(tmp_path) == CONTENTS


def test_a_link_to_a_disk_that_is_not_plugged_in_is_kept(mirrors, tmp_path):
    mirror.put(tmp_path, LARGEST)
    link(tmp_path / LARGEST, tmp_path / "disk" / LARGEST)
    assert load(tmp_path, *mirrors(serves_the_files)) == CONTENTS
    assert (tmp_path / LARGEST).is_symlink()


@pytest.mark.parametrize("content", [b"<html>", FASHION, None], ids=["damaged", "other", "none"])
def test_a_file_that_is_reached_by_a_link_is_never_replaced_where_it_lies(
    content, mirrors, tmp_path
):
    elsewhere = tmp_path / "else" / LARGEST
    if content is not None:
        write(elsewhere, content)
    mirror.put(tmp_path / "data", LARGEST)
    link(tmp_path / "data" / LARGEST, elsewhere)
    assert load(tmp_path / "data", *mirrors(serves_the_files)) == CONTENTS
    assert load(tmp_path / "data") == CONTENTS
    assert (elsewhere.read_bytes() if elsewhere.exists() else None) == content


ARCHIVE, DEEP = (
    "is an archive: if MNIST is in it, unpack it in",
    "lies too deep to be found: move it",
)
NEAR_MISSES = {
    "archive.zip": ARCHIVE,
    "downloads/MNIST.TAR.GZ": ARCHIVE,
    "mnist.rar": ARCHIVE,
    f"1/2/3/{LARGEST}": DEEP,
    f"1/2/3/4/{NAME}": DEEP,
    "1/2/3/4/train-images.idx3-ubyte": DEEP,
    "1/2/3/4/mine.gz": None,
    "notes.txt": None,
}


@pytest.mark.parametrize(("name", "said"), NEAR_MISSES.items(), ids=NEAR_MISSES)
def test_a_near_miss_is_told(name, said, tmp_path, capsys):
    mirror.put(tmp_path, LARGEST)
    write(tmp_path / name, PACKED_RIGHT if said == DEEP else b"mine")
    with pytest.raises(UserError):
        load(tmp_path)
    output = capsys.readouterr().out
    shown, place = console.shown(tmp_path / name), console.shown(tmp_path)
    if said is None:
        assert output == ""
    else:
        assert output.startswith(f"{shown} {said} ")
        assert output.endswith(f" {place}.\n")


def test_of_many_near_misses_a_few_are_told_and_their_names_do_not_steer_the_console(
    tmp_path, capsys
):
    for number in range(9):
        with contextlib.suppress(OSError):  # Windows has no such names
            write(tmp_path / f"\x1b[2J\n{number}.zip", b"")
        write(tmp_path / f"1/2/3/{number}" / LARGEST, b"")
    with pytest.raises(UserError):
        load(tmp_path)
    lines = capsys.readouterr().out.splitlines()
    assert 3 <= len(lines) <= 6
    assert all(line.isprintable() for line in lines)


def test_a_bomb_and_a_huge_file_take_little_memory(tmp_path):
    zeros = bytes(50_000_000)
    write(tmp_path / "bomb.gz", gzip.compress(zeros))
    write(tmp_path / LARGEST, zeros)
    del zeros
    tracemalloc.start()
    with pytest.raises(UserError):
        load(tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


# ---- What a mirror sends ----


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


ESCAPES = "\x1b[2J\x1b]0;mine\x07\x9b2J"


def breaks_the_protocol(request):
    request.wfile.write(f"{ESCAPES}\r\n\r\n".encode("latin-1"))


def answers_with_codes_alone(request):
    request.wfile.write(b"\0\1\2\3\r\n\r\n")


ELSE, LATE, SLOW = "not the file", "timed out", "too slow"
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
    "is slow but steady": (sends_slowly(10_001, 0.05), None),
    "answers 404": (answers(404), "404 Client Error"),
    "answers 500": (answers(500), "500 Server Error"),
    "answers 206 unasked": (answers(206), ELSE),
    "shows a log-in page": (lambda r: r.reply(b"<!DOCTYPE html>Log in"), "log in with a browser"),
    "sends nothing": (lambda r: r.reply(b""), ELSE),
    "sends another file": (lambda r: r.reply(PACKED["t10k-images-idx3-ubyte.gz"]), ELSE),
    "sends Fashion-MNIST": (lambda r: r.reply(FASHION), ELSE),
    "sends half as the whole": (lambda r: r.reply(r.body[:20_000]), ELSE),
    "sends a bomb": (lambda r: r.reply(gzip.compress(bytes(9_999_999))), ELSE),
    "sends bytes without end": (sends_bytes_without_end, ELSE),
    "drops every 1000 bytes": (drops_every(1000), "IncompleteRead"),
    "hangs up": (lambda r: None, "closed connection"),
    "never answers": (lambda r: r.wait(), LATE),
    "stalls in the middle": (stalls_in_the_middle, LATE),
    "sends a byte now and then": (sends_slowly(1, 0.02), SLOW),
    "becomes as slow": (sends_slowly(1, 0.02, at_once=12_000), SLOW),
    "redirects for ever": (lambda r: r.reply(status=302, Location=r.path), "30 redirects"),
    "steers the console": (lambda r: r.reply(b"", 404, status_text=ESCAPES), "404 Client Error"),
    "redirects to nonsense": (lambda r: r.reply(status=302, Location="x:\x1b[2J"), "No connection"),
    "breaks the protocol": (breaks_the_protocol, "[2J"),
    "speaks another protocol": (answers_with_codes_alone, "BadStatusLine"),
}


@pytest.mark.parametrize(("behave", "reason"), MIRRORS.values(), ids=MIRRORS)
def test_the_right_file_comes_and_the_fault_is_said_if_a_mirror(
    behave, reason, mirrors, tmp_path, capsys, monkeypatch
):
    first, second = mirrors(behave, serves_the_files)
    monkeypatch.setattr(download, "SILENT_SECONDS", 0.2 if reason in (LATE, SLOW) else 3)
    mirror.put(tmp_path, LARGEST)
    assert load(tmp_path, first, second) == CONTENTS
    assert files_in(tmp_path) == PACKED
    output, error = capsys.readouterr()
    assert error == ""
    begun, *faults = output.splitlines()
    assert begun == f"Downloading {first.url}{LARGEST}"
    if reason is None:
        assert faults == []
        assert not second.requests
    else:
        assert reason in faults[0]
        assert all(character.isprintable() for character in faults[0])
        assert faults[1:] == [f"Downloading {second.url}{LARGEST}"]
        # What the first has sent is not continued from the second.
        assert second.requests == [(f"/mnist/{LARGEST}", 0)]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_has_come_is_kept_while_the_mirror_is_busy(status, mirrors, tmp_path):
    def drops_and_is_busy(request):
        (drops_every(1000), answers(status), serves_the_files)[request.number - 1](request)

    (server,) = mirrors(drops_and_is_busy)
    mirror.put(tmp_path, LARGEST)
    assert load(tmp_path, server) == CONTENTS
    assert [start for _, start in server.requests] == [0, 1000, 1000]


def test_a_mirror_that_ignores_ranges_is_believed_to_send_the_whole_file(mirrors, tmp_path):
    (server,) = mirrors(drops_once(lambda request: request.reply(request.body)))
    mirror.put(tmp_path, LARGEST)
    assert load(tmp_path, server) == CONTENTS
    assert [start for _, start in server.requests] == [0, 1000]


@pytest.mark.parametrize("count", [20_000, 1000])
def test_a_lost_connection_goes_on_from_where_it_was_in_three_attempts(
    count, mirrors, tmp_path, monkeypatch
):
    pauses = []
    monkeypatch.setattr(download.time, "sleep", pauses.append)
    server, other = mirrors(drops_every(count), serves_the_files)
    assert load(tmp_path, server, other) == CONTENTS
    assert [start for _, start in server.requests][:3] == [0, count, 2 * count]
    # Where the three were not enough, it is not asked for the other files either.
    assert len(server.requests) == (6 if count == 20_000 else 3)
    assert len(other.requests) == (0 if count == 20_000 else 4)
    assert pauses == [download.PAUSE_SECONDS] * 2


@pytest.mark.parametrize(
    ("size", "seconds", "is_fast_enough"),
    [(5_001, 4, True), (1_200, 1, True), (3_000, 4, False), (900, 1, False)],
)
def test_ten_thousand_bytes_in_ten_seconds_are_fast_enough(
    size, seconds, is_fast_enough, tmp_path, monkeypatch
):
    clock = mock.Mock(return_value=1000)
    stream = io.BytesIO(PACKED_RIGHT)

    def read1(_):
        clock.return_value += seconds
        return stream.read(size)

    response = mock.MagicMock(status_code=200)
    response.__enter__.return_value = response
    response.raw = mock.Mock(length_remaining=len(PACKED_RIGHT), read1=read1)
    monkeypatch.setattr(download, "SILENT_SECONDS", 10)
    monkeypatch.setattr(download, "ATTEMPTS", 1)
    monkeypatch.setattr(download.time, "monotonic", clock)
    monkeypatch.setattr(download.requests, "get", lambda url, **_: response)
    mirror.put(tmp_path, LARGEST)
    with contextlib.nullcontext() if is_fast_enough else pytest.raises(UserError, match=SLOW):
        assert load(tmp_path, "http://mnist.invalid/") == CONTENTS


def has_images_alone(request):
    (serves_the_files if "images" in request.path else answers(404))(request)


LABELS = [name for name in PACKED if "labels" in name]


def test_of_the_next_mirror_only_what_is_missing_is_asked(mirrors, tmp_path):
    first, second = mirrors(has_images_alone, serves_the_files)
    mirror.put(tmp_path, LARGEST, *LABELS)
    assert load(tmp_path, first, second) == CONTENTS
    assert [path for path, _ in second.requests] == [f"/mnist/{name}" for name in LABELS]


def test_what_has_been_saved_is_not_among_the_links_for_the_browser(mirrors, tmp_path):
    mirror.put(tmp_path, LARGEST, *LABELS)
    with pytest.raises(UserError) as raised:
        load(tmp_path, *mirrors(has_images_alone))
    _, _, *links = str(raised.value).splitlines()
    assert links == [f"  {FOR_BROWSER}{name}" for name in LABELS]
    assert (tmp_path / LARGEST).exists()


def test_silent_mirrors_are_asked_once_each_and_end_within_a_minute(mirrors, tmp_path, monkeypatch):
    assert 4 * (download.CONNECT_SECONDS + ORIGINAL_SILENT_SECONDS) < 60  # with MNIST_MIRROR
    monkeypatch.setattr(download, "SILENT_SECONDS", 0.1)
    servers = mirrors(*[lambda request: request.wait()] * 3)
    with pytest.raises(UserError, match="timed out"):
        load(tmp_path, *servers)
    assert [len(server.requests) for server in servers] == [1, 1, 1]


def test_when_every_mirror_fails_the_message_says_why_and_how_to_do_without(
    mirrors, tmp_path, chinese
):
    servers = mirrors(answers(404), lambda r: r.reply(b"<html>"), lambda r: r.reply(b"<html>"))
    mirror.put(tmp_path, LARGEST, "t10k-labels-idx1-ubyte.gz")
    with pytest.raises(UserError) as raised:
        load(tmp_path, *servers)
    why, advice, *links = str(raised.value).splitlines()
    assert why.startswith("MNIST 下载失败：404 Client Error")
    assert why.count("；收到的不是这个文件（如果是校园网的登录页") == 1
    assert console.shown(tmp_path) in advice
    assert links == [f"  {FOR_BROWSER}{LARGEST}", f"  {FOR_BROWSER}t10k-labels-idx1-ubyte.gz"]


@pytest.mark.parametrize(
    ("place", "error", "said"),
    [
        ((socket, "getaddrinfo"), socket.gaierror(-2, "unknown"), "找不到服务器地址"),
        ((ssl.SSLContext, "wrap_socket"), ssl.SSLCertVerificationError(1, "no"), "不受信任的证书"),
        ((socket, "socket"), ConnectionRefusedError(111, "refused"), "refused"),
    ],
    ids=["address", "certificate", "refused"],
)
def test_a_mirror_out_of_reach_is_tried_once_and_the_reason_said(
    place, error, said, mirrors, tmp_path, monkeypatch, chinese
):
    def fails(*_, **__):
        raise error

    (server,) = mirrors(serves_the_files)
    monkeypatch.setattr(download.time, "sleep", lambda pause: pytest.fail("tried again"))
    monkeypatch.setattr(*place, fails)
    with pytest.raises(UserError, match=said):
        load(tmp_path, server.url.replace("http:", "https:"))


@pytest.mark.parametrize("is_there", [False, True])
@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_variable_that_names_no_file_of_certificates_is_named(
    variable, is_there, mirrors, tmp_path, monkeypatch
):
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    bundle = tmp_path / "school.pem"
    if is_there:
        bundle.write_text("no certificate")
    monkeypatch.setenv(variable, str(bundle))
    (server,) = mirrors(serves_the_files)
    with pytest.raises(UserError, match=f"{variable}=.*school.pem names no file of certificates"):
        load(tmp_path, server.url.replace("http:", "https:"))


@pytest.mark.parametrize(
    ("proxy", "said"),
    [("http://127.0.0.1:9", ""), ("socks5://127.0.0.1:9", "Missing .* -m pip install pysocks")],
    ids=["http", "socks"],
)
def test_a_proxy_that_is_of_no_use_is_named(proxy, said, mirrors, tmp_path, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", proxy)
    with pytest.raises(UserError, match=f"the proxy {proxy} fails: {said}"):
        load(tmp_path, *mirrors(serves_the_files))


ADDRESSES = ["{}", " {}// ", "", " ", "mnist", "ftp://x", "http://[", "socks5://["]


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_mirror_of_one_s_own_is_asked_first_if_it_is_an_address(
    address, mirrors, tmp_path, monkeypatch
):
    own, other = mirrors(serves_the_files, serves_the_files)
    monkeypatch.setenv("MNIST_MIRROR", address.format(own.url.rstrip("/")))
    assert load(tmp_path, other) == CONTENTS
    asked, not_asked = (own, other) if "{}" in address else (other, own)
    assert asked.requests == [(f"/mnist/{name}", 0) for name in PACKED]
    assert not not_asked.requests


def test_a_proxy_set_in_the_environment_is_used(mirrors, tmp_path, monkeypatch):
    (proxy,) = mirrors(serves_the_files)
    monkeypatch.setenv("http_proxy", proxy.url)
    assert load(tmp_path, "http://mnist.invalid/") == CONTENTS
    assert proxy.requests[0] == (f"http://mnist.invalid/{LARGEST}", 0)


def test_a_bar_shows_how_far_it_is_and_goes_on_where_it_was(mirrors, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(console, "is_terminal", lambda stream: True)
    mirror.put(tmp_path, LARGEST)
    load(tmp_path, *mirrors(drops_every(20_000)))
    bars = capsys.readouterr().err
    size = f"{len(PACKED_RIGHT) / 1000:.1f}k"
    assert f"20.0k/{size}" in bars
    assert f"100%|██████████| {size}/{size}" in bars


@pytest.mark.parametrize(
    "error",
    [OSError(28, "No space left on device"), PermissionError(13, "Permission denied")],
    ids=["full", "no right"],
)
def test_a_full_disk_is_one_sentence_and_leaves_what_was_there(
    error, mirrors, tmp_path, monkeypatch
):
    def fails(_):
        raise error

    mirror.put(tmp_path)
    (tmp_path / LARGEST).write_bytes(b"damaged")
    before = files_in(tmp_path)
    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(UserError) as raised:
        load(tmp_path, *mirrors(serves_the_files, serves_the_files))
    said = str(raised.value)
    assert f"({error.strerror}): free space or change --data_dir" in said
    assert "\n" not in said
    assert files_in(tmp_path) == before


def test_a_file_that_another_run_has_just_saved_and_holds_is_no_fault(
    mirrors, tmp_path, monkeypatch
):
    def held(_, target):
        target.write_bytes(PACKED[target.name])
        raise PermissionError(13, "The process cannot access the file")

    monkeypatch.setattr(os, "replace", held)
    assert load(tmp_path, *mirrors(serves_the_files)) == CONTENTS
    assert files_in(tmp_path) == PACKED


def test_a_file_in_the_place_of_the_folder_is_one_sentence(mirrors, tmp_path):
    (tmp_path / "data").write_bytes(b"mine")
    with pytest.raises(UserError) as raised:
        load(tmp_path / "data", *mirrors(serves_the_files))
    assert str(raised.value).startswith("MNIST cannot be saved in ")
    assert "\n" not in str(raised.value)
    assert (tmp_path / "data").read_bytes() == b"mine"


def test_three_processes_that_download_at_once_end_with_right_files(tmp_path):
    path = os.pathsep.join(map(os.path.dirname, (data.__file__, support.__path__[0], __file__)))
    with Mirror(sends_slowly(10_001, 0.06)) as server:
        code = (
            "import sys, data, mirror; from support import console; "
            f"mirror.use([{server.url!r}], setattr); "
            f"sys.exit(console.run(data.main, ['--data_dir', {str(tmp_path)!r}]))"
        )
        processes = [
            subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path})
            for _ in range(3)
        ]
        assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert files_in(tmp_path) == PACKED
