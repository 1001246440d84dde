"""Networks, training and inspection in PyTorch. Knows tensors and folders, nothing of jobs or HTTP."""
