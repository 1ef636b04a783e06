"""Rendering of progimage/operations/composite.py."""
