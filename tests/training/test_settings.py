"""Settings come from presets, files and the command line; what they do not know they refuse."""

import pytest

from icdbridge.errors import InputError
from icdbridge.models import ARCHITECTURES
from icdbridge.training import PRESETS, make_settings
from icdbridge.training.settings import reads


def test_presets_are_the_papers():
    rnn, cnn = make_settings("duallaat-rnn"), make_settings("duallaat-cnn")
    assert (rnn.encoder, rnn.hidden_size, rnn.heads, rnn.shared_dim, rnn.dropout) == ("gru", 512, 4, 512, 0.3)
    assert (rnn.weight_decay, rnn.label_space, rnn.warmup_steps, rnn.learning_rate) == (
        0.001,
        8192,
        2000,
        0.001,
    )
    assert (cnn.encoder, cnn.hidden_size, cnn.kernel_size, cnn.shared_dim, cnn.dropout) == (
        "cnn",
        256,
        10,
        256,
        0.2,
    )
    assert cnn.weight_decay == 0


def test_file_then_changes_then_keywords(tmp_path):
    (tmp_path / "s.toml").write_text("heads = 7\nepochs = 3\nlayers = 2\n")
    settings = make_settings("duallaat-rnn", "small", tmp_path / "s.toml", ["heads=5", "epochs=4"], epochs=6)
    assert (settings.layers, settings.heads, settings.epochs) == (2, 5, 6)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"changes": ["haeds=3"]}, "unknown setting 'haeds'"),
        ({"changes": ["heads"]}, "not of the form name=value"),
        ({"changes": ["heads=many"]}, "setting 'heads'.*got 'many'"),
        ({"changes": ["dropout=1.5"]}, "setting 'dropout'"),
        ({"model": "duallaat"}, "unknown model 'duallaat'"),
        ({"preset": "huge"}, "unknown preset 'huge'"),
        (
            {"model": "caml", "preset": "few-notes"},
            "few-notes is for duallaat-rnn and duallaat-cnn, not for caml",
        ),
        ({"changes": ["architecture=lenet"]}, "unknown architecture 'lenet': known are duallaat, "),
        ({"model": "laat", "changes": ["kernel_size=5"]}, "^laat reads no kernel_size: leave it out"),
        ({"model": "laat", "changes": ["kernel_size=10"]}, "^laat reads no kernel_size"),  # its default, too
        ({"model": "multirescnn", "changes": ["layers=2"]}, "multirescnn reads no layers"),
        ({"model": "caml", "preset": "small", "changes": ["heads=2"]}, "caml reads no heads"),
        ({"model": "plm-icd", "changes": ["hidden_size=2"]}, "plm-icd reads no hidden_size"),
        ({"changes": ["segment=64"]}, "duallaat with encoder=gru reads no segment"),
        ({"changes": ["kernel_size=5"]}, "duallaat with encoder=gru reads no kernel_size"),
        ({"model": "duallaat-cnn", "changes": ["layers=2"]}, "duallaat with encoder=cnn reads no layers"),
        (
            {"model": "caml", "changes": ["lexical=names"]},
            "scores of duallaat, not of caml: set lexical=none",
        ),
        (
            {"changes": ["terms=knowledge"]},
            "terms is for lexical evidence: set lexical=names, associations or",
        ),
        ({"changes": ["withheld=0.1"]}, "withheld is for lexical evidence"),
        ({"changes": ["lexical=true"]}, "setting 'lexical'.*got 'true'"),
        ({"changes": ["matching=true"]}, "unknown setting 'matching'"),
    ],
)
def test_refused(given, message):
    with pytest.raises(InputError, match=message):
        make_settings(**given)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_model_of_a_preset_reads_what_is_set(preset):
    for model in PRESETS[preset]:
        settings = make_settings(model, preset)
        idle = [name for name in settings.model_fields_set if not reads(model, name)]
        assert settings.architecture in ARCHITECTURES
        assert not idle, (model, idle)


def test_another_encoder_leaves_the_preset_s_sizes_of_the_first_behind():
    settings = make_settings("duallaat-cnn", "small", changes=["encoder=gru", "layers=2"])
    assert (settings.encoder, settings.layers) == ("gru", 2)
    assert settings.kernel_size == make_settings().kernel_size


def test_bad_files(tmp_path):
    with pytest.raises(InputError, match="is missing"):
        make_settings(file=tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("heads = ")
    with pytest.raises(InputError, match="not valid TOML"):
        make_settings(file=tmp_path / "bad.toml")
    (tmp_path / "nested.toml").write_text("[model]\nheads = 3\n")
    with pytest.raises(InputError, match="unknown setting 'model'"):
        make_settings(file=tmp_path / "nested.toml")
