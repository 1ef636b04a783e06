"""The engine: bytes in, bytes out. Pillow and the catalogue of operations; no Django, models or storage."""
