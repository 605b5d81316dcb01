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


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `tremorflow demo` writes, run once for all tests."""
    from typer.testing import CliRunner

    from tremorflow.cli import app

    folder = tmp_path_factory.mktemp("demo")
    result = CliRunner().invoke(app, ["demo", "--output", str(folder)])
    assert result.exit_code == 0, result.output
    for words in ("17 stations", "OBSERVED", "SIMULATED", "3 of 3 simulated bursts", f"{folder}/index.html"):
        assert words in result.output
    return folder
