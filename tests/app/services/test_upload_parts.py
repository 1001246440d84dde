"""Uploads in pieces: going on after a break, by offset and by key; refusals in words; nothing abandoned stays."""

from __future__ import annotations

import io
import os
import time
import zipfile
from pathlib import Path

import pytest

from app.services import upload_parts
from app.services.context import Conflict, NotAllowed, NotFound, StorageFull
from app.services.paths import upload_folder
from app.services.uploads import safe_name
from data.errors import UserError
from tests.app.conftest import Lab


def archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        for cls in ("cat", "Äpfel"):
            for number in range(3):
                zipped.writestr(f"set/{cls}/{number}.png", os.urandom(5000))
    return file.getvalue()


def test_pieces_make_a_whole(lab: Lab) -> None:
    olga, content = lab.who("olga"), archive()
    begun = upload_parts.begin(lab.ctx, olga, "pictures.zip", len(content), "pictures|1")
    assert (begun["offset"], begun["size"]) == (0, len(content))
    for start in range(0, len(content), 7000):
        piece = content[start : start + 7000]
        state = upload_parts.append(lab.ctx, olga, begun["id"], start, io.BytesIO(piece))
        assert state["offset"] == start + len(piece)
    path = Path(upload_parts.finish(lab.ctx, olga, begun["id"]))
    assert sorted(folder.name for folder in path.iterdir()) == ["cat", "Äpfel"]
    assert path.is_relative_to(upload_folder(lab.ctx, olga))
    with pytest.raises(NotFound):
        upload_parts.state(lab.ctx, olga, begun["id"])
    assert not list(upload_folder(lab.ctx, olga).glob(".parts/*"))


class Breaking(io.BytesIO):
    """A connection that breaks after some bytes."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() >= 4000:
            raise OSError("the peer has gone")
        return super().read(4000)


def test_a_broken_connection_keeps_what_had_come_and_the_key_goes_on(lab: Lab) -> None:
    olga, content = lab.who("olga"), archive()
    begun = upload_parts.begin(lab.ctx, olga, "a.zip", len(content), "the key")
    with pytest.raises(UserError, match="broke off"):
        upload_parts.append(lab.ctx, olga, begun["id"], 0, Breaking(content))
    again = upload_parts.begin(lab.ctx, olga, "a.zip", len(content), "the key")
    assert again == {"id": begun["id"], "size": len(content), "offset": 4000}
    assert upload_parts.begin(lab.ctx, olga, "a.zip", len(content) + 1, "the key")["id"] != begun["id"]
    with pytest.raises(Conflict, match="begins at 4000, not at 0"):
        upload_parts.append(lab.ctx, olga, begun["id"], 0, io.BytesIO(content))
    with pytest.raises(Conflict, match="Only 4000 of"):
        upload_parts.finish(lab.ctx, olga, begun["id"])
    upload_parts.append(lab.ctx, olga, begun["id"], 4000, io.BytesIO(content[4000:]))
    assert Path(upload_parts.finish(lab.ctx, olga, begun["id"])).is_dir()


def test_an_upload_belongs_to_one_person(lab: Lab) -> None:
    begun = upload_parts.begin(lab.ctx, lab.who("olga"), "a.zip", 10)
    for work in (upload_parts.state, upload_parts.finish, upload_parts.cancel):
        with pytest.raises(NotFound):
            work(lab.ctx, lab.who("sam"), begun["id"])
        with pytest.raises(NotAllowed):
            work(lab.ctx, lab.who("vic"), begun["id"])
    for name in ("../../olga/.parts/" + begun["id"], "", ".", begun["id"] + "/data"):
        with pytest.raises(NotFound):
            upload_parts.state(lab.ctx, lab.who("olga"), name)


def test_what_is_no_archive_is_refused_and_gone(lab: Lab) -> None:
    olga = lab.who("olga")
    begun = upload_parts.begin(lab.ctx, olga, "a.zip", 9)
    upload_parts.append(lab.ctx, olga, begun["id"], 0, io.BytesIO(b"no archiv"))
    with pytest.raises(UserError):
        upload_parts.finish(lab.ctx, olga, begun["id"])
    assert [path for path in upload_folder(lab.ctx, olga).rglob("*") if path.is_file()] == []


def test_sizes_are_checked_before_and_while_sending(lab: Lab) -> None:
    olga = lab.who("olga")
    with pytest.raises(UserError, match="larger than"):
        upload_parts.begin(lab.ctx, olga, "a.zip", lab.ctx.settings.max_upload_mb * 1_000_000 + 1)
    with pytest.raises(UserError, match="empty"):
        upload_parts.begin(lab.ctx, olga, "a.zip", 0)
    begun = upload_parts.begin(lab.ctx, olga, "a.zip", 5)
    with pytest.raises(UserError, match="More bytes came than the 5"):
        upload_parts.append(lab.ctx, olga, begun["id"], 0, io.BytesIO(b"123456"))
    for number in range(upload_parts.MOST_OPEN):
        if number:
            upload_parts.begin(lab.ctx, olga, "a.zip", 5 + number)
    with pytest.raises(Conflict, match="too many"):
        upload_parts.begin(lab.ctx, olga, "a.zip", 99)


def test_a_disk_that_is_too_small_is_said_before_anything_is_sent(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_parts, "_ROOM", 1 << 60)
    with pytest.raises(StorageFull, match="MB free"):
        upload_parts.begin(lab.ctx, lab.who("olga"), "a.zip", 10)
    assert not list(upload_folder(lab.ctx, lab.who("olga")).glob(".parts/*"))


def test_abandoned_uploads_are_removed_and_live_ones_are_not(lab: Lab) -> None:
    old = upload_parts.begin(lab.ctx, lab.who("olga"), "old.zip", 10)
    parts = upload_folder(lab.ctx, lab.who("olga")) / ".parts"
    before = time.time() - upload_parts.ABANDONED - 5
    os.utime(parts / old["id"] / "data", (before, before))
    fresh = upload_parts.begin(lab.ctx, lab.who("sam"), "fresh.zip", 10)  # beginning cleans up, everybody's
    with pytest.raises(NotFound):
        upload_parts.state(lab.ctx, lab.who("olga"), old["id"])
    assert upload_parts.clean(lab.ctx) == 0
    assert upload_parts.clean(lab.ctx, time.time() + upload_parts.ABANDONED + 5) == 1
    with pytest.raises(NotFound):
        upload_parts.state(lab.ctx, lab.who("sam"), fresh["id"])


def test_what_a_killed_server_left_is_removed(lab: Lab) -> None:
    home = upload_folder(lab.ctx, lab.who("olga"))
    for name, files in (
        ("killed", ("archive-a.zip", "files/half")),
        ("good", ("files/a/archive.png",)),
        ("list", ("l.txt",)),
    ):
        for file in files:
            path = home / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            os.utime(path, (1, 1))
    assert upload_parts.clean(lab.ctx) == 1
    assert sorted(path.name for path in home.iterdir()) == ["good", "list"]


def test_a_list_is_kept_as_it_is(lab: Lab) -> None:
    begun = upload_parts.begin(lab.ctx, lab.who("olga"), "C:\\my lists\\Äpfel 1.TXT", 6)
    upload_parts.append(lab.ctx, lab.who("olga"), begun["id"], 0, io.BytesIO(b"a.p 0\n"))
    path = Path(upload_parts.finish(lab.ctx, lab.who("olga"), begun["id"]))
    assert (path.name, path.read_bytes()) == ("Äpfel 1.TXT", b"a.p 0\n")


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..", ".hidden.txt", "x" * 300 + ".zip", "é" * 300 + ".txt", "a\0b", " "]
)
def test_names_are_safe_and_fit(name: str) -> None:
    safe = safe_name(name)
    assert "/" not in safe
    assert "\0" not in safe
    assert not safe.startswith(".")
    assert 0 < len(safe.encode()) <= 255


def test_over_http(lab: Lab) -> None:
    client, content = lab.client("olga"), archive()
    begun = client.post("/api/v1/uploads/parts", json={"filename": "a.zip", "size": len(content), "key": "k"})
    assert begun.status_code == 201
    place = f"/api/v1/uploads/parts/{begun.json['id']}"
    kind = {"content_type": "application/octet-stream"}
    assert client.patch(f"{place}?offset=0", data=content[:1000], **kind).json["offset"] == 1000
    wrong = client.patch(f"{place}?offset=5", data=content[:1000], **kind)
    assert wrong.status_code == 409
    assert "begins at 1000" in wrong.json["detail"]
    assert client.get(place).json == {"id": begun.json["id"], "size": len(content), "offset": 1000}
    assert client.post(f"{place}/finish").status_code == 409
    client.patch(f"{place}?offset=1000", data=content[1000:], **kind)
    done = client.post(f"{place}/finish")
    assert done.status_code == 201
    assert Path(done.json["path"]).is_dir()
    assert client.get(place).status_code == 404
    other = client.post("/api/v1/uploads/parts", json={"filename": "a.zip", "size": 5}).json
    assert client.delete(f"/api/v1/uploads/parts/{other['id']}").status_code == 204
    assert lab.client("vic").post("/api/v1/uploads/parts", json={"filename": "a.zip", "size": 5}).status_code == 403
