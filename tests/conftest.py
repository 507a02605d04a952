"""Every test starts in English, with one BLAS thread, and with no proxy or mirror of the user's."""

import os

import pytest

import support  # noqa: F401  (before NumPy: one thread)

for name in ("LC_ALL", "LC_MESSAGES", "LANG", "MNIST_MIRROR", "MPLBACKEND"):
    os.environ.pop(name, None)
os.environ["LANGUAGE"] = "en"
os.environ["NO_PROXY"] = "127.0.0.1"


@pytest.fixture
def chinese(monkeypatch):
    monkeypatch.setenv("LANGUAGE", "zh_CN")
