"""The requests about the inside of a model, by name."""

from __future__ import annotations

from models.inspection.activations import activations
from models.inspection.attribution import attribution_methods, explain, grade
from models.inspection.feature_visualization import (
    cancel_visualization,
    feature_visualization,
    visualization_key,
    visualization_options,
)
from models.inspection.weights import layers, weights

REQUESTS = {
    "activations": activations,
    "attribution_methods": attribution_methods,
    "cancel_visualization": cancel_visualization,
    "explain": explain,
    "feature_visualization": feature_visualization,
    "grade": grade,
    "layers": layers,
    "visualization_key": visualization_key,
    "visualization_options": visualization_options,
    "weights": weights,
}
