"""Which of Odoo's tests `./dev test -k NAME PATHS` means."""

import ast
from pathlib import Path

from . import paths

EVERYTHING = f"/{paths.ADDON_NAME}"


def split(given):
    """Sort paths into test files of the addon and arguments of pytest.

    :param list[str] given: what the person wrote
    :return: files and folders below the addon; everything else
    :rtype: tuple[list[Path], list[str]]
    """
    inside, outside = [], []
    for text in given:
        path = Path(text).resolve()
        if path.is_relative_to(paths.ADDON):
            inside.append(path)
        else:
            outside.append(str(path))
    return inside, outside


def test_tags(name, within):
    """Return the value of Odoo's --test-tags.

    :param str name: part of a class's or method's name, or None
    :param list[Path] within: only tests of these files and folders, or empty
    :return: the tags; None if no test is meant
    :rtype: str | None
    """
    if not name and not within:
        return EVERYTHING
    files = sorted(paths.ADDON.glob("tests/**/test_*.py"))
    if within:
        files = [path for path in files if any(path.is_relative_to(place) for place in within)]
    specs = [spec for path in files for spec in _specs(path, name)]
    return ",".join(specs) or None


def _specs(path, name):
    """Yield the specs of the tests in a file.

    :param Path path: the file
    :param str name: part of a class's or method's name, or None
    """
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef):
            if not name or name.lower() in node.name.lower():
                yield f"{EVERYTHING}:{node.name}"
                continue
            for method in _test_methods(node):
                if name.lower() in method.lower():
                    yield f"{EVERYTHING}:{node.name}.{method}"


def _test_methods(node):
    """Return the names of a class's test methods.

    :param ast.ClassDef node: the class
    :rtype: list[str]
    """
    names = [part.name for part in node.body if isinstance(part, ast.FunctionDef)]
    return [name for name in names if name.startswith("test")]
