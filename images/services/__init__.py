"""The only writers of rows: no other module of images/ changes one. A module for each kind of change."""
