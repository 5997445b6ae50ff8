"""Phrases laid out so that every stem knows its phrases."""

from hypothesis import given
from hypothesis import strategies as st

from icdbridge.starter.dictionary import FAMILY, LONGEST, SOURCES, Dictionary, Name, build_dictionary

TITLE, INDEX = SOURCES.index("title"), SOURCES.index("index")
NAMES = st.lists(
    st.builds(
        Name,
        st.lists(st.sampled_from("abcde"), min_size=1, max_size=4, unique=True).map(tuple),
        st.integers(0, 9),
        st.integers(0, len(SOURCES) - 1),
        st.tuples(st.integers(0, 2)),
    ),
    min_size=1,
    max_size=20,
)


def phrases(dictionary):
    return [frozenset(dictionary.phrase(phrase)) for phrase in range(len(dictionary.sizes))]


@given(NAMES)
def test_every_name_is_found_once_by_all_of_its_stems(names):
    dictionary = build_dictionary(names)
    found = phrases(dictionary)
    assert sorted(map(sorted, found)) == sorted(map(sorted, {frozenset(name.stems) for name in names}))
    for stem, number in dictionary.stems.items():
        begin, end = dictionary.posting_starts[number : number + 2]
        having = set(dictionary.postings[begin:end].tolist())
        assert having == {phrase for phrase, stems in enumerate(found) if stem in stems}
    for phrase, stems in enumerate(found):
        codes, sources = dictionary.meant(phrase)
        status = dictionary.status(phrase)
        named = {
            name.code for name in names if frozenset(name.stems) == stems and SOURCES[name.source] in TERM
        }
        assert len(set(codes)) == len(codes) == len(sources)
        assert set(codes) == named
        assert set(status) == {
            SOURCES[name.source]
            for name in names
            if frozenset(name.stems) == stems and SOURCES[name.source] not in TERM
        }


TERM = SOURCES[: SOURCES.index("medications")]


@given(NAMES)
def test_the_order_of_names_does_not_matter(names):
    def meant(dictionary):
        return {
            stems: (dictionary.meant(phrase)[0][:1], sorted(dictionary.meant(phrase)[0]))
            for phrase, stems in enumerate(phrases(dictionary))
        }

    distinct = [name._replace(rank=(place,)) for place, name in enumerate(names)]
    assert meant(build_dictionary(distinct)) == meant(build_dictionary(distinct[::-1]))


def test_the_most_trusted_code_of_a_phrase_comes_first():
    names = [
        Name(("pain", "chest"), 1, INDEX, (1,)),
        Name(("chest", "pain"), 2, TITLE, (0,)),
        Name(("chest", "pain"), 1, TITLE, (2,)),
    ]
    assert build_dictionary(names).meant(0) == ([2, 1], [TITLE, INDEX])


def test_rare_stems_weigh_more_and_stand_first_in_a_phrase():
    names = [Name((stem, "pain"), 1, TITLE, (0,)) for stem in ("chest", "leg", "arm")]
    dictionary = build_dictionary(names)
    assert dictionary.weights[dictionary.stems["leg"]] > dictionary.weights[dictionary.stems["pain"]]
    assert [dictionary.phrase(phrase)[1] for phrase in range(3)] == ["pain"] * 3


def test_names_too_long_are_left_out():
    names = [Name(tuple("abcdefghijk"[:size]), size, TITLE, (0,)) for size in (LONGEST, LONGEST + 1)]
    assert build_dictionary(names).targets.tolist() == [LONGEST]


def test_a_relatives_code_is_kept_apart():
    names = [Name(("stroke",), 1, TITLE, (0,)), Name(("stroke",), 2, SOURCES.index(FAMILY), (0,))]
    dictionary = build_dictionary(names)
    assert dictionary.meant(0)[0] == [1]
    assert dictionary.status(0) == {FAMILY: 2}


@given(NAMES)
def test_saved_and_opened(tmp_path_factory, names):
    folder = tmp_path_factory.mktemp("dictionary")
    dictionary = build_dictionary(names)
    dictionary.save(folder)
    same = Dictionary.open(folder)
    assert dict(same.stems) == dict(dictionary.stems)
    assert [same.meant(phrase) for phrase in range(len(same.sizes))] == [
        dictionary.meant(phrase) for phrase in range(len(dictionary.sizes))
    ]
