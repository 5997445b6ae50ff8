"""Coding into parts: every note once, whatever is interrupted, changed or begun otherwise."""

import errno
import hashlib
import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from icdbridge.coding import Suggestion
from icdbridge.coding.bulk import Done, code_notes
from icdbridge.coding.object_store import Folder, RemoteSource, store
from icdbridge.coding.parts import code_parts, part_notes
from icdbridge.coding.sources import Source
from icdbridge.coding.untrained import StarterCoder
from icdbridge.errors import InputError

OPTIONS = {"version": "icd10", "top": 2}


class Echo(StarterCoder):
    """Finds a code whose description is the note; cannot code a note without text."""

    def __init__(self, device="cpu"):
        super().__init__()
        self.coded = 0

    def fingerprint(self):
        return "echo"

    def fault(self, text):
        return None if text.strip() else "nothing to code"

    def code_many(self, texts, version=None, **options):
        self.coded += len(texts)
        found = Suggestion(1, "icd10cm", "I10", "", 0.5, True, None, (), 0.5, "likely")
        return [None if self.fault(text) else [replace(found, description=text)] for text in texts]


def here(make, parts, most):
    """Every part coded by one coder of this process."""
    worker = make()
    return (worker.code(part) for part in parts)


def stopping_after(count):
    def each(make, parts, most):
        for number, coded in enumerate(here(make, parts, most)):
            if number == count:
                raise KeyboardInterrupt  # this part is written, and nobody has heard of it
            yield coded

    return each


def write_notes(path, texts):
    rows = [{"note_id": f"n{number}", "text": text} for number, text in enumerate(texts)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def notes(tmp_path, monkeypatch):
    """23 notes, of which 2 cannot be coded, in parts of 5."""
    monkeypatch.setattr("icdbridge.coding.parts.PART_NOTES", 5)
    (tmp_path / "in").mkdir()
    texts = [f"note {number}" if number % 10 != 9 else " " for number in range(23)]
    return write_notes(tmp_path / "in" / "notes.jsonl", texts)


def code(notes, out, each=here, coder=None, source=None, **asked):
    coder, source = coder or Echo(), Source([notes]) if source is None else source
    return code_parts(coder, type(coder), source, str(out), each, **{"options": OPTIONS, **asked})


def read(out):
    """The lines of all parts in the order of their names, as the manifest has them."""
    manifest = json.loads((out / "_manifest.json").read_text())
    files = sorted(path for path in out.iterdir() if path.name != "_manifest.json")
    assert [path.name for path in files] == [part["name"] for part in manifest["parts"]]
    return "".join(path.read_text("utf-8") for path in files)


def test_parts_together_are_what_one_process_writes(notes, tmp_path):
    said, read_through = [], []

    class Once(Source):
        def __len__(self):  # reads all tables, as coding them does once more
            read_through.append(self)
            return super().__len__()

    done = code(notes, tmp_path / "out.jsonl", source=Once([notes]), say=said.append)
    assert len(read_through) == 1
    assert done == Done(21, 2)
    assert code_notes(Echo(), Source([notes]), tmp_path / "one.jsonl", **OPTIONS) == done
    assert read(tmp_path / "out.jsonl") == (tmp_path / "one.jsonl").read_text("utf-8")
    assert [line.split(": ")[-1] for line in said] == ["nothing to code"] * 2
    manifest = json.loads((tmp_path / "out.jsonl" / "_manifest.json").read_text())
    assert (manifest["notes"], manifest["skipped"], len(manifest["parts"])) == (23, 2, 5)
    assert (tmp_path / "out.jsonl").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("total", "size"), [(0, 64), (1, 64), (4_096, 64), (4_097, 128), (16_384, 256), (10**7, 512)]
)
def test_few_notes_have_small_parts(total, size):
    assert part_notes(total) == size


def test_parts_are_a_parquet_data_set_by_default(notes, tmp_path):
    code(notes, tmp_path / "out")
    assert sorted(pq.read_table(tmp_path / "out")["note_id"].to_pylist()) == sorted(
        f"n{number}" for number in range(23) if number not in (9, 19)
    )


@pytest.mark.parametrize("after", [0, 2, 4])
def test_what_was_interrupted_goes_on_with_the_parts_that_are_missing(notes, tmp_path, after):
    out = tmp_path / "out.jsonl"
    with pytest.raises(KeyboardInterrupt):
        code(notes, out, stopping_after(after))
    with pytest.raises(InputError, match="go on by --resume"):
        code(notes, out)
    counted = []

    def each(make, parts, most):
        counted.extend(found := list(parts))
        return here(make, iter(found), most)

    assert code(notes, out, each, resume=True) == Done(21, 2)
    assert len(counted) == 4 - after
    code(notes, tmp_path / "whole.jsonl")
    assert read(out) == read(tmp_path / "whole.jsonl")


def test_a_note_that_changed_meanwhile_is_coded_anew(notes, tmp_path):
    out = tmp_path / "out.jsonl"
    with pytest.raises(KeyboardInterrupt):
        code(notes, out, stopping_after(3))
    write_notes(notes, [f"other {n}" if n == 1 else f"note {n}" for n in range(12)])
    assert code(notes, out, resume=True) == Done(12, 0)
    assert "other 1" in read(out)
    code(notes, tmp_path / "whole.jsonl")
    assert read(out) == read(tmp_path / "whole.jsonl")


def whole(out):
    """The manifest of a result, all of whose parts are as it says."""
    manifest = json.loads((out / "_manifest.json").read_text())
    for part in manifest["parts"]:
        assert hashlib.sha256((out / part["name"]).read_bytes()).hexdigest() == part["sha256"]
    return manifest


@pytest.mark.parametrize("url", [False, True])
def test_a_whole_result_stands_until_the_next_one_is_whole(notes, tmp_path, monkeypatch, url):
    code(notes, tmp_path / "next.jsonl", options=OPTIONS | {"top": 1})
    steps, stop = 0, 0

    def stopping(method):
        def step(folder, *given):
            nonlocal steps
            steps += 1
            if steps == stop:
                raise KeyboardInterrupt
            return method(folder, *given)

        return step

    for name in ("write", "move", "remove", "discard"):
        monkeypatch.setattr(Folder, name, stopping(getattr(Folder, name)))
    finished = False
    while not finished:
        stop += 1
        out = tmp_path / f"{stop}.jsonl"
        out.mkdir()
        steps = -1000
        place = out.as_uri() if url else out
        code(notes, place)
        steps = 0
        finished = True
        try:
            code(notes, place, force=True, options=OPTIONS | {"top": 1})
        except KeyboardInterrupt:
            finished = False
            whole(out)
            assert code(notes, place, force=True, resume=True, options=OPTIONS | {"top": 1}) == Done(21, 2)
        assert whole(out)["settings"]["top"] == 1
        assert read(out) == read(tmp_path / "next.jsonl")
    assert stop > 20


def test_what_is_there_is_not_replaced_unasked(notes, tmp_path):
    out = tmp_path / "out.jsonl"
    with pytest.raises(InputError, match="was not begun"):
        code(notes, out, resume=True)
    with pytest.raises(KeyboardInterrupt):
        code(notes, out, stopping_after(1))
    with pytest.raises(InputError, match="with another run or options"):
        code(notes, out, resume=True, options=OPTIONS | {"top": 3})
    assert code(notes, out, resume=True, force=True) == Done(21, 2)
    with pytest.raises(InputError, match="exists already"):
        code(notes, out)
    assert code(notes, out, force=True, options=OPTIONS | {"top": 1}) == Done(21, 2)
    read(out)
    (out / "mine.txt").write_text("kept")
    with pytest.raises(InputError, match=r"holds mine\.txt"):
        code(notes, out, force=True)
    with pytest.raises(InputError, match="holds the input"):
        code(notes, notes.parent, source=Source([notes.parent / "notes.jsonl"]), inputs=[notes.parent])
    assert (out / "mine.txt").read_text() == "kept"


def test_notes_and_parts_may_be_urls(notes, tmp_path):
    (notes.parent / "about.txt").write_text("no table")
    source = RemoteSource([notes.parent.as_uri()])
    assert source.left_out == [f"{notes.parent.as_uri()}: left out files that are no tables (1)"]
    said = []
    (tmp_path / "out.jsonl").mkdir()
    assert code(notes, (tmp_path / "out.jsonl").as_uri(), source=source, say=said.append) == Done(21, 2)
    code(notes, tmp_path / "here.jsonl")
    assert read(tmp_path / "out.jsonl") == read(tmp_path / "here.jsonl")
    assert said[0].startswith(f"skipped {notes.as_uri()}, row 10 ")
    with pytest.raises(InputError, match="is missing"):
        RemoteSource([(tmp_path / "none").as_uri()])
    with pytest.raises(InputError, match="cannot open gopher://there"):
        RemoteSource(["gopher://there/notes"])


def test_a_store_that_fails_is_named_and_so_is_a_broken_file_in_it(tmp_path):
    place = tmp_path.as_uri()
    with pytest.raises(InputError, match=rf"^cannot open {place}: it does not answer$"), store(place):
        raise OSError("it does not answer")  # as Arrow says it, without a number
    with pytest.raises(OSError, match="No space left"), store(place):
        raise OSError(errno.ENOSPC, "No space left on device")
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(InputError, match=rf"^{place}/a.parquet is not a whole Parquet"):
        len(RemoteSource([tmp_path.as_uri()]))
