"""The embedded demo model: trained in PyTorch, shipped as a PaddleX folder."""
