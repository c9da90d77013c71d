"""Runs one notebook from a fresh kernel, cell by cell, and prints a JSON event a line.

Usage: run_notebook.py NOTEBOOK [--write-back]

A cell fails when the kernel reports an error, and also when it writes to standard error: that is where a Rust cell's
`?`, panics and warnings go, which the kernel does not count as errors. A cell tagged `shows-stderr` may write there.
"""

import json
import pathlib
import re
import subprocess
import sys

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

# The first `:dep` cell of a cold kernel builds the library and all it depends on.
SECONDS_A_CELL = 900


def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


def first_line(cell):
    return next((line for line in cell.source.splitlines() if line.strip()), "")


def written_to_stderr(cell):
    if "shows-stderr" in cell.metadata.get("tags", []):
        return ""
    streams = (output for output in cell.outputs if output.output_type == "stream" and output.name == "stderr")
    return "".join(output.text for output in streams).strip()


def told_errors(cell):
    """What the kernel says of the cell's errors, without terminal colours."""
    for output in cell.outputs:
        if output.output_type == "error":
            told = "\n".join(output.traceback) or output.evalue
            yield re.sub(r"\x1b\[[0-9;]*m", "", told).strip()


def run(path):
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    indices = {id(cell): index for index, cell in enumerate(notebook.cells)}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    client = NotebookClient(
        notebook,
        timeout=SECONDS_A_CELL,
        startup_timeout=300,
        resources={"metadata": {"path": str(path.parent)}},
    )
    # The kernel's own standard output is not the cells', and events are on ours.
    with client.setup_kernel(stdout=subprocess.DEVNULL):
        for number, cell in enumerate(cells, 1):
            say("cell", number=number, total=len(cells), first_line=first_line(cell))
            try:
                client.execute_cell(cell, indices[id(cell)])
                message = written_to_stderr(cell)
            except CellExecutionError:
                message = "\n".join(told_errors(cell)) or "the kernel gave no reason"
            except (CellTimeoutError, DeadKernelError) as error:
                message = str(error)
            if message:
                say("failed", number=number, first_line=first_line(cell), message=message)
                return None
            cell.execution_count = number
    return notebook


def tidy(notebook):
    """What depends on the run and not on its result is left out, so that the file changes only when a result does."""
    notebook.metadata.kernelspec = {"display_name": "Rust", "language": "rust", "name": "rust"}
    notebook.metadata.language_info = {"file_extension": ".rs", "mimetype": "text/rust", "name": "rust"}
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02}"
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            if output.output_type == "execute_result":
                output.execution_count = cell.execution_count


def main():
    path = pathlib.Path(sys.argv[1])
    notebook = run(path)
    if notebook is None:
        return
    if "--write-back" in sys.argv[2:]:
        tidy(notebook)
        beside = path.with_suffix(".ipynb.part")
        nbformat.write(notebook, beside)
        beside.replace(path)
    say("done")


main()
