"""The report on a store's decisions as one HTML page, with its figures beside it as JSON."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from icdbridge.corpora import Corpus
from icdbridge.drawing import COLOURS, drawing
from icdbridge.errors import InputError
from icdbridge.evaluation.reports.plots import draw_bars, draw_lines
from icdbridge.feedback.desk_figures import desk_figures
from icdbridge.files import write_json
from icdbridge.lexical.evidence import BANDS
from icdbridge.report_page import Section, write_page
from icdbridge.server.store import Store
from icdbridge.text_table import Cell, Columns, Table, counts, numbers, percent, percents


def write_desk_report(
    store: Store, out: Path | str, *, corpus: Corpus | None = None, synthetic: bool = False
) -> dict[str, Any]:
    """Writes ``out`` (.html) and its figures beside it (.json), and returns these; neither holds a word of a note. With
    the ``corpus`` of training, drift is measured against it. Raises ``InputError`` where no encounter is finished.
    """
    out = Path(out)
    if out.suffix.lower() != ".html":
        raise InputError(f"{out} is to be a page: give a name that ends in .html")
    figures = desk_figures(store, corpus=corpus)
    if not figures["encounters"]:
        raise InputError("no encounter of the store is done: there is nothing to report yet")
    last_week = numbers("minutes")(figures["weeks"][-1]) if figures["weeks"] else "-"
    facts = [
        ("encounters done", f"{figures['encounters']:,}"),
        ("decisions", f"{figures['decisions']:,}"),
        ("coders", f"{len(figures['coders']):,}"),
        ("minutes a chart, last week", last_week),
    ]
    beside = out.with_suffix(".json")
    write_json(beside, figures)
    lead = "What coders did with the suggestions of the encounters that they finished."
    sections = [Section(heading, [*part(figures)]) for heading, part in _SECTIONS.items()]
    write_page(out, "The desk's decisions", lead, facts, sections, synthetic, beside.name)
    return figures


Figures = dict[str, Any]  # as ``desk_figures`` gives them
Record = Mapping[str, Any]


def _bands(figures: Figures) -> Iterator[str | Table]:
    yield (
        "Of the suggestions of each band, the share that stands in the finished encounter, beside the share that the "
        "confidence promised. Where the two differ, icdbridge calibrate fits the confidence anew."
    )
    yield _drawn_bands(figures["bands"])
    columns: Columns = [
        ("band", "band"),
        ("shown", counts("shown")),
        ("accepted", counts("accepted")),
        ("rejected", counts("rejected")),
        ("left", lambda row: f"{row['shown'] - row['accepted'] - row['rejected']:,}"),
        ("promised %", percents("expected")),
        ("accepted %", lambda row: percent(_accepted(row))),
    ]
    yield Table.of("Suggestions by confidence", figures["bands"], columns)


def _accepted(band: Record) -> float | None:
    return band["accepted"] / band["shown"] if band["shown"] else None


def _drawn_bands(bands: list[Record]) -> Markup:
    with drawing("bands", 1, 2.6, 6.4) as drawn:
        (axis,) = drawn.axes
        promised = [row["expected"] for row in bands]
        draw_bars(axis, {"promised": promised, "accepted": [*map(_accepted, bands)]}, labelled=True)
        axis.set_xticks(range(len(bands)), [row["band"] for row in bands])
        axis.set_ylabel("percent of suggestions")
        axis.set_ylim(0, 108)
        axis.legend(fontsize=9)
    return drawn.svg


def _weeks(figures: Figures) -> Iterator[str | Table]:
    if len(figures["weeks"]) > 1:
        yield _drawn_weeks(figures["weeks"])
    columns: Columns = [
        ("week", "week"),
        ("encounters", counts("encounters")),
        ("F1 of predicted %", percents("f1")),
        ("likely, accepted %", percents("likely")),
        ("added a chart", numbers("added")),
        ("minutes a chart", numbers("minutes")),
    ]
    note = "Minutes: pauses count as 5 minutes at most."
    yield Table.of("The last weeks", figures["weeks"][-12:], columns, note=note)


def _drawn_weeks(weeks: list[Record]) -> Markup:
    with drawing("weeks", 2, 2.7) as drawn:
        names = [row["week"] for row in weeks]
        left, right = drawn.axes
        shares = {"F1 of predicted codes": "f1", "likely, accepted": "likely"}
        draw_lines(left, {label: [row[key] for row in weeks] for label, key in shares.items()})
        left.set_ylim(0, 105)
        left.set_title("Percent")
        left.legend(fontsize=9, loc="lower right")
        minutes = [float("nan") if row["minutes"] is None else row["minutes"] for row in weeks]
        right.plot(minutes, color=COLOURS[2], label="minutes a chart, median")
        right.plot([row["added"] for row in weeks], color=COLOURS[3], label="codes added by hand a chart")
        right.set_ylim(bottom=0)
        right.set_title("A chart")
        right.legend(fontsize=9)
        for axis in drawn.axes:
            step = -(-len(names) // 4)
            axis.set_xticks(range(0, len(names), step), names[::step])
            axis.tick_params(axis="x", labelsize=8)
    return drawn.svg


def _coders(figures: Figures) -> Iterator[str | Table]:
    coders = figures["coders"]
    odd = [row["coder"] for row in coders if row["by_chance"]]
    yield (
        "Follows the confidence: of an accepted and a rejected suggestion, how often the accepted one was the more "
        "confident. 50% is what tossed coins reach. Overruled: decisions that another person changed later."
    )
    if odd:
        yield (
            f"Look at {', '.join(odd)}: what was accepted hardly follows the confidence, though that "
            "of others does. Let a second person read these encounters: until then neither confidence nor corpus is "
            "made of them."
        )

    def of_band(name: str) -> Cell:
        return lambda row: percents(name)(row["acceptance"])

    columns: Columns = [
        ("coder", "coder"),
        ("encounters", counts("encounters")),
        ("decisions", counts("decisions")),
        *((f"{band} accepted %", of_band(band)) for band in BANDS),
        ("follows the confidence %", percents("follows")),
        ("added by hand", counts("added")),
        ("overruled", counts("overruled")),
        ("minutes a chart", numbers("minutes")),
    ]
    bold = [number for number, row in enumerate(coders) if row["by_chance"]]
    note = "Bold: hardly follows the confidence." if bold else ""
    yield Table.of("Decisions by coder", coders, columns, 1, note, bold)


def _agreement(figures: Figures) -> Iterator[str | Table]:
    if not figures["agreement"]:
        yield "No code was decided on by two people."
        return
    columns: Columns = [
        ("first", "first"),
        ("second", "second"),
        ("codes", counts("codes")),
        ("same %", percents("same")),
        ("kappa", numbers("kappa", 2)),
    ]
    note = "Kappa: agreement beyond chance (Cohen 1960). Who reads second sees what the first decided."
    yield Table.of("Codes that both decided on", figures["agreement"], columns, 2, note)


def _codes(figures: Figures) -> Iterator[str | Table]:
    code: list[tuple[str, Cell]] = [
        ("code", lambda row: row["key"].partition(":")[2]),
        ("description", lambda row: _short(row["description"])),
    ]
    added: Columns = [*code, ("times", counts("times"))]
    yield Table.of("Most often added by hand", figures["added"][:12], added, 2)
    furthest: Columns = [
        *code,
        ("shown", counts("shown")),
        ("promised", numbers("expected", 0)),
        ("accepted", counts("accepted")),
    ]
    yield Table.of("Confidence furthest from what was accepted", figures["codes"][:12], furthest, 2)


def _drift(figures: Figures) -> Iterator[str | Table]:
    if not figures["drift"]:
        yield "Too few encounters to tell."
        return
    yield (
        f"How far the words and the categories of codes of each month are from those of {figures['drift_from']} "
        "(Jensen-Shannon divergence, 0 to 1), beside what as many notes drawn from these would show. A month far above "
        "it is unlike the notes that were learnt from: look at new wards, templates or code releases, then train again."
    )
    columns: Columns = [
        ("month", "month"),
        ("encounters", counts("encounters")),
        ("words", numbers("words", 3)),
        ("by chance", numbers("words_by_chance", 3)),
        ("codes", numbers("codes", 3)),
        ("by chance", numbers("codes_by_chance", 3)),
    ]
    yield Table.of("Distance by month", figures["drift"], columns)


def _short(title: str) -> str:
    return title if len(title) <= 70 else f"{title[:70]}…"


_SECTIONS = {
    "Is the confidence right?": _bands,
    "Week by week": _weeks,
    "Coder by coder": _coders,
    "Do two people agree?": _agreement,
    "Which codes?": _codes,
    "Do the notes change?": _drift,
}
