"""The plots of the reports."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from icdbridge.drawing import COLOURS, INK, drawing

Series = Mapping[str, Sequence[float | None]]  # name -> values, None where there is none


def _numbers(values: Sequence[float | None]) -> list[float]:
    return [float("nan") if value is None else float(value) for value in values]


def training_curves(
    name: str, epochs: Sequence[float], loss: Series, validation: Series, tag: str = ""
) -> Markup:
    """Training loss (left) and validation metrics (right) by epoch; one line a series."""
    with drawing(name, 2, 2.9) as drawn:
        (left, right) = drawn.axes
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
    return drawn.svg


def panels_over(
    name: str,
    places: Sequence[str],
    panels: Mapping[str, Series],
    tag: str = "",
    *,
    across: str = "",
    lines: bool = False,
) -> Markup:
    """One panel a metric, in percent. Over the ``places`` (scopes, bins of training frequency, values of a setting)
    each series is drawn as bars or, with ``lines``, as a line.
    """
    with drawing(name, len(panels)) as drawn:
        for axis, (title, series) in zip(drawn.axes, panels.items(), strict=True):
            (draw_lines if lines else draw_bars)(axis, series)
            axis.set_xticks(range(len(places)), list(places))
            axis.tick_params(axis="x", length=0, labelsize=8)
            axis.set_title(title + tag)
            axis.set_xlabel(across)
            axis.set_ylabel("%")
            axis.set_ylim(bottom=0)
        if len({tuple(series) for series in panels.values()}) > 1:
            for axis in drawn.axes:
                axis.legend(fontsize=9)
        elif any(len(series) > 1 for series in panels.values()):
            drawn.legend_below(3)
    return drawn.svg


def draw_lines(axis: Any, series: Series) -> None:
    """A line a series over evenly spaced places, in percent."""
    for index, (label, values) in enumerate(series.items()):
        heights = [100 * value for value in _numbers(values)]
        colour = COLOURS[index % len(COLOURS)]
        axis.plot(range(len(heights)), heights, color=colour, label=label, marker="o", ms=4)


def draw_bars(axis: Any, series: Series, labelled: bool = False) -> list[list[float]]:
    """Bars in percent: a group a place, a bar a series, a gap where a value is missing. Gives where the bars of each
    series stand. Figures stand above the bars of a single series, and where ``labelled``.
    """
    width = 0.8 / max(1, len(series))
    stand = []
    for index, (label, values) in enumerate(series.items()):
        heights = [100 * value for value in _numbers(values)]
        places = [place + (index - (len(series) - 1) / 2) * width for place in range(len(heights))]
        axis.bar(places, heights, width * 0.92, color=COLOURS[index % len(COLOURS)], label=label)
        if len(series) == 1 or labelled:
            for place, height in zip(places, heights, strict=True):
                if height == height:
                    axis.annotate(f"{height:.1f}", (place, height), ha="center", va="bottom", fontsize=8)
        stand.append(places)
    axis.grid(visible=False, axis="x")
    return stand


def precision_recall(name: str, curves: dict[str, dict[str, list[float]]], tag: str = "") -> Markup:
    """Micro precision by micro recall, one line a scope (or a run), in percent."""
    with drawing(name, 1, 3.6) as drawn:
        (axis,) = drawn.axes
        for index, (label, curve) in enumerate(curves.items()):
            recall, precision = ([100 * value for value in curve[key]] for key in ("recall", "precision"))
            axis.plot(recall, precision, color=COLOURS[index % len(COLOURS)], label=label)
        axis.set_title("Precision and recall (micro)" + tag)
        axis.set_xlabel("recall, %")
        axis.set_ylabel("precision, %")
        axis.set_xlim(0, 100)
        axis.set_ylim(0, 100)
        axis.legend(fontsize=9)
    return drawn.svg


def reliability(name: str, found: Mapping[str, Mapping[str, Any]], tag: str = "") -> Markup:
    """One panel a frequency: the share of right suggestions by their probability and by their confidence."""
    with drawing(name, len(found), 3.4) as drawn:
        axes = drawn.axes
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
        drawn.legend_below(2)
    return drawn.svg


def gain_bars(
    name: str, title: str, scopes: Sequence[str], gains: Series, errors: Mapping[str, list[Any]]
) -> Markup:
    """Differences in percentage points: for each scope one bar a metric, with its interval as a thin line.

    ``gains`` and ``errors`` (``[low, high]`` or None) have one value a scope.
    """
    with drawing(name, 1) as drawn:
        (axis,) = drawn.axes
        for places, errors_of in zip(draw_bars(axis, gains), errors.values(), strict=True):
            for place, error in zip(places, errors_of, strict=True):
                if error is not None:
                    axis.plot([place, place], [100 * end for end in error], color=INK, linewidth=1)
        axis.axhline(0, color=INK, linewidth=0.8)
        axis.set_xticks(range(len(scopes)), list(scopes))
        axis.tick_params(axis="x", length=0)
        axis.set_title(title)
        axis.set_ylabel("percentage points")
        drawn.legend_below(5)
    return drawn.svg
