import pytest

from icdbridge.codes import SYSTEMS, Code, CodeSystem, load_system, search
from icdbridge.errors import InputError

OWN = CodeSystem(
    "own", "own", "t.csv", "own", {"K1": "Heart failure of the local kind"}, {}, {"K1": ("Tired heart",)}
)


def keys(query: str, **options: object) -> list[str]:
    return [str(hit.code) for hit in search(query, **options)]  # type: ignore[arg-type]


def test_heart_failure() -> None:
    top = keys("heart failure", limit=3)
    assert top == ["icd10cm:I50", "icd9cm:428", "icd10cm:I50.9"]
    assert all("428" in key or "I50." in key for key in keys("heart failure unspecified", limit=3))


def test_all_words_must_match_in_any_order_the_last_as_beginning() -> None:
    hits = search("infarction myocard", limit=1000)
    assert len(hits) > 20
    for hit in hits:
        assert "infarction" in hit.term.lower()
        assert "myocard" in hit.term.lower()
    assert not keys("infarct myocardial")  # "infarct" is no whole word of a title... and not the last word
    assert keys("heart", limit=1) != ["icd9cm:787.1"]  # whole words before "heartburn"


def test_accents_and_punctuation_do_not_matter() -> None:
    assert "icd9cm:386.00" in keys("meniere's disease")
    assert keys("MÉNIÈRE'S disease") == keys("menieres disease".replace("eres", "ere s"))


def test_synonyms_are_found_and_named() -> None:
    (hit, *_) = search("Non-Q wave myocardial infarction NOS", limit=5)
    assert (hit.code, hit.matched_on) == (Code("icd10cm", "I21.4"), "synonym")
    assert hit.term == "Non-Q wave myocardial infarction NOS"
    assert hit.title == load_system("icd10cm").titles["I21.4"]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("I21.4", "icd10cm:I21.4"),
        ("i214", "icd10cm:I21.4"),
        ("I50", "icd10cm:I50"),
        ("4280", "icd9cm:428.0"),
        ("96.71", "icd9proc:96.71"),
        ("bw20", "icd10pcs:BW2000Z"),
    ],
)
def test_a_query_that_codes_begin_with(query: str, first: str) -> None:
    hits = search(query)
    assert str(hits[0].code) == first
    assert hits[0].matched_on == "code"


def test_a_code_is_hit_once_and_the_limit_holds() -> None:
    found = keys("pneumonia", limit=100)
    assert len(found) == len(set(found)) == 100
    assert keys("pneumonia", limit=7) == found[:7]


def test_systems_and_tables_of_ones_own() -> None:
    assert {hit.code.system for hit in search("heart", ["icd9proc"])} == {"icd9proc"}
    assert keys("tired", systems=(), tables=[OWN]) == ["own:K1"]
    assert "own:K1" in keys("heart failure of the local", tables=[OWN])
    with pytest.raises(InputError, match="icd11"):
        search("heart", ["icd11"])


def test_codes_before_categories_of_the_same_title() -> None:
    hits = search("pneumonia unspecified organism", SYSTEMS)
    assert [hit.code.code for hit in hits if hit.code.code.startswith("J18")][:2] == ["J18.9", "J18"]


def test_a_query_without_words() -> None:
    for query in ("", "  ", "--"):
        with pytest.raises(InputError, match="nothing to search for"):
            search(query)
    assert search("nosuchwordatall") == []
