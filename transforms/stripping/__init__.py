"""Originals cut down to their pixels: no metadata, no payload, the compressed pixels as they are.

Segments, chunks, tags and boxes are allow-listed, and nothing may follow the end. Nothing here decodes."""

from .strip import is_bare, restore_metadata, strip

__all__ = ["is_bare", "restore_metadata", "strip"]
