"""Attention as relevance sees it: the weights are constants, values and projections are linear.

PyTorch does ``F.multi_head_attention_forward`` as one call, inside which nothing is seen, so it is written out here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

from models.attribution.calls import bound
from models.attribution.tracer import Call

Linear = Callable[[Callable[..., Any], torch.Tensor, Any, Any, bool], Any]


def attention(call: Call) -> Any:
    """``F.scaled_dot_product_attention`` whose weights count as constants."""
    names = ("query", "key", "value", "attn_mask", "dropout_p", "is_causal")
    given = {**dict(zip(names, call.args, strict=False)), **call.kwargs}
    with torch.no_grad():
        weights = _weights(given["query"], given["key"], given.get("attn_mask"), given.get("scale"))
        if given.get("is_causal"):
            rows, columns = weights.shape[-2:]
            allowed = torch.ones(rows, columns, dtype=torch.bool, device=weights.device).tril()
            weights = _weights(given["query"], given["key"], allowed, given.get("scale"))
    return weights @ given["value"]


def _weights(query: torch.Tensor, key: torch.Tensor, mask: Any, scale: float | None) -> torch.Tensor:
    scores = query @ key.transpose(-2, -1) * (query.shape[-1] ** -0.5 if scale is None else scale)
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf) if mask.dtype == torch.bool else scores + mask
    return scores.softmax(-1)


def multi_head(call: Call, linear: Linear) -> Any:
    """``F.multi_head_attention_forward`` (sequence first, [t, n, d]) without dropout; masks of attention are applied.

    Key padding and the rarer options (bias_kv, static keys) go the ordinary way, which does not conserve relevance.
    """
    given = bound(call.original, call.args, call.kwargs)
    rare = ("key_padding_mask", "bias_k", "bias_v", "static_k", "static_v")
    if any(given[name] is not None for name in rare) or given["use_separate_proj_weight"] or given["add_zero_attn"]:
        return call.run()
    heads, query = given["num_heads"], given["query"]
    weights = given["in_proj_weight"].chunk(3)
    biases = [None] * 3 if given["in_proj_bias"] is None else given["in_proj_bias"].chunk(3)
    batched = query.ndim == 3
    inputs = [given[name] if batched else given[name].unsqueeze(1) for name in ("query", "key", "value")]
    parts = [linear(F.linear, values, w, b, True) for values, w, b in zip(inputs, weights, biases, strict=True)]
    q, k, v = (part.unflatten(-1, (heads, -1)).movedim(0, 2) for part in parts)  # [n, heads, t, d]
    with torch.no_grad():
        mask = given["attn_mask"]
        shares = _weights(q, k, mask.logical_not() if mask is not None and mask.dtype == torch.bool else mask, None)
    mixed = (shares @ v).movedim(2, 0).flatten(-2)
    output = linear(F.linear, mixed, given["out_proj_weight"], given["out_proj_bias"], True)
    output = output if batched else output.squeeze(1)
    if not given["need_weights"]:
        return output, None
    shares = shares.mean(1) if given["average_attn_weights"] else shares
    return output, shares if batched else shares.squeeze(0)
