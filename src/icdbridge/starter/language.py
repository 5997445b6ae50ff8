"""Whether a note is in English, by its commonest words: the starter knows no other language and had better not
guess."""

from collections import Counter
from collections.abc import Sequence

from icdbridge.starter.stems import Word, words_of

FEWEST = 12  # words of these lists that a note must have for its language to be told
_COMMON = {
    "English": "the and of with to for was in is no on at he she his her patient by or not has had from were this",
    "Spanish": "el la los las de del que con una un por para se en su al como no paciente desde hasta fue sin y",
    "French": "le la les des du une un et est avec pour dans sur par au aux sans patient depuis qui il elle en pas ne",
    "German": "der die das und mit ist ein eine einer des dem den bei nicht von zu auf im keine patient wurde nach",
    "Portuguese": "o a os as de do da dos das que com uma um por para se em no na ao foi paciente sem e",
    "Italian": "il lo la i gli le di del della con una un per che in nel si da al non paziente senza e dal presenta",
    "Dutch": "de het een en van met is in op te voor niet bij geen patient werd door naar aan sinds zijn haar er",
    "Swedish": "och att det som en ett med av på är inte har till för den utan patienten vid från sedan han hon",
    "Polish": "i w z na do się nie jest o od po przez bez oraz pacjent pacjentka przy dla u jak że był była",
}
_LISTS = {language: frozenset(word.text for word in words_of(listed)) for language, listed in _COMMON.items()}


def foreign_language(words: Sequence[Word]) -> str | None:
    """The language of a note that is not in English; None for English and where too little tells."""
    counts = Counter(word.text for word in words)
    found = {language: sum(counts[word] for word in listed) for language, listed in _LISTS.items()}
    best = max(found, key=lambda language: found[language])
    if best == "English" or found[best] < FEWEST or found[best] < 2 * found["English"]:
        return None
    return best
