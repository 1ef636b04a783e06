"""Rendering of progimage/operations/masks.py."""
