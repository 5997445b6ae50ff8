"""The plots of the reports, as SVG text to stand inside a page; readable on a light and on a dark page."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
from matplotlib.figure import Figure

# Colours the colour-blind tell apart (Okabe and Ito 2008), and that stand out on white and on near-black.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
INK, GRID = "#123450", "#123451"  # stand-ins, replaced by the page's own colours
STYLE: Any = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # names of runs may hold dollars
    "font.family": ["sans-serif"],
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
}

Series = Mapping[str, Sequence[float | None]]  # name -> values, None where there is none


def _svg(figure: Figure, name: str) -> str:
    """The figure as one ``<svg>`` that takes its ink from the page; ``name`` makes its ids its own."""
    buffer = io.StringIO()
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'(href="|url\()#', rf"\1#{name}-", text)
    text = re.sub(r'<svg ([^>]*?)width="[^"]*"', r"<svg \1", text, count=1)
    text = re.sub(r'<svg ([^>]*?)height="[^"]*"', r"<svg \1", text, count=1)
    return text.replace(INK, "currentColor").replace(GRID, "var(--grid)")


def _figure(panels: int, height: float = 3.3) -> tuple[Figure, list[Any]]:
    figure = Figure(figsize=(8.4, height), layout="constrained")
    axes = figure.subplots(1, panels, squeeze=False)[0]
    return figure, list(axes)


def _numbers(values: Sequence[float | None]) -> list[float]:
    return [float("nan") if value is None else float(value) for value in values]


def training_curves(
    name: str, epochs: Sequence[float], loss: Series, validation: Series, tag: str = ""
) -> str:
    """Training loss (left) and validation metrics (right) by epoch; one line a series."""
    with matplotlib.rc_context(STYLE):
        figure, (left, right) = _figure(2, 2.9)
        for axis, title, series in (
            (left, "Training loss", loss),
            (right, "On the validation notes", validation),
        ):
            for index, (label, values) in enumerate(series.items()):
                colour = COLOURS[index % len(COLOURS)]
                axis.plot(
                    epochs[: len(values)], _numbers(values), color=colour, label=label, marker="o", ms=3
                )
            axis.set_title(title + tag)
            axis.set_xlabel("epoch")
            axis.xaxis.get_major_locator().set_params(integer=True)
            axis.set_ylim(bottom=0)
            if len(series) > 1 or axis is right:
                axis.legend(fontsize=9)
        return _svg(figure, name)


def frequency_bars(
    name: str, bins: Sequence[str], panels: Mapping[str, Series], below: Sequence[str], tag: str = ""
) -> str:
    """One panel a metric: for each training-frequency bin one bar a series, in percent; ``below`` is text."""
    with matplotlib.rc_context(STYLE):
        figure, axes = _figure(len(panels))
        for axis, (title, series) in zip(axes, panels.items(), strict=True):
            _grouped(axis, bins, series)
            _frequency_axis(axis, bins, below, title + tag)
        return _svg(figure, name)


def frequency_lines(
    name: str, bins: Sequence[str], panels: Mapping[str, Series], below: Sequence[str], tag: str = ""
) -> str:
    """As ``frequency_bars``, with one line a series: for several runs laid over each other."""
    with matplotlib.rc_context(STYLE):
        figure, axes = _figure(len(panels))
        for axis, (title, series) in zip(axes, panels.items(), strict=True):
            for index, (label, values) in enumerate(series.items()):
                heights = [100 * value for value in _numbers(values)]
                colour = COLOURS[index % len(COLOURS)]
                axis.plot(range(len(bins)), heights, color=colour, label=label, marker="o", ms=4)
            _frequency_axis(axis, bins, below, title + tag)
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=9)
        return _svg(figure, name)


def _frequency_axis(axis: Any, bins: Sequence[str], below: Sequence[str], title: str) -> None:
    axis.set_xticks(range(len(bins)), [f"{one}\n{two}" for one, two in zip(bins, below, strict=True)])
    axis.tick_params(axis="x", length=0, labelsize=8)
    axis.set_title(title)
    axis.set_xlabel("training notes that carry the code; below it, labels")
    axis.set_ylabel("%")
    axis.set_ylim(bottom=0)


def _grouped(axis: Any, groups: Sequence[str], series: Series) -> None:
    """Grouped bars in percent; a missing value shows as a gap."""
    width = 0.8 / max(1, len(series))
    for index, (label, values) in enumerate(series.items()):
        heights = [100 * value for value in _numbers(values)]
        places = [place + (index - (len(series) - 1) / 2) * width for place in range(len(groups))]
        axis.bar(places, heights, width * 0.92, color=COLOURS[index % len(COLOURS)], label=label)
        if len(series) == 1:
            for place, height in zip(places, heights, strict=True):
                if height == height:
                    axis.annotate(f"{height:.1f}", (place, height), ha="center", va="bottom", fontsize=8)
    axis.grid(visible=False, axis="x")


def precision_recall(name: str, curves: dict[str, dict[str, list[float]]], tag: str = "") -> str:
    """Micro precision by micro recall, one line a scope (or a run), in percent."""
    with matplotlib.rc_context(STYLE):
        figure, (axis,) = _figure(1, 3.6)
        for index, (label, curve) in enumerate(curves.items()):
            recall, precision = ([100 * value for value in curve[key]] for key in ("recall", "precision"))
            axis.plot(recall, precision, color=COLOURS[index % len(COLOURS)], label=label)
        axis.set_title("Precision and recall (micro)" + tag)
        axis.set_xlabel("recall, %")
        axis.set_ylabel("precision, %")
        axis.set_xlim(0, 100)
        axis.set_ylim(0, 100)
        axis.legend(fontsize=9)
        return _svg(figure, name)


def reliability(name: str, found: Mapping[str, Mapping[str, Any]], tag: str = "") -> str:
    """One panel a frequency: the share of right suggestions by their probability and by their confidence."""
    with matplotlib.rc_context(STYLE):
        figure, axes = _figure(len(found), 3.4)
        for axis, (title, measured) in zip(axes, found.items(), strict=True):
            axis.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle="--")
            for index, (kind, label) in enumerate(
                (("probability", "before calibration"), ("confidence", "after"))
            ):
                bins = measured.get(kind, {}).get("bins", [])
                mean, right = ([one[key] for one in bins] for key in ("mean", "right"))
                sizes = [10 + 110 * one["suggestions"] / max(1, measured["suggestions"]) for one in bins]
                axis.plot(mean, right, color=COLOURS[index], linewidth=1.2)
                axis.scatter(mean, right, sizes, color=COLOURS[index], label=label)
            axis.set_title(f"{title} codes{tag}")
            axis.set_xlabel("probability or confidence")
            axis.set_xlim(0, 1)
            axis.set_ylim(0, 1)
        axes[0].set_ylabel("share of right codes")
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=9)
        return _svg(figure, name)


def scope_bars(name: str, scopes: Sequence[str], panels: Mapping[str, Series], tag: str = "") -> str:
    """One panel a metric; for each scope one bar a run, in percent."""
    with matplotlib.rc_context(STYLE):
        figure, axes = _figure(len(panels))
        for axis, (title, series) in zip(axes, panels.items(), strict=True):
            _grouped(axis, scopes, series)
            axis.set_xticks(range(len(scopes)), list(scopes))
            axis.tick_params(axis="x", length=0)
            axis.set_title(title + tag)
        axes[0].set_ylabel("%")
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=9)
        return _svg(figure, name)


def gain_bars(
    name: str, title: str, scopes: Sequence[str], gains: Series, errors: Mapping[str, list[Any]]
) -> str:
    """Differences in percentage points: for each scope one bar a metric, with its interval as a thin line.

    ``gains`` and ``errors`` (``[low, high]`` or None) have one value a scope.
    """
    with matplotlib.rc_context(STYLE):
        figure, (axis,) = _figure(1)
        width = 0.8 / len(gains)
        for index, (metric, values) in enumerate(gains.items()):
            places = [scope + (index - (len(gains) - 1) / 2) * width for scope in range(len(scopes))]
            heights = [100 * value for value in _numbers(values)]
            axis.bar(places, heights, width * 0.92, color=COLOURS[index % len(COLOURS)], label=metric)
            for place, error in zip(places, errors[metric], strict=True):
                if error is not None:
                    axis.plot([place, place], [100 * end for end in error], color=INK, linewidth=1)
        axis.axhline(0, color=INK, linewidth=0.8)
        axis.set_xticks(range(len(scopes)), list(scopes))
        axis.tick_params(axis="x", length=0)
        axis.grid(visible=False, axis="x")
        axis.set_title(title)
        axis.set_ylabel("percentage points")
        figure.legend(*axis.get_legend_handles_labels(), loc="outside lower center", ncols=5, fontsize=9)
        return _svg(figure, name)


def lines(name: str, what: str, values: Sequence[str], panels: Mapping[str, Series], tag: str = "") -> str:
    """One panel a scope; for each metric a line over the values of a setting, evenly spaced, in percent."""
    with matplotlib.rc_context(STYLE):
        figure, axes = _figure(len(panels))
        for axis, (title, series) in zip(axes, panels.items(), strict=True):
            for index, (label, heights) in enumerate(series.items()):
                percents = [100 * height for height in _numbers(heights)]
                axis.plot(range(len(values)), percents, color=COLOURS[index], label=label, marker="o", ms=4)
            axis.set_xticks(range(len(values)), list(values))
            axis.set_title(title + tag)
            axis.set_ylabel("%")
            axis.set_ylim(bottom=0)
            axis.legend(fontsize=9)
        figure.supxlabel(what, fontsize=10)
        return _svg(figure, name)
