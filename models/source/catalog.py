"""The palette as text: one line a layer or function, with its arguments as PyTorch defines them and what it does.

A line is ``signature | what it does | arguments with which it is put on an edge``; ``C`` there stands for the channels
(or features) that arrive. "size" is a whole number or one per dimension. Lines without a third part are known to the
reader and to the side panel but need more than one value, so they cannot be put on an edge.
"""

from __future__ import annotations

_CONV = "in_channels: int, out_channels: int, kernel_size: size, stride: size = 1"
_CONV_END = "groups: int = 1, bias: bool = True"
_MODE = "padding_mode: zeros/reflect/replicate/circular = 'zeros'"
_NORM = "num_features: int, eps: float = 1e-05, momentum: float = 0.1, affine: bool = True"
_POOL = "kernel_size: size, stride: size = None, padding: size = 0"
_RNN = (
    "input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False, "
    "dropout: float = 0.0, bidirectional: bool = False"
)


def _conv(name: str, what: str, call: str) -> str:
    return f"nn.{name}({_CONV}, padding: size/text = 0, dilation: size = 1, {_CONV_END}, {_MODE}) | {what} | {call}"


def _norm(name: str, what: str) -> str:
    return f"nn.{name}({_NORM}, track_running_stats: bool = True, bias: bool = True) | {what} | C"


def _max(name: str, what: str) -> str:
    ends = "dilation: size = 1, return_indices: bool = False, ceil_mode: bool = False"
    return f"nn.{name}({_POOL}, {ends}) | {what} | 2"


CATALOG: dict[str, tuple[str, ...]] = {
    "Convolution": (
        _conv("Conv2d", "Slides learned filters over an image.", "C, C, kernel_size=3, padding=1"),
        _conv("Conv1d", "Slides learned filters along a sequence.", "C, C, kernel_size=3, padding=1"),
        _conv("Conv3d", "Slides learned filters through a volume.", "C, C, kernel_size=3, padding=1"),
        f"nn.ConvTranspose2d({_CONV}, padding: size = 0, output_padding: size = 0, {_CONV_END},"
        f" dilation: size = 1, {_MODE})"
        " | Enlarges an image with learned filters: the transpose of a convolution. | C, C, kernel_size=2, stride=2",
        "nn.Unfold(kernel_size: size, dilation: size = 1, padding: size = 0, stride: size = 1)"
        " | Lays every patch of an image out as a column. | 3, padding=1",
        "nn.Fold(output_size: size, kernel_size: size, dilation: size = 1, padding: size = 0, stride: size = 1)"
        " | Adds columns of patches back into an image.",
    ),
    "Linear": (
        "nn.Linear(in_features: int, out_features: int, bias: bool = True)"
        " | Weighs and adds all features: every output sees every input. | C, C",
        "nn.Flatten(start_dim: int = 1, end_dim: int = -1) | Lays channels, rows and columns out in one row. | ",
        "nn.Unflatten(dim: int, unflattened_size: sizes) | Splits one dimension into several.",
        "nn.Identity() | Does nothing; a place for a layer to come. | ",
        "nn.Embedding(num_embeddings: int, embedding_dim: int, padding_idx: int = None, max_norm: float = None,"
        " norm_type: float = 2.0, scale_grad_by_freq: bool = False, sparse: bool = False) | A learned vector a number.",
    ),
    "Normalization": (
        _norm("BatchNorm2d", "Centres and scales each channel by its mean and spread over the batch."),
        _norm("BatchNorm1d", "Centres and scales each feature by its mean and spread over the batch."),
        _norm("BatchNorm3d", "Centres and scales each channel of volumes over the batch."),
        "nn.GroupNorm(num_groups: int, num_channels: int, eps: float = 1e-05, affine: bool = True, bias: bool = True)"
        " | Centres and scales groups of channels of each image by itself. | 1, C",
        "nn.LayerNorm(normalized_shape: sizes, eps: float = 1e-05, elementwise_affine: bool = True, bias: bool = True)"
        " | Centres and scales each example over its last dimensions. | C",
        "nn.RMSNorm(normalized_shape: sizes, eps: float = None, elementwise_affine: bool = True)"
        " | Scales each example by its root mean square over the last dimensions. | C",
        "nn.InstanceNorm2d(num_features: int, eps: float = 1e-05, momentum: float = 0.1, affine: bool = False,"
        " track_running_stats: bool = False, bias: bool = True) | Centres and scales each channel of each image. | C",
        "nn.LocalResponseNorm(size: int, alpha: float = 0.0001, beta: float = 0.75, k: float = 1.0)"
        " | Damps a unit by its neighbours in other channels (AlexNet, GoogLeNet). | 5",
    ),
    "Activation": (
        "nn.ReLU(inplace: bool = False) | Keeps what is positive, zero otherwise. | ",
        "nn.LeakyReLU(negative_slope: float = 0.01, inplace: bool = False) | Lets a little of the negative through. | ",
        "nn.PReLU(num_parameters: int = 1, init: float = 0.25) | A leaky ReLU that learns its slope. | ",
        "nn.ReLU6(inplace: bool = False) | ReLU that stops at 6, for low precision. | ",
        "nn.GELU(approximate: none/tanh = 'none') | Smooth ReLU of transformers: x times the normal distribution. | ",
        "nn.SiLU(inplace: bool = False) | x times its sigmoid (Swish). | ",
        "nn.Mish(inplace: bool = False) | x times the tanh of its softplus. | ",
        "nn.ELU(alpha: float = 1.0, inplace: bool = False) | ReLU with an exponential negative side. | ",
        "nn.SELU(inplace: bool = False) | ELU scaled so that signals keep mean 0 and variance 1. | ",
        "nn.CELU(alpha: float = 1.0, inplace: bool = False) | ELU without a kink for every alpha. | ",
        "nn.Hardswish(inplace: bool = False) | SiLU made of straight lines, cheap on phones. | ",
        "nn.Hardsigmoid(inplace: bool = False) | Sigmoid made of straight lines. | ",
        "nn.Hardtanh(min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) | Cuts values off. | ",
        "nn.Sigmoid() | Squeezes values into 0 to 1. | ",
        "nn.Tanh() | Squeezes values into -1 to 1. | ",
        "nn.Softplus(beta: float = 1.0, threshold: float = 20.0) | A ReLU with a round corner. | ",
        "nn.Softsign() | x over 1 plus its size. | ",
        "nn.Softmax(dim: int = None) | Makes numbers along a dimension positive with sum 1. | dim=1",
        "nn.LogSoftmax(dim: int = None) | The logarithm of softmax. | dim=1",
        "nn.GLU(dim: int = -1) | Halves a dimension: one half opens and closes the other. | dim=1",
        "nn.Threshold(threshold: float, value: float, inplace: bool = False)"
        " | Replaces what is not above a threshold. | 0.0, 0.0",
    ),
    "Pooling": (
        _max("MaxPool2d", "The largest value of every window: smaller images."),
        _max("MaxPool1d", "The largest value of every window of a sequence."),
        _max("MaxPool3d", "The largest value of every window of a volume."),
        f"nn.AvgPool2d({_POOL}, ceil_mode: bool = False, count_include_pad: bool = True, divisor_override: int = None)"
        " | The mean of every window. | 2",
        "nn.AdaptiveAvgPool2d(output_size: size) | Means over windows chosen so that the output has this size. | 1",
        "nn.AdaptiveAvgPool1d(output_size: size) | The same along a sequence. | 1",
        "nn.AdaptiveMaxPool2d(output_size: size, return_indices: bool = False)"
        " | Maxima over windows chosen so that the output has this size. | 1",
        "nn.LPPool2d(norm_type: float, kernel_size: size, stride: size = None, ceil_mode: bool = False)"
        " | The p-norm of every window: between mean and maximum. | 2, 2",
    ),
    "Regularization": (
        "nn.Dropout(p: float = 0.5, inplace: bool = False) | Sets values to zero at random while training. | 0.5",
        "nn.Dropout2d(p: float = 0.5, inplace: bool = False) | Sets whole channels to zero at random. | 0.5",
        "nn.Dropout1d(p: float = 0.5, inplace: bool = False) | Zeroes whole channels of sequences at random. | 0.5",
        "nn.AlphaDropout(p: float = 0.5, inplace: bool = False) | Dropout that suits SELU. | 0.5",
    ),
    "Shape": (
        "nn.PixelShuffle(upscale_factor: int) | Turns channels into a larger image. | 2",
        "nn.PixelUnshuffle(downscale_factor: int) | Turns a larger image into channels. | 2",
        "nn.ChannelShuffle(groups: int) | Mixes the channels of groups. | 2",
        "nn.Upsample(size: size = None, scale_factor: float = None, mode: nearest/linear/bilinear/bicubic/trilinear ="
        " 'nearest', align_corners: bool = None, recompute_scale_factor: bool = None)"
        " | Enlarges an image without learning. | scale_factor=2",
        "nn.ZeroPad2d(padding: size) | Puts zeros around an image. | 1",
        "nn.ReflectionPad2d(padding: size) | Mirrors an image at its border. | 1",
        "nn.ReplicationPad2d(padding: size) | Repeats the border of an image. | 1",
        "nn.ConstantPad2d(padding: size, value: float) | Puts one value around an image. | 1, 0.0",
    ),
    "Sequence": (
        "nn.MultiheadAttention(embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True, add_bias_kv:"
        " bool = False, add_zero_attn: bool = False, kdim: int = None, vdim: int = None, batch_first: bool = False)"
        " | Every position gathers from all positions that resemble what it asks for.",
        "nn.TransformerEncoderLayer(d_model: int, nhead: int, dim_feedforward: int = 2048, dropout: float = 0.1,"
        " activation: text = 'relu', layer_norm_eps: float = 1e-05, batch_first: bool = False,"
        " norm_first: bool = False, bias: bool = True)"
        " | Attention and a small network, each beside the identity. | C, nhead=1, batch_first=True",
        f"nn.LSTM({_RNN}, proj_size: int = 0) | Reads a sequence step by step with gates and a memory.",
        f"nn.GRU({_RNN}) | Reads a sequence step by step with two gates.",
    ),
    "Function": (
        "F.relu(input, inplace: bool = False) | Keeps what is positive, zero otherwise. | ",
        "F.leaky_relu(input, negative_slope: float = 0.01, inplace: bool = False)"
        " | Lets a little of the negative through. | ",
        "F.gelu(input, approximate: none/tanh = 'none') | Smooth ReLU of transformers. | ",
        "F.silu(input, inplace: bool = False) | x times its sigmoid (Swish). | ",
        "F.hardswish(input, inplace: bool = False) | SiLU made of straight lines. | ",
        "F.hardsigmoid(input, inplace: bool = False) | Sigmoid made of straight lines. | ",
        "F.elu(input, alpha: float = 1.0, inplace: bool = False) | ReLU with an exponential negative side. | ",
        "F.mish(input, inplace: bool = False) | x times the tanh of its softplus. | ",
        "F.softplus(input, beta: float = 1.0, threshold: float = 20.0) | A ReLU with a round corner. | ",
        "F.sigmoid(input) | Squeezes values into 0 to 1. | ",
        "F.tanh(input) | Squeezes values into -1 to 1. | ",
        "F.softmax(input, dim: int = None) | Makes numbers along a dimension positive with sum 1. | dim=1",
        "F.log_softmax(input, dim: int = None) | The logarithm of softmax. | dim=1",
        "F.dropout(input, p: float = 0.5, training: bool = True, inplace: bool = False)"
        " | Sets values to zero at random. | 0.5, training=self.training",
        "F.max_pool2d(input, kernel_size: size, stride: size = None, padding: size = 0, dilation: size = 1,"
        " ceil_mode: bool = False, return_indices: bool = False) | The largest value of every window. | 2",
        "F.avg_pool2d(input, kernel_size: size, stride: size = None, padding: size = 0, ceil_mode: bool = False,"
        " count_include_pad: bool = True, divisor_override: int = None) | The mean of every window. | 2",
        "F.adaptive_avg_pool2d(input, output_size: size) | Means over windows chosen by the output's size. | 1",
        "F.interpolate(input, size: size = None, scale_factor: float = None, mode: nearest/bilinear/bicubic/area ="
        " 'nearest', align_corners: bool = None) | Enlarges or shrinks an image without learning. | scale_factor=2",
        "F.normalize(input, p: float = 2.0, dim: int = 1, eps: float = 1e-12) | Scales vectors to length 1. | ",
        "F.pixel_shuffle(input, upscale_factor: int) | Turns channels into a larger image. | 2",
        "torch.flatten(input, start_dim: int = 0, end_dim: int = -1) | Lays dimensions out in one row. | 1",
        "torch.cat(tensors, dim: int = 0) | Joins tensors along a dimension.",
        "torch.stack(tensors, dim: int = 0) | Joins tensors along a new dimension.",
    ),
}
