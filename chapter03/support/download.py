"""The files of a data set: found in a folder by their content, or fetched from a mirror.

data.py says which files, where from and into which folder. A file counts only if its SHA-256 is
right, and nothing in the folder is lost: only a damaged copy is ever replaced.
"""

import gzip
import hashlib
import io
import itertools
import os
import socket
import ssl
import sys
import time
import zlib
from pathlib import Path
from typing import NamedTuple

import requests
from tqdm import tqdm
from urllib3.exceptions import HTTPError

from support import console
from support.files import replace_whole
from support.language import UserError, say

FOLDERS_DEEP = 2  # files are looked for in folders of folders: browsers and archives add some
TOO_DEEP = 5  # down to here, a file that has the right name is told that it lies too deep
NEAR_MISSES_LOOKED_AT = 10_000  # files: somebody's --data_dir may be the whole disk
NEAR_MISSES_TOLD = 3  # of a kind
LARGEST_PACKED = 12_000_000  # bytes; MNIST's largest has 9.9 million
GZIP_MAGIC = b"\x1f\x8b"
# What a broken download begins with: a packed file, an unpacked one, a log-in page.
BEGINNINGS = (GZIP_MAGIC, b"\0\0\x08", b"<")
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".7z", ".rar")

ATTEMPTS = 3  # of a mirror that is busy or loses the connection
PAUSE_SECONDS = 1  # between them
CONNECT_SECONDS = 3
SILENT_SECONDS = 10
SLOWEST_BYTES = 10_000  # in SILENT_SECONDS
# What requests raises is an OSError, what urllib3 raises an HTTPError, and an address that is none
# a ValueError.
FAULTS = (OSError, HTTPError, ValueError)


class File(NamedTuple):
    """A file of the data set: the mirrors send it packed, under this name and .gz."""

    name: str
    size: int  # bytes, unpacked
    sha256: str  # of the unpacked bytes, as 64 hexadecimal digits


def find_or_fetch(files, mirrors, folder, for_browser):
    """Return {name: content} of all `files`, unpacked; what `folder` lacks is saved in it.

    `for_browser` is the mirror to be named if none can be reached. Raises UserError.
    """
    folder = Path(folder)
    contents = find(files, folder)
    if len(contents) == len(files):
        return contents

    _tell_near_misses(files, folder)
    missing = [file for file in files if file.name not in contents]
    paths = {file.name: _place_for(file, files, folder) for file in missing}
    reasons = []
    for mirror in _own_mirror() + list(mirrors):
        try:
            for file in missing:
                if file.name not in contents:
                    contents[file.name] = _fetch(mirror, file, files, paths[file.name])
            return contents
        except FAULTS as fault:
            reason = _in_words(mirror, fault)
            print(f"  {reason}")
            reasons.append(reason)

    links = [f"\n  {for_browser}{file.name}.gz" for file in missing if file.name not in contents]
    raise _out_of_reach(reasons, links, folder)


# ---- What lies in the folder ----


def find(files, folder):
    """Return {name: content} of what `folder` holds of `files`, whatever it is called there."""
    contents = {}
    for path in _files_below(folder, FOLDERS_DEEP):
        if len(contents) == len(files):
            break
        content = _read(path, files)
        name = _name_of(content, files)
        if name:
            contents[name] = content
    return contents


def _files_below(folder, levels):
    """Yield the files in `folder`, then those in its folders, and so on for so many `levels`.

    Only regular files, since a pipe would never end, and links to them. Links to folders are not
    followed: they may lead round in a circle, or to the whole disk.
    """
    places = [Path(folder)]
    for _ in range(levels + 1):
        next_places = []
        for place in places:
            for path in _listed(place):
                if os.path.isfile(path):
                    yield path
                elif os.path.isdir(path) and not os.path.islink(path):
                    next_places.append(path)
        places = next_places


def _listed(folder):
    try:
        return sorted(folder.iterdir())
    except OSError:  # it is not there, or may not be read
        return []


def _read(path, files):
    """Return the unpacked content of a file, or nothing if by its size it is none of `files`."""
    sizes = [file.size for file in files]
    try:
        size = os.path.getsize(path)
        if size not in sizes and size > LARGEST_PACKED:
            return b""
        with open(path, "rb") as stream:
            start = stream.read(2)
            if size not in sizes and start != GZIP_MAGIC:
                return b""
            return _unpacked(start + stream.read(), files)
    except OSError:
        return b""


def _unpacked(content, files):
    """Return the bytes, unpacked if they are packed; nothing if they are damaged."""
    if not content.startswith(GZIP_MAGIC):
        return content
    try:
        with gzip.open(io.BytesIO(content)) as stream:
            # One byte more shows that it is too much: a gzip bomb must not fill the memory.
            return stream.read(_largest(files) + 1)
    except (OSError, EOFError, zlib.error):
        return b""


def _name_of(content, files):
    """Return the name of the file that these bytes are, or None."""
    for file in files:
        if len(content) == file.size and hashlib.sha256(content).hexdigest() == file.sha256:
            return file.name
    return None


def _tell_near_misses(files, folder):
    """Name the archives that are not unpacked, and the files that lie too deep to be found."""
    names = tuple(file.name for file in files)
    archives = []
    too_deep = []
    for path in itertools.islice(_files_below(folder, TOO_DEEP), NEAR_MISSES_LOOKED_AT):
        depth = len(path.relative_to(folder).parts) - 1
        if path.name.lower().endswith(ARCHIVES):
            archives.append(path)
        elif depth > FOLDERS_DEEP and path.name.replace(".", "-").startswith(names):
            too_deep.append(path)

    place = _printable(console.shown(folder))
    for path in archives[:NEAR_MISSES_TOLD]:
        shown = _printable(console.shown(path))
        english = f"{shown} is an archive: if MNIST is in it, unpack it in {place}."
        print(say(english, f"{shown} 是压缩包：如果里面是 MNIST，请解压到 {place}。"))
    for path in too_deep[:NEAR_MISSES_TOLD]:
        shown = _printable(console.shown(path))
        english = f"{shown} lies too deep to be found: move it into {place}."
        print(say(english, f"{shown} 所在的文件夹太深，找不到：请移到 {place}。"))


def _place_for(file, files, folder):
    """Return the path for the file once it is fetched, and say what is wrong with what lies there.

    A damaged copy is replaced. Anything else of that name is kept, and the file gets another name.
    """
    path = folder / f"{file.name}.gz"
    for present in (folder / file.name, path):
        shown = console.shown(present)
        judged = _judge(present, file, files)
        if judged == "damaged":
            print(say(f"{shown} is damaged: fetching it anew.", f"{shown} 已损坏，重新下载。"))
        elif judged == "another":
            english = f"{shown} is not MNIST's {file.name}: it is left as it is."
            print(say(english, f"{shown} 不是 MNIST 的 {file.name}：原样保留。"))

    for number in itertools.count(1):
        if _judge(path, file, files) in ("nothing", "right", "damaged"):
            return path
        path = folder / f"{file.name} ({number}).gz"


def _judge(path, file, files):
    """Return what lies at `path`: "nothing", the "right" file, a "damaged" one, or "another".

    Another is whole and somebody may want it: Fashion-MNIST under MNIST's names, or a folder.
    """
    if not os.path.lexists(path):
        return "nothing"
    if not os.path.isfile(path):  # also a link to a disk that is not plugged in
        return "another"
    try:
        if os.path.getsize(path) > _largest(files):
            return "another"
        raw = path.read_bytes()
    except OSError:
        return "another"

    content = _unpacked(raw, files)
    was_packed = content and raw.startswith(GZIP_MAGIC)
    if _name_of(content, files) == file.name:
        return "right"
    if was_packed or len(content) >= file.size:
        return "another"
    if raw and not raw.startswith(BEGINNINGS):
        return "another"
    return "damaged"


def _largest(files):
    return max(file.size for file in files)


# ---- What a mirror sends ----


def _own_mirror():
    own = os.environ.get("MNIST_MIRROR", "").strip()
    return [own.rstrip("/") + "/"] if own else []


def _fetch(mirror, file, files, path):
    """Return the content of the file from this mirror, after saving it at `path` as it was sent."""
    url = f"{mirror}{file.name}.gz"
    print(say(f"Downloading {url}", f"正在下载 {url}"))
    packed = _try_mirror(url, file, files)
    _save(packed, path, file, files)
    return _unpacked(packed, files)


def _try_mirror(url, file, files):
    """Return the right file as `url` sends it, or raise what was wrong with the last attempt.

    The next attempt goes on where the connection was lost, or begins anew if the file was wrong.
    """
    received = bytearray()
    for attempt in range(ATTEMPTS):
        if attempt > 0:
            time.sleep(PAUSE_SECONDS)
        try:
            with _ask(url, len(received)) as response:
                # 200: the whole file comes, not the rest. 416: there is no such rest.
                if response.status_code in (200, 416):
                    received.clear()
                response.raise_for_status()
                for piece in _pieces(response, len(received)):
                    received += piece
                    if len(received) > _largest(files):
                        break
        except FAULTS as error:
            fault = error
            is_answered = isinstance(error, requests.HTTPError)
            if not received and not is_answered:  # out of reach, or silent
                break
        else:
            if _name_of(_unpacked(received, files), files) == file.name:
                return received
            fault = ValueError(
                say(
                    "not the file (a log-in page? log in with a browser first)",
                    "收到的不是这个文件（如果是校园网的登录页，请先用浏览器登录）",
                )
            )
            received.clear()
    raise fault


def _ask(url, start):
    # identity: some servers would otherwise undo or repeat the compression of a .gz file.
    headers = {"Accept-Encoding": "identity"}
    if start > 0:
        headers["Range"] = f"bytes={start}-"
    timeout = (CONNECT_SECONDS, SILENT_SECONDS)
    return requests.get(url, headers=headers, stream=True, timeout=timeout)


def _pieces(response, start):
    """Yield what comes, with a bar that begins at `start`; TimeoutError if it comes too slowly."""
    total = start + (response.raw.length_remaining or 0)
    read = getattr(response.raw, "read1", response.raw.read)  # old versions have no read1
    hidden = not console.is_terminal(sys.stderr)
    count = 0
    since = time.monotonic()
    with tqdm(total=total, initial=start, unit="B", unit_scale=True, disable=hidden) as bar:
        while piece := read(1 << 14):
            yield piece
            bar.update(len(piece))

            count += len(piece)
            if count > SLOWEST_BYTES:
                count = 0
                since = time.monotonic()
            elif time.monotonic() - since > SILENT_SECONDS:
                raise TimeoutError(say("it is too slow", "速度太慢"))


def _save(packed, path, file, files):
    """Make `packed` the file `path`, whole or not at all; raise UserError."""
    try:
        replace_whole(path, packed)
    except OSError as error:
        # Windows refuses also while another run, which was quicker, reads the file: all is well.
        if _judge(path, file, files) == "right":
            return
        shown = console.shown(path.parent)
        why = error.strerror
        raise UserError(
            f"MNIST cannot be saved in {shown} ({why}): free space or change --data_dir.",
            f"无法把 MNIST 存入 {shown}（{why}）：请腾出空间，或用 --data_dir 换文件夹。",
        ) from None


# ---- What is said when it fails ----


def _out_of_reach(reasons, links, folder):
    why = say("; ", "；").join(dict.fromkeys(reasons))
    shown = console.shown(folder)
    list_of_links = "".join(links)
    return UserError(
        f"MNIST could not be downloaded: {why}.\n"
        f"Run again later, or download these with a browser into {shown}:{list_of_links}",
        f"MNIST 下载失败：{why}。\n请稍后再试，或用浏览器下载这些文件到 {shown}：{list_of_links}",
    )


def _in_words(url, fault):
    """Return the reason that lies beneath `fault`, in a few words."""
    cause = fault
    while cause.__context__:
        cause = cause.__context__
    words = _printable(cause)[:150] or type(cause).__name__

    if isinstance(fault, requests.exceptions.ProxyError) or "SOCKS" in words:
        if "SOCKS" in words:
            words += " " + console.command("-m", "pip", "install", "pysocks")
        proxy = requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url))
        return say(f"the proxy {proxy} fails: {words}", f"代理 {proxy} 出错：{words}")
    if isinstance(cause, ssl.SSLCertVerificationError):
        return say(
            "an unknown certificate: if you trust it, let REQUESTS_CA_BUNDLE name its file",
            "不受信任的证书：如果信任它，请用 REQUESTS_CA_BUNDLE 指明证书文件",
        )
    variables = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    settings = [f"{name}={os.environ[name]}" for name in variables if os.environ.get(name)]
    if settings and ("certificate bundle" in words or "certificate or crl" in words):
        return say(
            f"{settings[0]} names no file of certificates",
            f"环境变量 {settings[0]} 指明的证书文件不存在或不能用",
        )
    if isinstance(cause, socket.gaierror):
        return say("its address cannot be found (no network?)", "找不到服务器地址（没有联网？）")
    return words


def _printable(text):
    """Return the text on one line, without codes that would steer the console."""
    line = " ".join(str(text).split())
    return "".join(character for character in line if character.isprintable())
