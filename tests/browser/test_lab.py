"""Opens JupyterLab as a reader does and works through it in headless Chromium.

    python tests/browser/test_lab.py [--keep FOLDER]

Needs `pip install -r tests/browser/requirements.txt` and a Chromium; `.ci/run` installs both. It starts
`cortado lab --no-browser`, so everything that the command sets up must be there or can be set up. Screenshots stay in
FOLDER (target/browser unless given).
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

from playwright.sync_api import expect, sync_playwright

ROOT = pathlib.Path(__file__).resolve().parents[2]
MINUTES = 60_000
# Chromium of its own accord asks the network for many things; here it is to talk to the loopback only.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]


def chromium():
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    raise SystemExit("no Chromium found: install one (on Debian: apt install chromium)")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def lab():
    """A running server; gives its address with the token."""
    port = free_port()
    command = ["cargo", "run", "--release", "--quiet", "--", "lab", "--no-browser", "--port", str(port)]
    server = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        for line in server.stderr:
            if match := re.search(rf"http://127\.0\.0\.1:{port}/\S*\?token=\w+", line):
                break
        else:
            raise SystemExit(f"the server ended with {server.wait()}")
        yield match.group(0)
    finally:
        os.killpg(server.pid, signal.SIGINT)
        try:
            server.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)


def open_notebook(context, address, name):
    page = context.new_page()
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(address.replace("/lab/tree/01-palette.ipynb", f"/lab/tree/{name}"))
    cells = json.loads((ROOT / "notebooks" / name).read_text())["cells"]
    expect(page.locator(".jp-Notebook .jp-Cell .jp-InputArea-editor")).to_have_count(len(cells), timeout=2 * MINUTES)
    expect(page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")).to_be_visible(timeout=2 * MINUTES)
    return page


def menu(page, *path):
    """Chooses an entry of the menu bar."""
    page.locator(".lm-MenuBar-itemLabel", has_text=re.compile(f"^{path[0]}$")).click()
    page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{re.escape(path[1])}")).first.click()


def run_all(page):
    """Clears all outputs, runs all cells, and waits for the last one."""
    menu(page, "Edit", "Clear Outputs of All Cells")
    prompts = page.locator(".jp-CodeCell .jp-InputArea-prompt")
    expect(prompts.last).to_have_text("[ ]:")
    menu(page, "Run", "Run All Cells")
    expect(prompts.last).to_have_text(re.compile(r"\[\d+\]:"), timeout=10 * MINUTES)
    errors = page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error'], "
                          ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']")
    assert errors.count() == 0, errors.all_inner_texts()


def loaded_images(page, alternative):
    """Number of images with some content in outputs of a kind."""
    return page.evaluate(
        "kind => [...document.querySelectorAll(`.jp-RenderedSVG img, .jp-RenderedImage img`)]"
        ".filter(image => image.naturalWidth > 100 && image.src.startsWith(`data:${kind}`)).length",
        alternative,
    )


def check_figures(page):
    """Photos, swatches, plots and the slider are there as pictures."""
    assert loaded_images(page, "image/png") >= 2, "photos"
    svgs = page.evaluate(
        "() => [...document.querySelectorAll('.jp-RenderedSVG img')].map(image => "
        "decodeURIComponent(image.src.slice(image.src.indexOf(',') + 1)))"
    )
    for text in ("128 colours", "Rate and distortion of china.jpg", "The error of every pixel", "order-0 entropy"):
        assert any(text in svg for svg in svgs), text
    assert loaded_images(page, "image/svg+xml") == len(svgs), "every chart has loaded"
    expect(page.locator(".jp-RenderedHTMLCommon table").first).to_be_visible()


def check_slider(page, folder):
    """Moving the slider changes the picture and its label."""
    figure = page.locator("figure.cortado-slider").first
    figure.scroll_into_view_if_needed()
    slider, label = figure.locator("input[type=range]"), figure.locator("output")
    shown = figure.locator("img:visible")
    expect(shown).to_have_count(1)
    before = (label.inner_text(), shown.get_attribute("src"))
    figure.screenshot(path=folder / "slider-before.png")
    slider.click()  # in its middle
    expect(label).to_have_text("k = 16")
    by_mouse = shown.get_attribute("src")
    page.keyboard.press("ArrowRight")
    expect(label).to_have_text("k = 32")
    by_key = shown.get_attribute("src")
    figure.screenshot(path=folder / "slider-after.png")
    assert before[0] == "k = 2", before[0]
    assert len({before[1], by_mouse, by_key}) == 3, "the picture did not change"


def whole_page(page, path):
    """A screenshot of the notebook from its first cell to its last."""
    height = page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollHeight")
    page.set_viewport_size({"width": 1280, "height": height + 200})
    page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollTop = 0")
    page.wait_for_timeout(1000)
    page.screenshot(path=path)
    page.set_viewport_size({"width": 1280, "height": 900})


def check_restart(page):
    """After a restart the first cells work again, from a fresh kernel."""
    menu(page, "Kernel", "Restart Kernel and Run All Cells")
    page.get_by_role("button", name="Confirm Kernel Restart").or_(page.locator(".jp-Dialog .jp-mod-accept")).click()
    prompts = page.locator(".jp-CodeCell .jp-InputArea-prompt")
    # All cells are waiting, then the first one is done.
    expect(prompts.last).to_have_text("[*]:", timeout=MINUTES)
    expect(prompts.last).to_have_text(re.compile(r"\[\d+\]:"), timeout=10 * MINUTES)
    check_figures(page)


@contextlib.contextmanager
def second_notebook():
    """Another notebook in the folder, for as long as it is needed; gives its name."""
    copy = ROOT / "notebooks/second.ipynb"
    shutil.copy(ROOT / "notebooks/01-palette.ipynb", copy)
    try:
        yield copy.name
    finally:
        copy.unlink()


@contextlib.contextmanager
def as_it_was(path):
    """JupyterLab saves an open notebook every two minutes: puts the file back."""
    original = path.read_bytes()
    try:
        yield
    finally:
        path.write_bytes(original)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--keep", type=pathlib.Path, default=ROOT / "target/browser")
    folder = parser.parse_args().keep
    folder.mkdir(parents=True, exist_ok=True)
    walkthrough = as_it_was(ROOT / "notebooks/01-palette.ipynb")
    # Left in the order from right to left: the file is put back once nothing can save it any more.
    with walkthrough, lab() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        context = browser.new_context()
        started = time.monotonic()
        page = open_notebook(context, address, "01-palette.ipynb")
        page.screenshot(path=folder / "opened.png")
        run_all(page)
        check_figures(page)
        check_slider(page, folder)
        page.screenshot(path=folder / "lab.png")
        whole_page(page, folder / "01-palette.png")
        print(f"01-palette: Run All, figures and slider in {time.monotonic() - started:.0f} s")
        with second_notebook() as name:
            second = open_notebook(context, address, name)
            run_all(second)
            check_figures(second)
            second.close()
        print("a second notebook: run beside the first")
        check_restart(page)
        print("01-palette: restarted and run again")
        browser.close()
    print("browser test passed")


main()
