"""Take the pictures of pages in docs/images: `python -m tests.live.pictures [NAME ...]`.

Each page is taken in its full height, wide and as on a phone, light and dark. Look at the pictures
before you commit them.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.live.browser import browser, click, fill, one, press, says
from tests.live.pipet import free_port
from tests.live.serving import ROOT, running
from tests.live.shops import EDITOR, open_editor, prepare, served, sign_in

IMAGES = ROOT / "docs/images"
PICTURES = IMAGES / "editor"
ROLLOUT = f"{EDITOR}tests/newfeaturerollout/"
COLOR = f"{EDITOR}tests/buttoncolortst/"
#: Few lines of this repository name this test, so its list of code to clean up is short.
HEADLINE = f"{EDITOR}tests/headlinetst/"
RAISE = f"{ROLLOUT}raise/?branch=production&allocation=1&to=75"

#: Suffix of the file → width, and whether colors are dark.
VARIANTS = {
    "wide": (1280, False),
    "dark": (1280, True),
    "phone": (390, False),
    "phone-dark": (390, True),
}
#: Height of the window, which is also the least height of a picture.
HEIGHTS = {1280: 900, 390: 844}


def take(window, name):
    """Save the page in the variants that docs/images/editor has, or all of a new picture."""
    for suffix, (width, is_dark) in VARIANTS.items():
        path = PICTURES / f"{name}-{suffix}.png"
        if any(PICTURES.glob(f"{name}-wide.png")) and not path.exists():
            continue
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        window.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        height, actual = _resize(window, width, HEIGHTS[width])
        # As high as the page, or the bar at the bottom of a phone would cover its middle.
        _resize(window, width, height)
        assert actual <= width, f"{name} is {actual} pixels wide, and the window {width}"
        shot = window.execute_cdp_cmd("Page.captureScreenshot", {})
        path.write_bytes(base64.b64decode(shot["data"]))
    window.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def _take_pages(window, root, pages, wanted):
    """Take the wanted pages, which need no preparation. *pages* has their paths by name."""
    for name, path in pages.items():
        if name in wanted:
            window.get(f"{root}{path}")
            take(window, name)


def _resize(window, width, height):
    """Resize the window, wait until the page is drawn, and return the page's height and width."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width == 390}
    window.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    window.execute_async_script(
        "const done = arguments[0]; scrollTo(0, 0);"
        "document.activeElement.style.caretColor = 'transparent';"
        "requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 300)));"
    )
    return window.execute_script(
        "const page = document.documentElement; return [page.scrollHeight, page.scrollWidth];"
    )


def without_approvals(window, root, wanted):
    """Take the pages on which an administrator publishes."""
    pages = {
        "tests": EDITOR,
        "test": COLOR,
        "edit": f"{ROLLOUT}edit/",
        "create": f"{EDITOR}create/",
        "compare": f"{COLOR}compare/",
        "raise": RAISE,
        "stop": f"{ROLLOUT}stop/?branch=production",
        "finish": f"{HEADLINE}finish/?branch=production&value=2",
        "matrix": f"{EDITOR}matrix/",
        "import": f"{EDITOR}matrix/import/?branch=production",
        "tokens": f"{EDITOR}tokens/",
    }
    _take_pages(window, root, pages, wanted)
    if "roll-back" in wanted:
        window.get(f"{root}{RAISE}")
        fill(window, "#pe-message", "More visitors")
        click(window, "Publish on production")
        says(window, "Published on production")
        press(window, lambda: one(window, ".pe-timeline a[href*='roll-back']"))
        says(window, "Roll back", "h1")
        take(window, "roll-back")
    _scheduling(window, root, wanted)
    _editing(window, root, wanted)
    if "held" in wanted:
        window.get(f"{root}{ROLLOUT}stop/?branch=production")
        fill(window, "#pe-reason", "The new search returns nothing for some words")
        click(window, "Stop now")
        says(window, "and held")
        window.get(f"{root}{ROLLOUT}")
        take(window, "held")
    if "sign-in" in wanted:
        press(window, lambda: one(window, ".pe-who button"))
        says(window, "Sign in", "h1")
        take(window, "sign-in")


def _editing(window, root, wanted):
    """Take the pages of changes that are not published."""
    if "json" in wanted:
        window.get(f"{root}{ROLLOUT}edit/")
        click(window, "JSON")
        take(window, "json")
    if "jump" in wanted:
        window.get(f"{root}{COLOR}edit/")
        fill(window, "#share-1-0", "20")
        fill(window, "#share-1-1", "46.67")
        says(window, "13.34 % of its visitors jump from control to blue", ".pe-panel")
        window.execute_script("document.querySelector('.pe-panel details').open = true")
        take(window, "jump")
    if "import-preview" in wanted:
        window.get(f"{root}{EDITOR}matrix/import/?branch=production")
        fill(window, "#pe-text", json.dumps(_changed_matrix()))
        click(window, "Show what would change")
        says(window, "changed")
        take(window, "import-preview")
    if "conflict" in wanted:
        window.get(f"{root}{ROLLOUT}edit/")
        fill(window, "#description", "Three in four have the search that forgives spelling.")
        editing = window.current_window_handle
        window.switch_to.new_window("tab")
        window.get(f"{root}{ROLLOUT}raise/?branch=trunk&allocation=1&to=100")
        click(window, "Publish on trunk")
        says(window, "Published", ".pe-published")
        window.close()
        window.switch_to.window(editing)
        press(window, lambda: one(window, "#pe-publish"))
        says(window, "Your input is kept", ".pe-conflict")
        take(window, "conflict")


def _scheduling(window, root, wanted):
    """Take the pages of a ramp whose first step is published immediately."""
    if not {"ramp", "schedule"} & {*wanted}:
        return
    window.get(f"{root}{ROLLOUT}schedule/?branch=trunk")
    for step, share in enumerate(("60", "80", "100")):
        if step:
            click(window, "Add a step")
        fill(window, f"#share-{step}", share)
    says(window, "20 % of visitors enter, nobody changes groups.", "#pe-plan")
    fill(window, "#pe-message", "The search feels fast")
    if "ramp" in wanted:
        take(window, "ramp")
    press(window, lambda: one(window, "#pe-schedule"))
    says(window, "The search feels fast", ".pe-schedule")
    window.get(f"{root}{EDITOR}schedule/")
    if "schedule" in wanted:
        take(window, "schedule")


def _changed_matrix():
    """The shop's matrix, in which visitors of two tests change."""
    matrix = json.loads((ROOT / "testproject/matrix.json").read_text(encoding="utf-8"))
    ranges = matrix["tests"]["buttoncolortst"]["allocations"][-1]["ranges"]
    ranges[0]["length"], ranges[1]["length"] = 0.5334, 0.1333
    matrix["tests"]["newfeaturerollout"]["description"] = "A search that forgives spelling."
    return matrix


def with_two_branches(window, root, wanted):
    """Take the pages of a promotion and of applications, some of which it would break."""
    pages = {
        "applications": f"{EDITOR}applications/",
        "application": f"{EDITOR}applications/mobile/trunk/",
        "promote": f"{EDITOR}promote/?from=trunk&to=production&test=buttoncolortst",
    }
    _take_pages(window, root, pages, wanted)


def with_approvals(window, root, wanted):
    """Take the pages of a proposal; someone else must approve it."""
    window.get(f"{root}{RAISE}")
    if "raise-asks" in wanted:
        take(window, "raise-asks")
    window.get(f"{root}{COLOR}finish/?branch=production&value=2")
    fill(window, "#pe-message", "Green sells most")
    click(window, "Propose")
    says(window, "Green sells most", ".pe-proposal-head")
    address = window.current_url
    for name, user in {"proposal": "grace", "review": "grace"}.items():
        if name in wanted:
            open_editor(window, root, user)
            window.get(address if name == "proposal" else f"{root}{EDITOR}review/")
            take(window, name)


#: The module that serves a shop and its settings → the function that takes its pictures.
SHOPS = {
    ("tests.live.editor_shop", "tests.live.shop_without_approvals"): without_approvals,
    ("tests.live.editor_shop", "testproject.settings"): with_approvals,
    ("tests.live.promoting_shop", "tests.editor.shop_of_branches"): with_two_branches,
}

#: Name → file, width and height of the pictures of the demo's results. Only the beginning is shown.
RESULTS = {
    "results": (IMAGES / "results/list.png", 1280, 770),
    "results-test": (IMAGES / "results/test.png", 1280, 1650),
    "report": (IMAGES / "report.png", 1200, 1620),
}


def results(directory, wanted):
    """Take the list of results, the page of a test, and the report for an e-mail, of the demo."""
    database = {"SHOP_DATABASE": str(directory / "demo.sqlite3")}
    manage = [sys.executable, str(ROOT / "testproject/manage.py")]
    port = free_port()
    report = directory / "report.html"
    with (
        running(
            [*manage, "demo", str(port)], port, "/", directory / "log", patience=120, **database
        ) as server,
        browser() as window,
    ):
        subprocess.run(
            [*manage, "proctor_analyze", "buttoncolortst", "--format", "html", "-o", str(report)],
            env=os.environ | database | {"PYTHONPATH": str(ROOT)},
            check=True,
        )
        root = f"{server.root}/proctor/results/"
        window.get(root)
        sign_in(window)
        says(window, "Results", "h1")
        addresses = {
            "results": root,
            "results-test": f"{root}tests/buttoncolortst/",
            "report": report.as_uri(),
        }
        for name in wanted:
            path, width, height = RESULTS[name]
            window.get(addresses[name])
            window.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
            _resize(window, width, height)
            shot = window.execute_cdp_cmd("Page.captureScreenshot", {})
            path.write_bytes(base64.b64decode(shot["data"]))


NAMES = (
    *("tests", "test", "edit", "create", "compare", "raise", "stop", "finish", "matrix", "import"),
    *("tokens", "roll-back", "held", "sign-in", "raise-asks", "proposal", "review"),
    *("json", "jump", "import-preview", "conflict"),
    *("applications", "application", "promote", "ramp", "schedule", *RESULTS),
)


def main(wanted):
    """Serve each shop, and take the wanted pictures of it."""
    if asked := [name for name in wanted if name in RESULTS]:
        with tempfile.TemporaryDirectory() as directory:
            results(Path(directory), asked)
    if wanted and {*wanted} <= {*RESULTS}:
        return
    for (module, settings), pictures in SHOPS.items():
        os.environ["SHOP_SETTINGS"] = settings
        with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
            prepared = prepare(module, Path(first))
            with (
                served(module, prepared, Path(second)) as root,
                browser() as window,
            ):
                pictures(open_editor(window, root), root, wanted)


if __name__ == "__main__":
    main(sys.argv[1:] or NAMES)
