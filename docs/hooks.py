"""Pages of the documentation site that lie outside docs/, with their links as seen from there."""

from pathlib import Path

from mkdocs.structure.files import File, Files

PAGES = {"README.md": "index.md", "CONTRIBUTING.md": "how-to-contribute.md", "CHANGELOG.md": "changelog.md"}


def on_files(files: Files, *, config) -> Files:
    for source, page in PAGES.items():
        content = Path(config.config_file_path).with_name(source).read_text("utf-8").replace("](docs/", "](")
        for other, name in PAGES.items():
            content = content.replace(f"]({other})", f"]({name})")
        files.append(File.generated(config, page, content=content))
    return files
