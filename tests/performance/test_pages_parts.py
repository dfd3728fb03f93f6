"""What the pages are put together from: formats, drawings, plans, Redis' vitals, other people's files."""

import hashlib
import re
from pathlib import Path

import pytest
from flask_sqlalchemy import SQLAlchemy

from falconbus.app import FalconBus
from falconbus.performance.dashboard.figures import BandOut, HeatOut, SampleOut, StepOut
from falconbus.performance.pages import comparisons, formats, svg_shapes
from falconbus.performance.pages.plans import read_plan
from falconbus.performance.pages.timelines import timelines
from falconbus.performance.release_comparison.results import Change, Direction
from falconbus.performance.vitals import redis
from falconbus.performance.vitals.redis import RedisAway, RedisVitals
from falconbus.platform.kit import clock

STATIC = Path(__file__).parents[2] / "falconbus" / "platform" / "design" / "static"
TEMPLATES = Path(__file__).parents[2] / "falconbus" / "performance" / "pages" / "templates"


@pytest.mark.parametrize(
    ("microseconds", "words"),
    [
        (None, "\u2013"),
        (0, "0 µs"),
        (840.4, "840 µs"),
        (999.6, "1 ms"),
        (12_345, "12.3 ms"),
        (123_456, "123 ms"),
        (1_240_000, "1.24 s"),
        (90e6, "90 s"),
        (180e6, "3 min"),
        (12_600e6, "3.5 h"),
    ],
)
def test_a_duration_has_three_figures_and_its_unit(microseconds: float | None, words: str) -> None:
    assert formats.duration(microseconds).replace("\u00a0", " ") == words


@pytest.mark.parametrize(
    ("part", "words"),
    [(0, "0 %"), (1, "100 %"), (0.9999, "> 99.9 %"), (0.0001, "< 0.1 %"), (0.973, "97.3 %"), (None, "\u2013")],
)
def test_a_share_is_not_rounded_to_all_or_nothing(part: float | None, words: str) -> None:
    assert formats.share(part).replace("\u00a0", " ") == words


def test_sizes_and_numbers_are_grouped() -> None:
    assert formats.size(12_400_000) == "12.4\u00a0MB"
    assert formats.size(999_600) == "1\u00a0MB"
    assert formats.number(1_234_567) == "1\u00a0234\u00a0567"
    assert formats.change(-0.045) == "\u22124.5\u00a0%"


def test_a_sparkline_breaks_where_nothing_was_measured() -> None:
    lines = svg_shapes.sparkline([0, 10, None, 5]).lines
    assert lines == ["0.0,23.0 32.0,1.0", "96.0,12.0 97.5,12.0"]
    assert svg_shapes.sparkline([]).lines == []


def test_the_heat_map_has_slow_bands_on_top_and_leaves_empty_ones_at_the_ends_out() -> None:
    bands = [BandOut(0, 1), BandOut(1, 10), BandOut(10, 100), BandOut(100, None)]
    drawn = svg_shapes.heat_map(HeatOut(bands, [[0, 9, 0, 0], [0, 0, 1, 0]], [0, 9, 1, 0]), ["07:00", "07:01"])
    assert drawn is not None
    assert [(band.label, band.y) for band in drawn.bands] == [
        ("10\u00a0ms to 100\u00a0ms", 0),
        ("1\u00a0ms to 10\u00a0ms", svg_shapes.HEAT_ROW),
    ]
    assert [(cell.x, cell.y, cell.title) for cell in drawn.cells] == [
        (0.0, svg_shapes.HEAT_ROW, "07:00: 9 requests, 1\u00a0ms to 10\u00a0ms"),
        (480.0, 0, "07:01: 1 requests, 10\u00a0ms to 100\u00a0ms"),
    ]
    assert drawn.cells[0].strength == 1.0 > drawn.cells[1].strength
    assert svg_shapes.heat_map(HeatOut(bands, [[0, 0, 0, 0]], [0, 0, 0, 0]), ["07:00"]) is None


def test_a_step_of_no_length_can_be_seen_and_stays_on_the_axis() -> None:
    steps = [StepOut("statement", "f", "SELECT 1", "here", 25, 50), StepOut("cache", "search hit", "", "here", 100, 0)]
    (drawn,) = timelines([SampleOut(clock.now(), 100, 200, "request-1", "one", steps)])
    assert [(bar.x, bar.width) for bar in drawn.bars] == [(250.0, 500.0), (996.0, 4)]
    assert (drawn.statements, drawn.statement_ms, drawn.cache_calls) == (1, 50, 1)


def test_a_plan_is_a_tree_that_marks_what_is_read_whole() -> None:
    plan = read_plan(
        [
            {
                "Plan": {
                    "Node Type": "Hash Join",
                    "Join Type": "Left",
                    "Hash Cond": "(a.id = b.a)",
                    "Total Cost": 12.5,
                    "Plan Rows": 3,
                    "Plans": [
                        {"Node Type": "Seq Scan", "Relation Name": "b", "Filter": "(x = $1)"},
                        {"Node Type": "Index Scan", "Relation Name": "a", "Index Name": "pk_a"},
                    ],
                }
            }
        ]
    )
    assert plan is not None
    assert (plan.name, plan.details, plan.estimate) == (
        "Hash Join (left)",
        ["joins on (a.id = b.a)"],
        "about 3 rows, cost 12.5",
    )
    assert [(step.target, step.reads_all) for step in plan.steps] == [("b", True), ("a by pk_a", False)]
    assert read_plan(None) is None
    assert read_plan([]) is None


def test_an_interval_is_drawn_around_the_middle_and_stays_inside() -> None:
    drawn = comparisons.interval(Change(Direction.HIGHER, 100, 150, 0.5, 0.25, 3.0))
    assert drawn is not None
    assert (drawn.x, drawn.at, drawn.x + drawn.width, drawn.tone) == (125, 150, comparisons.WIDTH, "slower")
    assert comparisons.interval(Change(Direction.TOO_LITTLE_DATA)) is None


def test_redis_tells_its_vitals_and_one_that_is_away_is_told(app: FalconBus, database: SQLAlchemy) -> None:
    cache = app.extensions["cache_redis"]
    cache.flushdb()
    cache.set("kept", "x")
    cache.set("forgotten", "x", ex=600)
    keeps, forgets = redis.vitals()
    assert isinstance(keeps, RedisVitals)
    assert isinstance(forgets, RedisVitals)
    assert (forgets.keys, forgets.expiring_keys) == (2, 1)
    assert forgets.used_memory > 100_000
    assert keeps.server_id == forgets.server_id, "the tests have one server"
    away = redis.ask("somewhere", "redis://127.0.0.1:1/0")
    assert away == RedisAway("somewhere", "ConnectionError")


def test_other_peoples_files_are_as_they_were_published() -> None:
    vendor = STATIC / "vendor"
    named = dict(re.findall(r"^\| `([^`]+)`.*`([0-9a-f]{64})` \|$", (vendor / "README.md").read_text(), re.MULTILINE))
    there = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in vendor.glob("*.min.*")}
    assert there == named
    for name in there:
        assert (vendor / f"{name.partition('-')[0]}-LICENSE.txt").exists()


def test_no_template_has_a_style_or_a_script_of_its_own() -> None:
    pages = list(TEMPLATES.rglob("*.html"))
    assert len(pages) > 10
    for page in pages:
        source = page.read_text()
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=\"|\|\s*safe", source), page.name
        assert not re.search(r"<script(?![^>]*(src=|application/json))", source), page.name
