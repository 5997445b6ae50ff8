"""Tables of text, shown on a terminal and as Markdown."""

import io

import pytest
from rich.console import Console

from icdbridge.text_table import Table, percent, points, show

TABLE = Table(
    "A title", ["scope", "the first figure", "b|c"], [["full", "12.3", "x|y"], ["rare", "-", ""]], note="N."
)


def test_markdown():
    assert TABLE.markdown().splitlines() == [
        "**A title**",
        "",
        "| scope | the first figure | b\\|c |",
        "| --- | ---: | ---: |",
        "| full | 12.3 | x\\|y |",
        "| rare | - |  |",
        "",
        "N.",
    ]


@pytest.mark.parametrize("width", [25, 120])
def test_no_cell_is_cut_on_a_narrow_terminal(width):
    out = io.StringIO()
    Console(file=out, width=width).print(TABLE.rich())
    for cell in ("full", "12.3", "x|y", "rare", "title"):
        assert cell in out.getvalue()


def test_show_prints_all(capsys):
    show([TABLE, TABLE])
    assert capsys.readouterr().out.count("A title") == 2
    show([TABLE], markdown=True)
    assert "| full | 12.3 |" in capsys.readouterr().out


def test_percent_and_points():
    assert [percent(0.12345), percent(None), percent(0.5, 0.0123), percent(1)] == [
        "12.3",
        "-",
        "50.0 ± 1.2",
        "100.0",
    ]
    assert [points(0.0123), points(-0.2), points(0.0001), points(-0.0001), points(None)] == [
        "+1.2",
        "-20.0",
        "0.0",
        "0.0",
        "-",
    ]
