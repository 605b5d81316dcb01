import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("tremorflow", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("tremorflow")

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real recordings and catalogues, which are not part of the project."""
    folder = Path(os.environ.get("TREMORFLOW_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real recordings are not at {folder}; set TREMORFLOW_DATA to their folder")
    return folder
