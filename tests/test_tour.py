"""The tour runs from its first cell to its last in a fresh checkout: no earlier run, no network."""

import re
import shutil

import nbformat
import pytest
from ipykernel.kernelspec import write_kernel_spec
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient


@pytest.fixture
def tour(project):
    return nbformat.read(project / "notebooks/tour.ipynb", as_version=4)


def _code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _printed(cell):
    return "".join(output.get("text", "") for output in cell.outputs)


def test_no_outputs_are_committed(tour):
    assert not any(cell.outputs or cell.execution_count for cell in _code(tour))


@pytest.mark.slow
def test_every_cell_runs_what_the_text_claims_holds_and_nothing_is_left_behind(tour, project, project_copy, tmp_path):
    folder = project_copy.folder / "notebooks"
    shutil.copytree(project / "notebooks", folder)
    write_kernel_spec(tmp_path / "kernels/python3")  # of this interpreter, whatever else the user has installed
    specs = KernelSpecManager(kernel_dirs=[str(tmp_path / "kernels")])
    manager = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=specs)
    before = set(project_copy.folder.rglob("*"))
    client = NotebookClient(
        tour, km=manager, timeout=300, allow_errors=False, resources={"metadata": {"path": str(folder)}}
    )
    ran = client.execute(env={**project_copy.environment(), "PYTHONDONTWRITEBYTECODE": "1"})
    cells = {cell["id"]: cell for cell in _code(ran)}
    deceived = re.search(r"(\d+) of \d+ wrong queries return the gold's rows", _printed(cells["prepared"]))
    assert deceived and int(deceived[1]) > 0
    assert re.search(r"loss \d+\.\d+ nats", _printed(cells["step"]))
    left = {path for path in set(project_copy.folder.rglob("*")) - before if path.is_file()}
    assert not left
