"""The first page of the documentation site is the README, with its links as seen from docs/."""

from pathlib import Path

from mkdocs.structure.files import File, Files


def on_files(files: Files, *, config) -> Files:
    readme = Path(config.config_file_path).with_name("README.md").read_text("utf-8")
    files.append(File.generated(config, "index.md", content=readme.replace("](docs/", "](")))
    return files
