"""Helpers of the sources of boxes and masks: finding images by name, files of class names, splits by folder or list."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from data.errors import UserError
from data.files import counted, require_file, shown
from data.peek import CLUTTER, is_image
from data.walking import each_folder

IMAGE_FOLDERS = ("images", "image", "jpegimages", "img", "imgs", "image_2", "leftimg8bit", "photos", "data")
CLASS_FILES = ("labels.txt", "classes.txt", "class_names.txt", "names.txt", "codes.txt", "obj.names", "classes.names")


class ImageIndex:
    """Images below a folder by name and by stem (the name without its ending); the first found wins."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.by_name: dict[str, str] = {}
        self.by_stem: dict[str, str] = {}
        self.count = 0

    def fill(self) -> Iterator[int]:
        """Walk the folder; yields how many images were found since."""
        for folder, names in walk(self.root):
            images = [name for name in names if is_image(name)]
            for name in images:
                self.by_name.setdefault(name, folder)
                self.by_stem.setdefault(stem(name), os.path.join(folder, name))
            self.count += len(images)
            yield 0

    def find(self, *names: str) -> tuple[str, str] | None:
        """(folder, name) of the first of the names, whole or without its ending, that is an image here."""
        for name in names:
            if name in self.by_name:
                return self.by_name[name], name
        for name in names:
            if found := self.by_stem.get(stem(name)):
                folder, _, base = found.rpartition("/")
                return folder, base
        return None


def stem(name: str) -> str:
    """A file's name without its ending."""
    return name.rpartition(".")[0] or name


def walk(root: str) -> Iterator[tuple[str, list[str]]]:
    """(folder, sorted names of its files) of a folder and all below it. Raises UserError for an unreadable one."""
    return each_folder(root, _look, _refuse)


def _look(folder: str) -> tuple[list[str], list[str]]:
    with os.scandir(folder) as entries:
        found = [(entry.name, entry.is_dir()) for entry in entries]
    files = [name for name, is_folder in found if not is_folder and not name.startswith("._")]
    return files, [name for name, is_folder in found if is_folder and name not in CLUTTER]


def _refuse(folder: str, error: OSError) -> None:
    raise UserError(f"{shown(folder)} cannot be read: {error.strerror}.", field="folder") from None


def class_file(given: str | None, folders: Iterable[str]) -> str | None:
    """The file of class names: the given one, or the first of the usual ones in the folders."""
    if given:
        return require_file(given, "labels_file")
    places = [os.path.join(folder, name) for folder in folders for name in CLASS_FILES]
    return next((place for place in places if os.path.isfile(place)), None)


def class_names(path: str) -> list[str]:
    """One name a line, in the order of the numbers; blank lines at the end do not count."""
    with open(path, encoding="utf-8-sig", errors="backslashreplace") as file:
        return [line.strip() for line in file.read().rstrip().split("\n")]


def text_of(path: str, most: int = 64 << 20) -> str:
    """A text file's content. Raises UserError (reason, no file name) where it cannot be read or is too large."""
    try:
        with open(path, encoding="utf-8-sig", errors="strict") as file:
            text = file.read(most + 1)
    except OSError as error:
        raise UserError(f"Its annotation {os.path.basename(path)} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise UserError(f"Its annotation {shown(os.path.basename(path))} is no text in UTF-8.") from None
    if len(text) > most:
        raise UserError(f"Its annotation {shown(os.path.basename(path))} is larger than {most >> 20} MB.")
    return text


def held_words(boxes: int, outlines: int, keypoints: int) -> str:
    """How many objects were found, in words: "3 boxes, 1 outline"."""
    found = ((boxes, "box", "boxes"), (outlines, "outline", ""), (keypoints, "set of keypoints", "sets of keypoints"))
    return ", ".join(counted(count, noun, plural) for count, noun, plural in found if count) or "no boxes"


def require_pictures(count: int, place: str, what: str) -> None:
    """Raises UserError where a source found nothing."""
    if not count:
        raise UserError(f"{shown(place)} has {what}.", field="folder", hint="Choose what it is under Source.")
