"""Runs the stock kernel and ours in alternation over the cells of 01-palette and prints one table in Markdown.

Usage: bench_kernel.py ROOT ROUNDS

The stock kernel is the same evcxr_jupyter without the kernel specification's environment: it then does nothing that
evcxr_jupyter itself does not.
Every round starts each kernel afresh. The heavy call is also made by a release binary (examples/kmeans_all_pixels.rs).
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from jupyter_client.manager import KernelManager

ROOT, ROUNDS = pathlib.Path(sys.argv[1]), int(sys.argv[2])
NOTEBOOKS = ROOT / "notebooks"
HEAVY = """let started = std::time::Instant::now();
Palette::fit(&china, &PaletteOptions::new().colors(16).engine(Engine::Linfa).max_iterations(20))?;
println!("heavy {}", started.elapsed().as_secs_f64());"""


def say(text):
    print(text, file=sys.stderr, flush=True)


def cells():
    notebook = json.loads((NOTEBOOKS / "01-palette.ipynb").read_text())
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def run_kernel(warm):
    """Seconds to ready, to the first figure, of each cell after the first figure, and of the heavy call."""
    environment = dict(os.environ)
    manager = KernelManager(kernel_name="rust")
    if not warm:
        manager.kernel_spec.env = {}
    # Plain settings: no configuration of the reader's either.
    environment["EVCXR_CONFIG_DIR"] = tempfile.mkdtemp()
    started = time.perf_counter()
    manager.start_kernel(cwd=str(NOTEBOOKS), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=300)
    ready = time.perf_counter() - started
    first_figure, latencies, heavy, seen = None, [], None, []

    def hook(message):
        seen.append(message["content"])

    for source in [*cells(), HEAVY]:
        seen.clear()
        begun = time.perf_counter()
        reply = client.execute_interactive(source, timeout=1800, output_hook=hook)
        took = time.perf_counter() - begun
        if reply["content"]["status"] != "ok":
            raise SystemExit(f"a cell failed: {source}")
        figure = any(kind.startswith("image/") for content in seen for kind in content.get("data", {}))
        if first_figure is not None and source is not HEAVY:
            latencies.append(took)
        if figure and first_figure is None:
            first_figure = time.perf_counter() - started
        for content in seen:
            if content.get("text", "").startswith("heavy "):
                heavy = float(content["text"].split()[1])
    client.stop_channels()
    manager.shutdown_kernel()
    return ready, first_figure, latencies, heavy


def main():
    runs = {"stock": [], "cortado": []}
    binary = []
    for number in range(ROUNDS):
        for name, results in runs.items():
            say(f"round {number + 1} of {ROUNDS}: {name}")
            results.append(run_kernel(name == "cortado"))
        example = ROOT / "target/release/examples/kmeans_all_pixels"
        binary.append(float(subprocess.run([example], check=True, capture_output=True, text=True).stdout))

    def column(name, measure):
        return statistics.median(measure(run) for run in runs[name])

    def all_latencies(name):
        return sorted(latency for run in runs[name] for latency in run[2])

    def row(title, stock, ours, unit="s"):
        print(f"| {title} | {stock:.2f} {unit} | {ours:.2f} {unit} | {ours / stock:.3f} |")

    print(f"| median of {ROUNDS} | stock | cortado | ratio |\n|---|---|---|---|")
    for title, measure in [
        ("start to ready", lambda run: run[0]),
        ("start to first figure", lambda run: run[1]),
        ("one k-means on all pixels", lambda run: run[3]),
    ]:
        row(title, column("stock", measure), column("cortado", measure))
    for title, share in [("cell latency, p50", 0.5), ("cell latency, p95", 0.95)]:
        stock, ours = (all_latencies(name) for name in runs)
        row(title, stock[int(share * (len(stock) - 1))], ours[int(share * (len(ours) - 1))])
    release = statistics.median(binary)
    print(f"\nThe same k-means in a release binary: {release:.2f} s; in the cortado kernel "
          f"{column('cortado', lambda run: run[3]) / release:.2f} times that.")


main()
