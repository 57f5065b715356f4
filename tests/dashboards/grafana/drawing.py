"""Draw a dashboard with Grafana's own components in Chromium: what its panels show, and a picture of the page.

`draw/` has the page; its npm packages are installed once, under `build/draw`. The store's SQL is run here, and its rows
are given to the page as the ClickHouse data source gives them: a series of several names becomes one field for each.
"""

import fcntl
import json
import shutil
import subprocess
import tempfile
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl

SOURCE = Path(__file__).parent / "draw"
BUILT = Path(__file__).parents[3] / "build" / "draw"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--lang=en-GB"),
    *("--disable-dev-shm-usage", "--allow-file-access-from-files"),
)
WIDTH = 1460
PAGE = (
    "body{font-family:Inter,Helvetica,Arial,sans-serif;margin:8px;background:#f4f5f5}"
    ".nothing{padding:24px;text-align:center;color:#666}"
)


def chromium() -> str | None:
    """The browser, where there is one."""
    return next((found for name in CHROMIUM if (found := shutil.which(name)) is not None), None)


def bundle() -> Path:
    """The page's script, made of `draw/` and Grafana's packages when they have changed."""
    BUILT.mkdir(parents=True, exist_ok=True)
    with (BUILT / "lock").open("w") as lock:  # tests run side by side
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _bundled()


def _bundled() -> Path:
    made, stamp = BUILT / "draw.js", BUILT / "made_of"
    wanted = "".join((SOURCE / name).read_text("utf-8") for name in ("package.json", "draw.jsx"))
    if made.exists() and stamp.exists() and stamp.read_text("utf-8") == wanted:
        return made
    for name in ("package.json", "draw.jsx"):
        shutil.copy(SOURCE / name, BUILT / name)
    quiet = ("--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--legacy-peer-deps")
    _run("npm", "install", *quiet, cwd=BUILT)
    _run("node", "node_modules/esbuild/install.js", cwd=BUILT)
    how = ("--bundle", "--minify", "--outfile=draw.js", "--jsx=transform", "--define:global=window")
    also = ('--define:process.env.NODE_ENV="production"', "--loader:.svg=dataurl")
    _run("node_modules/.bin/esbuild", "draw.jsx", *how, *also, "--log-level=error", cwd=BUILT)
    stamp.write_text(wanted, "utf-8")
    return made


def _run(*words: str, cwd: Path) -> None:
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, f"{words[0]}: {done.stderr[-2000:]}"


def frames(kind: str, rows: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows as the data source gives them."""
    if kind == "timeseries" and rows.width and rows[rows.columns[0]].dtype.is_numeric():
        seconds = pl.from_epoch(rows[rows.columns[0]].cast(pl.Int64), time_unit="s")  # a DateTime, as Arrow has it
        rows = rows.with_columns(seconds.alias(rows.columns[0]))
    if kind == "timeseries" and rows.width > 2 and any(dtype == pl.String() for dtype in rows.dtypes):
        return [_wide(rows)]
    return [{"refId": "A", "fields": [_field(rows[name]) for name in rows.columns]}]


def _wide(rows: pl.DataFrame) -> dict[str, Any]:
    names = [name for name, dtype in zip(rows.columns, rows.dtypes, strict=True) if dtype == pl.String()]
    numbers = [name for name in rows.columns[1:] if name not in names]
    times = rows.select(rows.columns[0]).unique().sort(rows.columns[0])
    fields = [_field(times.to_series())]
    for labels in rows.select(names).unique(maintain_order=True).iter_rows(named=True):
        own = rows.filter(pl.all_horizontal(pl.col(name) == value for name, value in labels.items()))
        joined = times.join(own, on=rows.columns[0], how="left", maintain_order="left")
        fields += [_field(joined[number]) | {"labels": labels} for number in numbers]
    return {"refId": "A", "fields": fields}


def _field(values: pl.Series) -> dict[str, Any]:
    if values.dtype.is_temporal():
        return {"name": values.name, "type": "time", "values": values.dt.epoch("ms").to_list(), "config": {}}
    if values.dtype.is_numeric():
        plain = [None if value is None else float(value) for value in values.to_list()]
        return {"name": values.name, "type": "number", "values": plain, "config": {}}
    texts = [None if value is None else str(value) for value in values.to_list()]
    return {"name": values.name, "type": "string", "values": texts, "config": {}}


class _Texts(HTMLParser):
    """The text of every panel of a drawn page, piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self.panels: dict[str, list[str]] = {}
        self.own: list[str] | None = None
        self.failed: list[str] = []
        self.skip = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "section" and given.get("data-panel"):
            self.own = self.panels.setdefault(given.get("data-title") or "", [])
        if given.get("class") == "failed":
            self.failed.append("")
        self.skip += tag in ("style", "script")

    def handle_endtag(self, tag: str) -> None:
        if tag == "section":
            self.own = None
        self.skip -= tag in ("style", "script")

    def handle_data(self, data: str) -> None:
        text = data.strip()
        if self.skip or not text or self.own is None:
            return
        self.own.append(text)
        if self.failed and not self.failed[-1]:
            self.failed[-1] = text


def draw(
    board: dict[str, Any], given: dict[int, list[dict[str, Any]]], span: tuple[datetime, datetime], to: Path
) -> dict[str, list[str]]:
    """Draw a dashboard, keep its picture as `to`, and give the texts of its panels by their titles.

    Raises AssertionError where a component fails.
    """
    browser = chromium()
    assert browser is not None, "there is no Chromium"
    range_ms = [int(each.timestamp() * 1000) for each in span]
    content = json.dumps({"board": board, "frames": {str(n): each for n, each in given.items()}, "range": range_ms})
    content = content.replace("</", "<\\/")
    page = to.with_suffix(".html")
    script = bundle()
    body = f"<script>window.TOLLWATCH = {content}</script><script src='{script.as_uri()}'></script>"
    style = f"<link rel='stylesheet' href='{script.with_suffix('.css').as_uri()}'><style>{PAGE}</style>"
    head = f"<meta charset='utf-8'>{style}"
    page.write_text(f"<!doctype html><html><head>{head}</head><body><div id='page'></div>{body}</body></html>", "utf-8")
    height = 60 + 38 * max(each["gridPos"]["y"] + each["gridPos"]["h"] for each in board["panels"])
    with tempfile.TemporaryDirectory() as profile:
        words = [
            browser,
            *FLAGS,
            f"--user-data-dir={profile}",
            f"--window-size={WIDTH},{height}",
            "--virtual-time-budget=8000",
        ]
        words += [f"--screenshot={to}", "--dump-dom", page.as_uri()]
        done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    texts = _Texts()
    texts.feed(done.stdout)
    assert texts.panels, f"nothing was drawn: {done.stderr[-1500:]}"
    assert not texts.failed, f"a component failed: {texts.failed[0][:1500]}"
    return texts.panels
