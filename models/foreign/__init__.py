"""Networks that come as files of other programs: torch.export's .pt2 and ONNX, drawn with shapes, locked."""
