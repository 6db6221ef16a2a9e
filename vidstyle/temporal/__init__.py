"""Steadiness in time: flow, warps, cuts, and what is remembered of a clip."""

from .memory import ClipMemory

__all__ = ["ClipMemory"]
