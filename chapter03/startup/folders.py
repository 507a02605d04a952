"""Where this folder's files are: in `data/` and `model/` of the repository.

A folder copied elsewhere, as when homework is handed in, has the two beside it.
"""

from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent.parent if FOLDER.parent.name == "chapter03" else FOLDER.parent
DATA_DIR = ROOT / "data"
MODEL_DIR = ROOT / "model"


def weights_path(model_dir=MODEL_DIR):
    """Return the weights file of this folder: startup and solution each have their own."""
    return Path(model_dir) / FOLDER.name / "weights.npz"


def shown(path):
    """Return `path` as short as the folder in which the command was started allows."""
    path = Path(path)
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
