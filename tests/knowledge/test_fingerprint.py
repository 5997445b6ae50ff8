"""The fingerprint of what is known of codes."""

import shutil

from icdbridge.knowledge import fingerprint as module
from icdbridge.knowledge.fingerprint import fingerprint


def test_it_is_the_same_until_something_changes(tmp_path, monkeypatch):
    own = tmp_path / "knowledge"
    shutil.copytree(module.__file__.removesuffix("fingerprint.py"), own)
    monkeypatch.setattr(module, "OWN", own)
    before = fingerprint()
    assert before == fingerprint()
    assert len(before) == 16
    with (own / "data" / "sources.json").open("a") as handle:
        handle.write("\n")
    changed = fingerprint()
    assert changed != before
    (own / "data" / "new.csv").write_text("term,code\n")
    assert fingerprint() not in (before, changed)


def test_an_installed_table_that_changes_changes_it(tmp_path, monkeypatch):
    table = tmp_path / "data.csv"
    table.write_text("a")
    monkeypatch.setattr(module, "installed", lambda: iter([table]))
    before = fingerprint()
    table.write_text("ab")
    assert fingerprint() != before
