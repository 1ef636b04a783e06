"""Rendering of progimage/operations/filters.py."""
