"""The report on a store's decisions as one HTML page, with its figures beside it as JSON."""

from pathlib import Path
from typing import Any

from icdbridge.corpora import Corpus
from icdbridge.drawing import COLOURS, drawing
from icdbridge.errors import InputError
from icdbridge.evaluation.reports.page import Section, write_page
from icdbridge.evaluation.reports.plots import draw_bars, draw_lines
from icdbridge.evaluation.reports.text_table import Table, percent
from icdbridge.feedback.desk_figures import desk_figures
from icdbridge.files import write_json
from icdbridge.server.store import Store


def write_desk_report(
    store: Store, out: Path | str, *, corpus: Corpus | None = None, synthetic: bool = False
) -> dict[str, Any]:
    """Writes ``out`` (.html) and the figures beside it (.json), and gives these. With the ``corpus`` of training drift
    is measured against it. No word of a note is in either. Raises ``InputError`` where no encounter is finished.
    """
    out = Path(out)
    if out.suffix.lower() != ".html":
        raise InputError(f"{out} is to be a page: give a name that ends in .html")
    figures = desk_figures(store, corpus=corpus)
    if not figures["encounters"]:
        raise InputError("no encounter of the store is done: there is nothing to report yet")
    parts = (_bands, _weeks, _coders, _agreement, _codes, _drift)
    sections = [part(figures) for part in parts]
    facts = [
        ("encounters done", f"{figures['encounters']:,}"),
        ("decisions", f"{figures['decisions']:,}"),
        ("coders", f"{len(figures['coders']):,}"),
        ("minutes a chart, last week", _number(figures["weeks"][-1]["minutes"]) if figures["weeks"] else "-"),
    ]
    beside = out.with_suffix(".json")
    write_json(beside, figures)
    lead = "What coders did with the suggestions of the encounters that they finished."
    write_page(out, "The desk's decisions", lead, facts, sections, synthetic, beside.name)
    return figures


def _bands(figures: dict[str, Any]) -> Section:
    section = Section("Is the confidence right?")
    section.text(
        "Of the suggestions of each band, the share that stands in the finished encounter, beside the share that the "
        "confidence promised. Where the two differ, icdbridge calibrate fits the confidence anew."
    )
    bands = figures["bands"]
    with drawing("bands", 1, 2.6, 6.4) as drawn:
        (axis,) = drawn.axes
        accepted = [row["accepted"] / row["shown"] if row["shown"] else None for row in bands]
        draw_bars(axis, {"promised": [row["expected"] for row in bands], "accepted": accepted}, labelled=True)
        axis.set_xticks(range(len(bands)), [row["band"] for row in bands])
        axis.set_ylabel("percent of suggestions")
        axis.set_ylim(0, 108)
        axis.legend(fontsize=9)
    section.svg(drawn.svg)
    rows = [
        [
            row["band"],
            f"{row['shown']:,}",
            f"{row['accepted']:,}",
            f"{row['rejected']:,}",
            f"{row['shown'] - row['accepted'] - row['rejected']:,}",
            percent(row["expected"]),
            percent(share),
        ]
        for row, share in zip(bands, accepted, strict=True)
    ]
    columns = ["band", "shown", "accepted", "rejected", "left", "promised %", "accepted %"]
    section.table(Table("Suggestions by confidence", columns, rows))
    return section


def _weeks(figures: dict[str, Any]) -> Section:
    section = Section("Week by week")
    weeks = figures["weeks"]
    if len(weeks) > 1:
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
        section.svg(drawn.svg)
    rows = [
        [
            row["week"],
            f"{row['encounters']:,}",
            percent(row["f1"]),
            percent(row["likely"]),
            f"{row['added']:.1f}",
            _number(row["minutes"]),
        ]
        for row in weeks[-12:]
    ]
    columns = [
        "week",
        "encounters",
        "F1 of predicted %",
        "likely, accepted %",
        "added a chart",
        "minutes a chart",
    ]
    section.table(Table("The last weeks", columns, rows, note="Minutes: pauses count as 5 minutes at most."))
    return section


def _coders(figures: dict[str, Any]) -> Section:
    section = Section("Coder by coder")
    coders = figures["coders"]
    odd = [row["coder"] for row in coders if row["by_chance"]]
    section.text(
        "Follows the confidence: of an accepted and a rejected suggestion, how often the accepted one was the more "
        "confident. 50% is what tossed coins reach. Overruled: decisions that another person changed later."
    )
    if odd:
        section.text(
            f"Look at {', '.join(odd)}: what was accepted hardly follows the confidence, though that "
            "of others does. Let a second person read these encounters: until then neither confidence nor corpus is "
            "made of them."
        )
    rows = [
        [
            row["coder"],
            f"{row['encounters']:,}",
            f"{row['decisions']:,}",
            *(percent(row["acceptance"][band]) for band in ("likely", "possible", "unlikely")),
            percent(row["follows"]),
            f"{row['added']:,}",
            f"{row['overruled']:,}",
            _number(row["minutes"]),
        ]
        for row in coders
    ]
    columns = ["coder", "encounters", "decisions", "likely accepted %", "possible accepted %"]
    columns += [
        "unlikely accepted %",
        "follows the confidence %",
        "added by hand",
        "overruled",
        "minutes a chart",
    ]
    bold = [number for number, row in enumerate(coders) if row["by_chance"]]
    note = "Bold: hardly follows the confidence." if bold else ""
    section.table(Table("Decisions by coder", columns, rows, 1, note, bold))
    return section


def _agreement(figures: dict[str, Any]) -> Section:
    section = Section("Do two people agree?")
    if not figures["agreement"]:
        section.text("No code was decided on by two people.")
        return section
    rows = [
        [row["first"], row["second"], f"{row['codes']:,}", percent(row["same"]), _number(row["kappa"], 2)]
        for row in figures["agreement"]
    ]
    note = "Kappa: agreement beyond chance (Cohen 1960). Who reads second sees what the first decided."
    section.table(
        Table("Codes that both decided on", ["first", "second", "codes", "same %", "kappa"], rows, 2, note)
    )
    return section


def _codes(figures: dict[str, Any]) -> Section:
    section = Section("Which codes?")
    rows = [
        [row["key"].partition(":")[2], _short(row["description"]), f"{row['times']:,}"]
        for row in figures["added"][:12]
    ]
    section.table(Table("Most often added by hand", ["code", "description", "times"], rows, 2))
    rows = [
        [
            row["key"].partition(":")[2],
            _short(row["description"]),
            f"{row['shown']:,}",
            f"{row['expected']:.0f}",
            f"{row['accepted']:,}",
        ]
        for row in figures["codes"][:12]
    ]
    columns = ["code", "description", "shown", "promised", "accepted"]
    section.table(Table("Confidence furthest from what was accepted", columns, rows, 2))
    return section


def _drift(figures: dict[str, Any]) -> Section:
    section = Section("Do the notes change?")
    rows = [
        [row["month"], f"{row['encounters']:,}", *(f"{row[name]:.3f}" for name in _DRIFT)]
        for row in figures["drift"]
    ]
    if not rows:
        section.text("Too few encounters to tell.")
        return section
    section.text(
        f"How far the words and the categories of codes of each month are from those of {figures['drift_from']} "
        "(Jensen-Shannon divergence, 0 to 1), beside what as many notes drawn from these would show. A month far above "
        "it is unlike the notes that were learnt from: look at new wards, templates or code releases, then train again."
    )
    columns = ["month", "encounters", "words", "by chance", "codes", "by chance"]
    section.table(Table("Distance by month", columns, rows))
    return section


_DRIFT = ("words", "words_by_chance", "codes", "codes_by_chance")


def _short(title: str, most: int = 70) -> str:
    return title if len(title) <= most else f"{title[:most]}…"


def _number(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
