"""A report as a chart, for the documentation: an SVG without scripts or fonts of its own, readable in light and dark.

A bar a figure: how many times what is asked for, on a scale of powers of two, so that what is just reached ends at the
middle line, whichever way is better. A small mark shows where the aim is.
"""

import math
from collections.abc import Iterator
from xml.sax.saxutils import escape

from tests.programs.bench.figures import Verdict, judge, score
from tests.programs.bench.report import Report
from tests.programs.bench.table import asked, number
from tests.programs.bench.targets import TARGETS, Target

_WIDTH, _ROW, _BAR = 860, 26, 12
_LABELS, _TOP, _BOTTOM = 440, 46, 34
SCALE = 230  # pixels from the left end to the right end of the scale
_DOUBLINGS = 3  # the scale ends at this many doublings of the target, either way
_CLASSES = {Verdict.AIM: "aim", Verdict.REACHED: "reached", Verdict.MISSED: "missed", Verdict.BROKEN: "broken"}
_STYLE = """
  svg { background: #ffffff }
  text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328 }
  .small { font-size: 11px; fill: #59636e }
  .head { font-size: 14px; font-weight: 600 }
  .line { stroke: #818b98; stroke-width: 1 }
  .faint { stroke: #d1d9e0; stroke-width: 1 }
  .mark { stroke: #1f2328; stroke-width: 2 }
  .aim { fill: #1a7f37 } .reached { fill: #4ac26b } .missed { fill: #d4a72c } .broken { fill: #cf222e }
  @media (prefers-color-scheme: dark) {
    svg { background: #1b232c }
    text { fill: #f0f6fc } .small { fill: #9198a1 }
    .line { stroke: #656c76 } .faint { stroke: #3d444d } .mark { stroke: #f0f6fc }
    .aim { fill: #2ea043 } .reached { fill: #56d364 } .missed { fill: #d29922 } .broken { fill: #f85149 }
  }
"""


def svg(report: Report) -> str:
    """The chart. Figures that were not measured are left out."""
    found = [(target, report.figures[target.name]) for target in TARGETS if target.name in report.figures]
    height = _TOP + _ROW * len(found) + _BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
        ' role="img" aria-labelledby="title desc">',
        '<title id="title">What make bench measured beside its targets</title>',
        f'<desc id="desc">{escape(_words(found))}</desc>',
        f"<style>{_STYLE}</style>",
        '<text x="10" y="22" class="head">Measured, in multiples of the target</text>',
        f'<text x="{_WIDTH - 10}" y="22" class="small" text-anchor="end">longer is better; mark: long-term aim</text>',
        *_scale(height),
    ]
    for place, (target, value) in enumerate(found):
        parts += _bar(target, value, _TOP + _ROW * place)
    return "\n".join([*parts, "</svg>", ""])


def position(times: float) -> float:
    """Return the place on the scale of a multiple of the target, in pixels; what lies beyond an end is at that end."""
    doublings = max(-_DOUBLINGS, min(_DOUBLINGS, math.log2(times))) if times > 0 else -_DOUBLINGS
    return _LABELS + SCALE * (doublings + _DOUBLINGS) / (2 * _DOUBLINGS)


def _scale(height: int) -> Iterator[str]:
    end = height - _BOTTOM + 4
    for doubling in range(-_DOUBLINGS, _DOUBLINGS + 1):
        x = position(2.0**doubling)
        kind = "faint" if doubling else "line"
        word = f"{2**doubling}x" if doubling >= 0 else f"1/{2**-doubling}"
        yield f'<line x1="{x:.1f}" y1="{_TOP - 6}" x2="{x:.1f}" y2="{end}" class="{kind}"/>'
        yield f'<text x="{x:.1f}" y="{end + 16}" class="small" text-anchor="middle">{word}</text>'


def _bar(target: Target, value: float, top: int) -> Iterator[str]:
    start, end = position(1 / 2**_DOUBLINGS), position(score(target, value))
    aim, middle = position(score(target, target.aim)), top + _ROW / 2
    asks = "{}, aim {}".format(*asked(target))
    unit = "x" if target.unit == "x" else f" {target.unit}"
    yield f'<text x="10" y="{middle + 4:.0f}">{escape(target.what)}</text>'
    yield (
        f'<rect x="{start:.1f}" y="{middle - _BAR / 2:.1f}" width="{max(2.0, end - start):.1f}" height="{_BAR}" rx="2"'
        f' class="{_CLASSES[judge(target, value)]}"/>'
    )
    yield f'<line x1="{aim:.1f}" y1="{middle - 9:.0f}" x2="{aim:.1f}" y2="{middle + 9:.0f}" class="mark"/>'
    x = _LABELS + SCALE + 14
    yield f'<text x="{x}" y="{middle + 4:.0f}">{escape(number(value) + unit)}</text>'
    yield f'<text x="{_WIDTH - 10}" y="{middle + 4:.0f}" class="small" text-anchor="end">{escape(asks)}</text>'


def _words(found: list[tuple[Target, float]]) -> str:
    lines = [f"{target.what}: {number(value)} {target.unit}, target {asked(target)[0]}" for target, value in found]
    return "; ".join(lines) or "nothing was measured"
