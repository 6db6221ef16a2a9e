"""Optical flow: where every pixel of one frame is found in another.

Estimators: `opencv` (DIS, Farnebäck) on a CPU; `lucas_kanade` in PyTorch, on any device and without weights; `raft`
where torchvision's weights can be had.
"""

from .estimator import FlowEstimator, Scaled
from .names import FLOWS, ON_DEVICE, flow_estimator

__all__ = ["FLOWS", "ON_DEVICE", "FlowEstimator", "Scaled", "flow_estimator"]
