"""Decoding anything, encoding records: the fast codecs equal Pillow, and what cannot be read says why."""

from __future__ import annotations

import csv
import io
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from data.codecs import any_format, decode, decode_record, encode, jpeg, png
from data.codecs.limits import MAX_PIXELS
from data.errors import UserError
from data.preparation import Preparation
from tests.data.shared import messy_folder

SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3]))


def picture(height: int = 30, width: int = 40, channels: int = 3) -> np.ndarray:
    """Smooth, so that JPEG keeps it nearly."""
    y, x = np.mgrid[:height, :width]
    planes = (255 * y // height, 255 * x // width, 127 + 0 * y)
    return np.stack(planes[:channels], axis=-1).astype(np.uint8)


def stored(pixels: np.ndarray | Image.Image, kind: str = "PNG", **options) -> bytes:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels.squeeze())
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def attempt(data: bytes, channels: int) -> np.ndarray | UserError:
    try:
        return decode(data, channels)
    except UserError as error:
        return error


# -- records ------------------------------------------------------------------------------------------------------


@given(SHAPES, st.sampled_from(["png", "raw"]), st.integers(0, 2**32 - 1))
def test_lossless_records_come_back_as_they_were(shape, encoding, seed) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    out = np.zeros(shape, np.uint8)
    decode_record(encode(pixels, encoding), encoding, out)
    assert (out == pixels).all()


@given(SHAPES, st.integers(0, 2**32 - 1))
def test_our_png_is_a_png_to_others(shape, seed) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    with Image.open(io.BytesIO(png.encode(pixels))) as image:
        assert image.mode == ("L" if shape[2] == 1 else "RGB")
        assert (np.asarray(image).reshape(shape) == pixels).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_records_are_close_and_smaller_at_lower_quality(channels) -> None:
    pixels = picture(64, 64, channels)
    out = np.zeros_like(pixels)
    decode_record(encode(pixels, "jpg", 90), "jpg", out)
    assert np.abs(out.astype(int) - pixels).max() <= 12
    assert len(encode(pixels, "jpg", 50)) < len(encode(pixels, "jpg", 95))


def test_no_damaged_byte_of_a_plain_png_goes_unnoticed() -> None:
    """Each byte in turn, so also the lengths of the chunks; the picture itself is stored only where all is right."""
    whole = png.encode(np.arange(48, dtype=np.uint8).reshape(6, 8, 1))
    header = png.plain_header(whole)
    assert header is not None
    assert header.bare
    for at in range(len(whole)):
        for flip in (1, 0x20, 0x80):
            damaged = whole[:at] + bytes((whole[at] ^ flip,)) + whole[at + 1 :]
            assert png.plain_header(damaged) is None, (at, flip)
    assert png.plain_header(whole[:-1]) is None
    assert png.plain_header(whole + b"x") is None


def test_a_damaged_record_is_an_error_and_not_a_grey_picture() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    for encoding in ("png", "jpg", "raw"):
        with pytest.raises(ValueError, match=r".+"):
            decode_record(encode(noise, encoding)[:200], encoding, np.zeros_like(noise))


# -- the fast codecs against Pillow -------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("options", [{}, {"subsampling": 0}, {"subsampling": 1}, {"progressive": True}])
def test_fast_jpeg_equals_pillow(channels, options) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (67, 93, 3), np.uint8)
    for data in (stored(noise, "JPEG", **options), stored(noise[..., 0], "JPEG")):
        fast = jpeg.decode(data, channels)
        assert fast is not None
        assert (fast == any_format.decode(data, channels)).all()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("orientation", range(10))
def test_fast_jpeg_turns_as_exif_says(channels, orientation) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = stored(np.random.default_rng(4).integers(0, 256, (20, 31, 3), np.uint8), "JPEG", exif=exif)
    fast = jpeg.decode(data, channels)
    assert fast is not None
    assert fast.flags.c_contiguous
    assert fast.shape == ((31, 20, channels) if orientation in (5, 6, 7, 8) else (20, 31, channels))
    assert (fast == any_format.decode(data, channels)).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_fast_png_equals_pillow_and_leaves_rare_kinds_to_it(channels) -> None:
    noise = np.random.default_rng(5).integers(0, 256, (21, 33, 4), np.uint8)
    plain = [stored(noise[..., :3]), stored(noise[..., 0])]
    rare = [stored(noise), stored(noise[..., :2]), stored(Image.fromarray(noise[..., :3]).quantize(16))]
    rare.append(stored(noise[..., 0], transparency=7))
    for data in plain:
        fast = png.decode(data, channels)
        assert fast is not None
        assert (fast == any_format.decode(data, channels)).all()
    for data in rare:
        assert png.decode(data, channels) is None
        assert decode(data, channels).shape == (21, 33, channels)


@given(st.integers(8, 330), st.integers(1, 255))
@settings(max_examples=150)
def test_a_png_with_a_flipped_byte_never_passes_the_fast_way(position, flip) -> None:
    data = bytearray(png.encode(np.random.default_rng(6).integers(0, 256, (12, 9, 3), np.uint8)))
    data[position % len(data)] ^= flip
    assert png.plain_header(bytes(data)) is None


# -- every kind of image ------------------------------------------------------------------------------------------


def test_grey_is_pillows_grey() -> None:
    noise = np.random.default_rng(7).integers(0, 256, (40, 40, 3), np.uint8)
    expected = np.asarray(Image.fromarray(noise).convert("L"))
    assert (decode(stored(noise), 1)[..., 0] == expected).all()
    # and not the luma plane of a JPEG, which differs where colours were clipped
    data = stored(noise, "JPEG")
    assert (decode(data, 1)[..., 0] == np.asarray(Image.open(io.BytesIO(data)).convert("L"))).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I;16"])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_mode_gives_the_asked_channels(mode, channels) -> None:
    kinds = {"CMYK": "TIFF", "YCbCr": "TIFF", "LAB": "TIFF"}
    if mode == "I;16":
        image = Image.fromarray((picture()[..., 0].astype(np.uint16)) * 257)
    elif mode == "LAB":
        image = Image.new("LAB", (40, 30), (200, 10, 10))
    else:
        image = Image.fromarray(picture()).convert(mode)
    pixels = decode(stored(image, kinds.get(mode, "PNG")), channels)
    assert pixels.shape == (30, 40, channels)
    assert pixels.dtype == np.uint8
    if mode not in ("1", "LAB"):
        expected = np.asarray(Image.fromarray(picture()).convert("L"), int)
        if mode == "I;16":
            expected = picture()[..., 0].astype(int)
        assert np.abs(pixels.mean(axis=2) - expected).mean() < 30


def test_cielab_is_converted_by_its_profile() -> None:
    white = decode(stored(Image.new("LAB", (4, 4), (255, 128, 128)), "TIFF"), 3)
    red = decode(stored(Image.new("LAB", (4, 4), (136, 208, 195)), "TIFF"), 3)
    assert white.min() > 250
    assert red[0, 0, 0] > 240
    assert red[0, 0, 1:].max() < 40


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_laid_on_white(mode) -> None:
    image = Image.new(mode, (2, 1), 0)
    image.putpixel((1, 0), (0, 0, 0, 255) if mode == "RGBA" else (0, 255))
    for channels in (1, 3):
        assert decode(stored(image), channels)[0, :, 0].tolist() == [255, 0]


def test_a_transparent_palette_entry_is_white() -> None:
    image = Image.new("P", (2, 1), 0)
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    assert decode(stored(image, transparency=0), 3)[0].tolist() == [[255, 255, 255], [40, 50, 60]]


@pytest.mark.parametrize(("bits", "kind"), [(16, "PNG"), (16, "TIFF"), (16, "PPM")])
def test_sixteen_bits_are_scaled_to_eight(bits, kind) -> None:
    samples = np.array([[0, 255, 256, 32768, 65535]], np.uint16)
    if kind == "PPM":
        data = b"P5 5 1 65535\n" + samples.astype(">u2").tobytes()
    else:
        data = stored(Image.fromarray(samples), kind)
    assert decode(data, 1)[0, :, 0].tolist() == [0, 0, 1, 128, 255]


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (np.array([[0.0, 0.5, 1.0]], np.float32), [0, 128, 255]),
        (np.array([[0.0, 100.0, 255.0]], np.float32), [0, 100, 255]),
        (np.array([[0.0, 257.0, 65535.0]], np.float32), [0, 1, 255]),
        (np.array([[-2.0, 0.0, 2.0]], np.float32), [0, 128, 255]),
        (np.array([[0, 3, 255]], np.int32), [0, 3, 255]),
        (np.array([[0, 32768, 65535]], np.int32), [0, 128, 255]),
        (np.array([[-100, 0, 100]], np.int32), [0, 128, 255]),
        (np.array([[0, 10**6, 2 * 10**6]], np.int32), [0, 128, 255]),
        (np.array([[7, 7]], np.int32), [7, 7]),
        (np.array([[-5, -5]], np.int32), [0, 0]),
        (np.array([[np.nan, 0.25, np.inf]], np.float32), [0, 64, 255]),
        (np.array([[np.nan, np.nan]], np.float32), [0, 0]),
    ],
)
def test_samples_without_a_range_take_the_smallest_usual_one_that_holds_them(samples, expected) -> None:
    data = stored(Image.fromarray(samples), "TIFF")
    assert decode(data, 1)[0, :, 0].tolist() == expected
    assert decode(data, 3)[0, :, 2].tolist() == expected


@pytest.mark.parametrize("tail", [b"", b"\0\0\1\xf4IDATgarbage", b"\0\0\0\0IENDxxxx"])
def test_a_png_whose_end_alone_is_damaged_is_read(tail) -> None:
    whole = stored(picture())
    assert (decode(whole[:-12] + tail, 3) == picture()).all()
    assert isinstance(attempt(whole[:-40], 3), UserError)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_an_animation_gives_its_first_frame(kind) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = stored(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert decode(data, 3)[4, 4].tolist() == [255, 0, 0]


# -- what cannot be read ------------------------------------------------------------------------------------------


def header_only_png(width: int, height: int) -> bytes:
    body = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes((8, 2, 0, 0, 0))
    idat = b"IDAT" + zlib.compress(b"\0" * 100)
    chunks = b"".join(
        (len(chunk) - 4).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
        for chunk in (body, idat, b"IEND")
    )
    return png.MAGIC + chunks


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"hello", "not an image"),
        (bytes(5000), "zeros"),
        (b"<!DOCTYPE html><html>404</html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS"),
        (b"\0\0\0\x18ftypheic" + bytes(50), "HEIC"),
        (header_only_png(100_000, 100_000), "million pixels"),
        (header_only_png(30, 30), "damaged|too early"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image"),
    ],
)
def test_what_is_no_image_says_so(data, word) -> None:
    with pytest.raises(UserError, match=word) as caught:
        decode(data, 3)
    assert caught.value.hint


def test_the_largest_jpeg_header_is_refused_unread() -> None:
    data = bytearray(stored(picture(), "JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = b"\xff\xff\xff\xff"
    assert MAX_PIXELS < 65535 * 65535
    with pytest.raises(UserError, match="million pixels"):
        decode(bytes(data), 3)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_truncated_file_is_refused_never_half_shown(kind, share) -> None:
    noise = np.random.default_rng(8).integers(0, 256, (64, 64, 3), np.uint8)
    data = stored(noise, kind)
    with pytest.raises(UserError):
        decode(data[: int(len(data) * share)], 3)


@given(st.sampled_from(["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP"]), st.data())
@settings(max_examples=250, deadline=None)
def test_flipped_bytes_give_pixels_or_a_user_error_and_nothing_else(kind, draw) -> None:
    data = bytearray(stored(picture(12, 14), kind))
    for _ in range(draw.draw(st.integers(1, 6))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    result = attempt(bytes(data), 3)
    if isinstance(result, UserError):
        assert result.message.endswith((".", ")"))
    else:
        assert result.dtype == np.uint8
        assert result.ndim == 3


# -- the collection of odd and damaged files ----------------------------------------------------------------------

HALF_THERE = "pillow/broken_data_stream.png"
"""Its last three rows are missing. The manifest says ok, since Pillow fails at the first load and passes the second."""


def test_every_messy_file_is_read_as_the_manifest_says_or_refused_in_words(tmp_path: Path) -> None:
    folder = messy_folder(tmp_path)
    with (folder / "manifest.csv").open() as file, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        any_format.quiet()
        for row in csv.DictReader(file):
            data = (folder / row["file"]).read_bytes()
            readable = row["pillow_13.0.0"] == "ok" and row["file"] != HALF_THERE
            for channels in (1, 3):
                result = attempt(data, channels)
                assert readable is not isinstance(result, UserError), (row["file"], result)
                if isinstance(result, UserError):
                    assert result.hint
                else:
                    assert (result == any_format.decode(data, channels)).all(), row["file"]
    assert not [str(warning.message) for warning in caught if "PIL" in warning.filename]


def test_all_nine_orientations_show_the_same_picture(tmp_path: Path) -> None:
    folder = messy_folder(tmp_path) / "exif-orientation"
    small = Preparation(60, 60, 3)
    for name in ("Landscape", "Portrait"):
        upright = small.file(folder / f"{name}_1.jpg").astype(int)
        for orientation in range(9):
            assert np.abs(small.file(folder / f"{name}_{orientation}.jpg") - upright).mean() < 1


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_is_stripped_of_what_is_nobodys_business_and_its_pixels_stay(progressive) -> None:
    exif = Image.Exif()
    exif[0x010E] = "a secret place"  # ImageDescription
    data = stored(
        picture(60, 90), "JPEG", progressive=progressive, exif=exif, comment=b"a secret word", icc_profile=b"p" * 99
    )
    tail = stored(picture(8, 8), "JPEG", comment=b"a secret second picture")
    bare = jpeg.bare(data + tail, 3)
    assert bare is not None
    assert b"secret" not in bare
    assert (decode(bare, 3) == decode(data, 3)).all()
    out = np.empty((60, 90, 3), np.uint8)
    decode_record(bare, "jpg", out)
    assert (out == decode(data, 3)).all()


def test_a_jpeg_that_cannot_be_kept_as_it_is() -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    colour, grey = stored(picture(), "JPEG"), stored(picture(channels=1), "JPEG")
    assert jpeg.bare(grey, 1) is not None
    for data, channels in (
        (stored(picture(), "JPEG", exif=turned), 3),
        (grey, 3),
        (colour, 1),
        (colour[:-300], 3),
        (b"", 3),
    ):
        assert jpeg.bare(data, channels) is None
