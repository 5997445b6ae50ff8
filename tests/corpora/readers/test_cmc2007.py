from pathlib import Path

import pytest

from icdbridge.corpora import Corpus
from icdbridge.corpora.readers.cmc2007 import prepare_cmc2007
from icdbridge.errors import InputError

DOC = """<doc id="{id}" type="RADIOLOGY_REPORT"><codes>
<code origin="CMC_MAJORITY" type="ICD-9-CM">{code}</code>
<code origin="COMPANY3" type="ICD-9-CM">V72.5</code></codes>
<texts><text origin="CCHMC_RADIOLOGY" type="CLINICAL_HISTORY">Cough &amp; fever, {id}.</text>
<text origin="CCHMC_RADIOLOGY" type="IMPRESSION">Normal
chest.</text></texts></doc>"""


def xml(path: Path, head: str = "") -> Path:
    docs = "".join(DOC.format(id=i, code="786.2" if i % 2 else "780.6") for i in range(20))
    path.write_text(f'<?xml version="1.0" encoding="UTF-8"?>{head}<docs>{docs}</docs>', "utf-8")
    return path


def rows(corpus: Corpus) -> list[dict[str, object]]:
    return [row for batch in corpus.notes() for row in batch.to_pylist()]


def test_the_original_xml(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    xml(tmp_path / "in" / "2007ChallengeTrainData.xml")
    corpus = prepare_cmc2007(tmp_path / "in", tmp_path / "out")
    assert rows(corpus)[1] == {
        "note_id": "1",
        "text": "CLINICAL HISTORY: Cough & fever, 1.\nIMPRESSION: Normal chest.",
        "codes": ["icd9cm:786.2"],
    }
    assert corpus.codes == ["icd9cm:780.6", "icd9cm:786.2"]


def test_a_doctype_is_refused(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE docs [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    with pytest.raises(InputError, match="has a DOCTYPE"):
        prepare_cmc2007(xml(tmp_path / "bomb.xml", bomb), tmp_path / "out")


def test_damaged_xml(tmp_path: Path) -> None:
    path = xml(tmp_path / "cut.xml")
    path.write_text(path.read_text()[:-100])
    with pytest.raises(InputError, match=r"cut.xml, line \d+: not valid XML"):
        prepare_cmc2007(path, tmp_path / "out")


def test_nothing_or_both_forms(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"neither .xml nor .jsonl"):
        prepare_cmc2007(tmp_path, tmp_path / "out")
    xml(tmp_path / "a.xml")
    (tmp_path / "a.jsonl").write_text("")
    with pytest.raises(InputError, match="both as XML and as JSON lines"):
        prepare_cmc2007(tmp_path, tmp_path / "out")


def test_codes_as_numbers_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": 1, "text": "Cough", "codes": [486]}\n')
    with pytest.raises(InputError, match="row 1, column codes: expected text"):
        prepare_cmc2007(tmp_path / "a.jsonl", tmp_path / "out")


def test_the_real_corpus(public_data: Path, tmp_path: Path) -> None:
    corpus = prepare_cmc2007(public_data / "cmc2007", tmp_path / "out")
    assert corpus.meta["notes"]["total"] == 782
    assert sum(corpus.notes_with) == 984
    assert "none" not in corpus.meta["description_sources"]
