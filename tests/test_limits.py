"""Student's code that runs on and on, prints, reads, draws or fails, and what is made of it."""

import os
import re
import subprocess
import sys
import threading
import time
import traceback
import types
import warnings
from pathlib import Path

import pytest

import make_startup
from submissions import METHODS, SOLUTION
from support.gradient_check import limits
from support.gradient_check.limits import OutOfTimeError, Place

MAIN = make_startup.CHAPTER / "startup" / "main.py"
X = "return x @ self.W + self.b"


def code_of(path, text):
    """Return the namespace of a module whose code seems to come from the file `path`."""
    namespace = {"__name__": Path(path).stem}
    exec(compile(text, str(path), "exec"), namespace)
    return namespace


@pytest.fixture
def student(tmp_path):
    """Return a function that defines a student's function `f` and returns (f, path of the file)."""

    def student(text, file="model.py"):
        return code_of(tmp_path / file, text)["f"], str(tmp_path / "model.py")

    return student


@pytest.fixture
def started(tmp_path):
    """Return a function that starts main.py --check_only with a stdin that nobody closes.

    It returns another, which waits for the end and returns exit code, output and errors.
    """
    processes = []

    def start(text, typed=""):
        file = tmp_path / str(len(processes)) / "model.py"
        file.parent.mkdir()
        file.write_text(text, encoding="utf-8")
        environment = {**os.environ, "DISPLAY": ":no display"}
        process = subprocess.Popen(
            [sys.executable, MAIN, "--check_only", "--model", file],
            cwd=tmp_path,
            env=environment,
            text=True,
            encoding="utf-8",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        processes.append(process)
        process.stdin.write(typed)
        process.stdin.flush()
        return lambda: (process.wait(60), process.stdout.read(), process.stderr.read())

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def test_what_the_function_returns_is_returned(student):
    f, path = student("def f(): return 42")
    assert limits.run_limited(f, 1, path) == 42


@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt, GeneratorExit])
def test_what_the_function_raises_is_raised(error, student):
    f, path = student(f"def f(): raise {error.__name__}('so')")
    with pytest.raises(error, match="so"):
        limits.run_limited(f, 1, path)


def test_it_runs_in_another_thread_which_ends(student):
    f, path = student("import threading\ndef f(): return threading.current_thread()")
    thread = limits.run_limited(f, 1, path)
    assert thread is not threading.current_thread()
    assert not thread.is_alive()


def test_without_a_thread_it_runs_all_the_same(student, monkeypatch):
    def start(self):
        raise RuntimeError("can't start new thread")

    f, path = student("def f(): return 42")
    monkeypatch.setattr(threading.Thread, "start", start)
    assert limits.run_limited(f, 1, path) == 42


ENDLESS = {
    # code, the lines of the student's that it stands in
    "loop": ("def f():\n    while True:\n        pass", [(2, 3)]),
    "called": ("def f():\n    g()\ndef g():\n    while True: pass", [(4,), (2,)]),
    "waiting": ("import time\ndef f():\n    time.sleep(0.8)", [(3,)]),
    "swallowing": (
        "def f():\n    while True:\n        try:\n            while True: pass\n"
        "        except Exception: pass", [(4,)]
    ),
    "swallowing twice": (
        "import time\ndef f():\n    for i in range(3):\n        try:\n"
        "            while True: time.sleep(0.001)\n        except BaseException: pass", [(5,)]
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ENDLESS)
def test_what_does_not_end_is_stopped_and_its_lines_are_named(name, student):
    text, lines = ENDLESS[name]
    f, path = student(text)
    before = set(threading.enumerate())
    start = time.monotonic()
    with pytest.raises(OutOfTimeError) as error:
        limits.run_limited(f, 0.2, path)
    assert 0.2 < time.monotonic() - start < 1.5
    places = error.value.places
    assert len(places) == len(lines)
    for place, allowed in zip(places, lines, strict=True):
        assert (place.path, place.line in allowed) == (path, True)
    assert error.value.args == (places[0],)
    assert error.value.place is places[0]
    assert error.value.library == ""
    for thread in set(threading.enumerate()) - before:
        assert name == "waiting"
        thread.join(2)
    assert set(threading.enumerate()) <= before


def test_where_the_student_s_code_is_not_at_work_no_place_is_named(student):
    _, path = student("f = 1")
    with pytest.raises(OutOfTimeError) as error:
        limits.run_limited(lambda: time.sleep(0.6), 0.3, path)
    assert error.value.place is None
    assert error.value.library == ""


def test_the_library_that_is_at_work_is_named(student, tmp_path):
    work = "import time\ndef jit():\n    for i in range(99): time.sleep(0.02)"
    library = code_of(tmp_path / "site" / "llvmlite" / "core" / "jit.py", work)
    library["__name__"] = "llvmlite.core.jit"
    outer = code_of(tmp_path / "site" / "numba" / "core" / "run.py", "def run(jit): jit()")
    outer["__name__"] = "numba.core.run"
    f, path = student("def f(run, jit):\n    run(jit)")
    with pytest.raises(OutOfTimeError) as error:
        limits.run_limited(lambda: f(outer["run"], library["jit"]), 0.3, path)
    assert error.value.place == Place(path, 2)
    assert error.value.library == "numba"


SLOW_LIBRARY = "import time\nfor i in range(5): time.sleep(0.1)\n"


def test_a_first_import_may_take_longer(student, tmp_path, monkeypatch):
    for name in ("slow_one", "slow_two"):
        (tmp_path / "site").mkdir(exist_ok=True)
        (tmp_path / "site" / f"{name}.py").write_text(SLOW_LIBRARY)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.setattr(limits, "is_students", lambda name, path: name == path)

    f, path = student("def f():\n    import slow_one\n    return 42")
    assert limits.run_limited(f, 0.25, path) == 42

    monkeypatch.setattr(limits, "IMPORT_LIMIT", 0.25)
    f, path = student("def f():\n    import slow_two\n    return 42")
    with pytest.raises(OutOfTimeError) as error:
        limits.run_limited(f, 0.25, path)
    assert error.value.place == Place(path, 2)
    assert error.value.library == "slow_two"


@pytest.mark.parametrize("name", ["pdb", "bdb", "pydevd", "_pydevd_bundle.x", "debugpy._vendored"])
def test_under_a_debugger_there_is_no_limit(name, student, tmp_path):
    wait = "import time\ndef wait():\n    for i in range(3): time.sleep(0.1)"
    debugger = code_of(tmp_path / "site" / "x" / "debugger.py", wait)
    debugger["__name__"] = name
    f, path = student("def f(wait):\n    wait()\n    return 42")
    assert limits.run_limited(lambda: f(debugger["wait"]), 0.1, path) == 42


def test_ctrl_c_stops_the_thread_too(student, monkeypatch):
    f, path = student("def f():\n    while True: pass")
    before = threading.active_count()

    def interrupted(self, seconds, join=threading.Thread.join):
        join(self, seconds)
        if threading.active_count() > before and not stopped:
            stopped.append(True)
            raise KeyboardInterrupt

    stopped = []
    monkeypatch.setattr(threading.Thread, "join", interrupted)
    with pytest.raises(KeyboardInterrupt):
        limits.run_limited(f, 5, path)
    assert threading.active_count() == before


def test_a_pending_input_neither_waits_nor_breaks_the_exit(started):
    while_loaded = started(SOLUTION + "\nx = input()\n")
    when_called = started(SOLUTION.replace(X, f"input()\n        {X}"))
    code, output, error = while_loaded()
    assert (code, output) == (1, "")
    assert "model.py" in error
    assert "input() cannot be used here" in error
    assert "Fatal" not in error

    code, output, error = when_called()
    assert (code, error) == (1, "")
    assert "(input() cannot be used here)" in output


def test_a_plot_opens_no_window_and_says_nothing(started):
    plot = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\nplt.savefig('a.png')\n"
    later = "import matplotlib.pyplot as plt\n        plt.plot([1])\n        plt.show()\n        "
    while_loaded = started(f"{SOLUTION}\n{plot}")
    when_called = started(SOLUTION.replace(X, later + X))
    code, output, error = while_loaded()
    assert (code, error) == (0, "")
    assert output.count("PASS") == len(METHODS) + 1
    code, _, error = when_called()
    assert (code, error) == (0, "")


def test_a_debugger_of_the_student_s_reads_what_is_typed(started):
    stop = "import pdb\npdb.Pdb().set_trace()\nx = 1\n"
    code, output, _ = started(f"{SOLUTION}\n{stop}", typed="p 6 * 7\nc\n")()
    assert code == 0
    assert "(Pdb) 42" in output


def test_the_surroundings_are_put_back(student, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "module://of_a_notebook")
    stdin, filters = sys.stdin, list(warnings.filters)
    look = (
        "import os, sys, warnings\ndef f():\n    warnings.simplefilter('ignore')\n"
        "    return os.environ.pop('MPLBACKEND'), sys.stdin.readline(), sys.stdin.read()"
    )
    f, path = student(look)
    assert limits.run_limited(f, 1, path) == ("Agg", "", "")
    assert os.environ["MPLBACKEND"] == "module://of_a_notebook"
    assert sys.stdin is stdin
    assert list(warnings.filters) == filters

    monkeypatch.delenv("MPLBACKEND")
    f, path = student("def f(): 1 / 0")
    with pytest.raises(ZeroDivisionError):
        limits.run_limited(f, 1, path)
    assert "MPLBACKEND" not in os.environ
    assert sys.stdin is stdin


def test_without_a_stdin_nothing_is_read(student, monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)  # as under pythonw
    f, path = student("def f(): input()")
    with pytest.raises(EOFError):
        limits.run_limited(f, 1, path)
    assert sys.stdin is None


@pytest.fixture
def module(tmp_path):
    """Return a function that makes a student's module of this code, in a file beside model.py."""

    def make(text, file="model.py"):
        module = types.ModuleType("model")
        module.__file__ = str(tmp_path / "model.py")
        exec(compile(text, str(tmp_path / file), "exec"), vars(module))
        return module

    return make


def test_of_many_prints_the_first_are_shown_and_all_are_counted(module, capsys):
    model = module("def f(n):\n    for i in range(n):\n        print(i, end=';', sep='')")
    with limits.limited_prints(model) as prints:
        model.f(40)
    assert capsys.readouterr().out == "0;1;2;3;4;"
    assert prints == {Place(model.__file__, 3): 40}
    model.f(7)
    assert capsys.readouterr().out == "0;1;2;3;4;5;6;"


def test_the_prints_work_again_after_an_error(module, capsys):
    model = module("def f(): 1 / 0\ndef g():\n    for i in range(9): print(i, end='')")
    with pytest.raises(ZeroDivisionError), limits.limited_prints(model):
        model.f()
    model.g()
    assert capsys.readouterr().out == "012345678"


COUNTED = {
    # code that prints ten times, the file that it stands in, whether that counts
    "model": ("print(i)", "model.py", True),
    "second file": ("print(i)", "layers.py", True),
    "to stdout": ("import sys; print(i, file=sys.stdout)", "model.py", True),
    "to stderr": ("import sys; print(i, file=sys.stderr)", "model.py", True),
    "by exec": ("exec('print(i)')", "model.py", True),
    "by map": ("list(map(print, [i]))", "model.py", True),
    "given file": ("print(i)", "main.py", False),
}


@pytest.mark.parametrize("name", COUNTED)
def test_only_the_student_s_prints_to_the_console_count(name, module, capsys):
    line, file, counts = COUNTED[name]
    model = module(f"def f():\n    for i in range(10):\n        {line}", file)
    if not counts:
        model.f = types.FunctionType(model.f.__code__, {"range": range, "print": None})
        model.f.__globals__.pop("print")
    with limits.limited_prints(model) as prints:
        model.f()
    captured = capsys.readouterr()
    shown = captured.err if "stderr" in line else captured.out
    assert prints.total() == (10 if counts else 0)
    assert len(shown.split()) == (limits.SHOWN_PRINTS if counts else 10)


def test_prints_into_a_file_are_not_the_console_s(module, tmp_path):
    model = module("def f(file):\n    for i in range(10): print(i, file=file)")
    path = tmp_path / "log.txt"
    with open(path, "w") as file, limits.limited_prints(model) as prints:
        model.f(file)
    assert path.read_text().split() == list("0123456789")
    assert not prints


def test_a_long_print_is_cut(module, capsys):
    model = module("def f(): print('x' * 10 ** 6)\ndef g(): print('y' * 2000, end='')")
    with limits.limited_prints(model):
        model.f()
        model.g()
    assert capsys.readouterr().out == "x" * 2000 + " ...\n" + "y" * 2000


FILES = {
    # a file of code, and whether it is the student's, if model.py is /home/anna/ch3/model.py
    "/home/anna/ch3/model.py": True,
    "/home/anna/ch3/layers.py": True,
    "/home/anna/ch3/mylib/layers.py": True,
    "/home/anna/ch3/data.py": False,
    "/home/anna/ch3/main.py": False,
    "/home/anna/ch3/support/console.py": False,
    "/home/anna/ch3/.venv/lib/numpy/linalg.py": False,
    "/home/anna/layers.py": False,
    "/usr/lib/python3/random.py": False,
    "<string>": False,
    "<frozen importlib._bootstrap>": False,
}


@pytest.mark.parametrize("name", FILES)
def test_the_student_s_files_are_model_and_those_beside_it(name):
    assert limits.is_students(name, "/home/anna/ch3/model.py") == FILES[name]


def test_a_file_of_any_name_can_be_the_student_s():
    assert limits.is_students("/home/anna/main.py", "/home/anna/main.py")


def caught(function, *arguments):
    with pytest.raises(BaseException) as error:  # noqa: PT011
        function(*arguments)
    return error.value


MESSAGES = {
    # code, its message
    "plain": ("1 / 0", "ZeroDivisionError: division by zero"),
    "none": ("raise ValueError", "ValueError"),
    "over lines": ("raise ValueError('a\\n   b')", "ValueError: a b"),
    "long": ("raise ValueError('x' * 500)", "ValueError: " + "x" * 200),
    "recursion": ("f()", "RecursionError: maximum recursion depth exceeded.*"
                  " (f calls itself, without end)"),
    "recursion, raised": ("raise RecursionError('so')", "RecursionError: so"),
    "input": ("raise EOFError('EOF when reading a line')",
              "EOFError: EOF when reading a line (input() cannot be used here)"),
    "a file's end": ("raise EOFError('Ran out of input')", "EOFError: Ran out of input"),
}  # fmt: skip


@pytest.mark.parametrize("name", MESSAGES)
def test_the_message_of_an_error_is_one_line(name, student):
    text, message = MESSAGES[name]
    f, path = student(f"def f():\n    {text}")
    error = caught(limits.run_limited, f, 5, path)
    assert re.fullmatch(message.replace("(", r"\(").replace(")", r"\)"), limits.message_of(error))


def test_of_methods_that_call_each_other_one_is_named(student, chinese):
    f, _ = student("def f():\n    g()\ndef g():\n    f()")
    assert limits.message_of(caught(f)).endswith(("（f 不停地调用自己）", "（g 不停地调用自己）"))
    assert limits.message_of(RecursionError("so")) == "RecursionError: so"


def test_the_last_frame_is_the_innermost_of_the_student_s(student, tmp_path):
    library = code_of(tmp_path / "site" / "lib" / "library.py", "def fail(): 1 / 0")
    g, path = student("def f(fail):\n    y = 2\n    fail()", "layers.py")
    f, path = student("def f(g, fail):\n    x = 1\n\n    g(fail)")
    frame, place = limits.last_frame(caught(f, g, library["fail"]), path)
    assert place == Place(str(tmp_path / "layers.py"), 3)
    assert frame.f_locals["y"] == 2
    frame, place = limits.last_frame(caught(f, library["fail"], None), path)
    assert place == Place(path, 4)
    assert frame.f_locals["x"] == 1
    assert limits.last_frame(caught(library["fail"]), path) == (None, None)


def test_a_place_shows_its_file_and_line_and_quotes_at_most_100_characters(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "model.py"
    path.write_text("x = 1\n   y = '" + "z" * 200 + "'\n")
    assert str(Place(str(path), 2)) == "model.py:2"
    assert Place(str(path), 2).source == "y = '" + "z" * 95
    assert Place(str(path), 3).source == ""


def test_the_traceback_of_an_error_still_leads_to_the_student(student):
    f, path = student("def f(): 1 / 0")
    error = caught(limits.run_limited, f, 1, path)
    assert traceback.extract_tb(error.__traceback__)[-1].filename == path
