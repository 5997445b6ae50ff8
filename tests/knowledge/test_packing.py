"""Packing the published tables, on small ones."""

import bz2
import csv
import gzip
import json
import pickle

import pytest
from benchmarks import pack_tables as packing
from benchmarks import pack_variants as packing_variants

from icdbridge.errors import InputError
from icdbridge.knowledge.packed_tables import DATA

NESTED = """<?xml version="1.0"?><ICD10CM.index><version>2026</version><letter><title>F</title>
<mainTerm><title>Fall, falling<nemod>(accidental)</nemod></title><code>W19</code>
  <term level="1"><title>from</title>
    <term level="2"><title>bed NEC</title><code>W06.-</code></term>
    <term level="2"><title>cot</title><see>Fall, from, bed</see></term>
    <term level="2"><title>moon</title><see>Fall, by type</see></term></term></mainTerm>
</letter></ICD10CM.index>"""
CELLS = """<?xml version="1.0"?><ICD10CM.index><letter><mainTerm><title>{}</title><cell col="2">T36.0X1</cell>
<cell col="3">--</cell><cell col="4">-</cell><cell col="5">T36.0X4</cell><cell col="6">T36.0X5-</cell></mainTerm>
</letter></ICD10CM.index>"""


@pytest.fixture
def source(tmp_path):
    for folder in ("icd10cm_index", "icd10cm_tables", "mimic_splits"):
        (tmp_path / folder).mkdir()
    (tmp_path / "icd10cm_index" / "ICD10CM_2025_Index_fullterm.tsv").write_text(
        "full_term\tnonessential_modifiers\tcode\nGout, gouty,  idiopathic, ankle\t(acute)\tM10.07-\n"
    )
    tables = tmp_path / "icd10cm_tables"
    (tables / "icd10cm-eindex-2026-04.xml").write_text(NESTED)
    (tables / "icd10cm-neoplasm-2026-04.xml").write_text(CELLS.format("Neoplasm"))
    (tables / "icd10cm-drug-2026-04.xml").write_text(CELLS.format("Penicillin<nemod>(any)</nemod> G"))
    scopes = {
        "mimiciii_icd9": {"code_scope:full": {"428.0": 0, "V10": 1}, "code_scope:frequent": {"428.0": 0}},
        "mimiciv_icd9": {"code_scope:full": {"428.0": 0}, "code_scope:frequent": {"428.0": 0}},
    }
    (tmp_path / "mimic_splits" / "code_scopes.json").write_text(json.dumps(scopes))
    return tmp_path


def lines(file):
    return gzip.decompress(file.read_bytes()).decode().splitlines()


def test_rows_are_those_of_the_tables_with_references_followed(source, tmp_path):
    target = tmp_path / "packed"
    target.mkdir()
    said = packing.pack(source, target)
    assert lines(target / "index.tsv.gz") == ["Gout, gouty, idiopathic, ankle\t(acute)\tM10.07"]
    assert lines(target / "external.tsv.gz") == [
        "Fall, falling\tW19",
        "Fall, falling | from | bed NEC\tW06",
        "Fall, falling | from | cot\tW06",
    ]
    assert said["external"]["cross_references_followed"] == 1
    assert said["external"]["not_followed"] == 1
    assert lines(target / "drug.tsv.gz") == ["Penicillin G\tT36.0X1\t\t\tT36.0X4\tT36.0X5\t"]
    assert lines(target / "frequency.tsv.gz") == ["icd9\t428.0\t2\t2", "icd9\tV10\t1\t0"]
    assert json.loads((target / "sources.json").read_text())["index"]["release"] == "2025"


def test_the_same_tables_give_the_same_bytes(source, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        packing.pack(source, tmp_path / name)
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(InputError, match="expected one file icd10cm_index"):
        packing.pack(tmp_path, tmp_path)


def test_a_concept_lends_its_other_names_to_the_code_of_its_name(tmp_path):
    (tmp_path / "sources.json").write_text('{"index": {}}')
    hpo, mesh = tmp_path / "hp.obo", tmp_path / "mesh.pkl.bz2"
    hpo.write_text(
        "data-version: hp/releases/2025-01-16\n"
        '\n[Term]\nid: HP:1\nname: Pneumonia\nsynonym: "Zzz of the lungs" EXACT layperson []\n'
        'synonym: "ZZZ" EXACT abbreviation []\nsynonym: "Wide thing" BROAD []\n'
        '\n[Term]\nid: HP:2\nname: Nothing known\nsynonym: "Xyzzy" EXACT []\n'
    )
    table = {
        "disease_canonical_to_data": {"gout": {"name": "Gout"}},
        "disease_variant_to_canonical": {"quux, podagric": ["gout"], "gout": ["gout"]},
    }
    mesh.write_bytes(bz2.compress(pickle.dumps(table)))
    said = packing_variants.pack(hpo, mesh, tmp_path)
    assert lines(tmp_path / "lay.tsv.gz") == ["zzz of the lungs\tJ18.9"]
    assert lines(tmp_path / "mesh.tsv.gz") == ["podagric quux\tM10.9"]
    assert said["lay"]["release"] == "2025-01-16"
    assert set(json.loads((tmp_path / "sources.json").read_text())) == {"index", "lay", "mesh"}


def test_a_dictionary_that_holds_more_than_texts_is_refused(tmp_path):
    (tmp_path / "hp.obo").write_text("")
    (tmp_path / "mesh.pkl.bz2").write_bytes(bz2.compress(pickle.dumps({"a": InputError})))
    with pytest.raises(InputError, match="expected texts only"):
        packing_variants.pack(tmp_path / "hp.obo", tmp_path / "mesh.pkl.bz2", tmp_path)


def test_what_is_shipped_has_the_rows_that_it_says():
    for name, entry in json.loads((DATA / "sources.json").read_text()).items():
        assert len(lines(DATA / f"{name}.tsv.gz")) == entry["rows"] > 1_000


@pytest.mark.parametrize("table", sorted(DATA.glob("*.csv")), ids=lambda file: file.stem)
def test_every_row_of_a_table_of_ours_has_the_cells_of_its_header(table):
    with table.open(encoding="utf-8", newline="") as handle:
        header, *rows = csv.reader(handle)
    assert [(table.stem, row) for row in rows if len(row) != len(header)] == []
