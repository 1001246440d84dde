"""DIGITS's augmentation fields -> Foveal's options: pure (digits.md 1.6)."""

from __future__ import annotations

from typing import Any

from app.api.digits_fields import FALSE, Form

AUGMENTATION_NAMES = {
    "flip": "aug_flip",
    "flip_vertical": "aug_flip",
    "quarter_turns": "aug_quad_rot",
    "rotation": "aug_rot",
    "scaling": "aug_scale",
    "noise": "aug_noise",
    "contrast": "aug_contrast",
    "hue": "aug_hsv_h",
    "saturation": "aug_hsv_s",
    "value": "aug_hsv_v",
}
"""Foveal option -> DIGITS field."""

FLIPS = {"none": (False, False), "fliplr": (True, False), "flipud": (False, True), "fliplrud": (True, True)}
TURNS = {"none": "none", "rot90": "quarter", "rot180": "half", "rotall": "all"}
HSV = (("hue", "aug_hsv_h", "0.02"), ("saturation", "aug_hsv_s", "0.04"), ("value", "aug_hsv_v", "0.06"))
"""Option, field and what the field is where colour is asked for and it is absent."""


def augmentation_values(read: Form) -> dict[str, Any]:
    """The options; an absent field asks for nothing. Whitening is refused: DIGITS did not do it at validation."""
    read.lacking("aug_whitening", "whitening", tuple(FALSE))
    sideways, upside_down = FLIPS[read.choice("aug_flip", "none", {name: name for name in FLIPS})]
    colour = read.flag("aug_hsv_use")
    return {
        "flip": sideways,
        "flip_vertical": upside_down,
        "quarter_turns": read.choice("aug_quad_rot", "none", TURNS),
        "rotation": read.text("aug_rot", "0"),
        "scaling": read.text("aug_scale", "0"),
        "noise": read.text("aug_noise", "0"),
        "contrast": read.text("aug_contrast", "0"),
        **{option: read.text(field, usual) if colour else "0" for option, field, usual in HSV},
    }
