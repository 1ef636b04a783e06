"""The engine: bytes in, bytes out. It knows Pillow and the catalogue of operations; no Django, models or
storage.

Rooms, each importing only from those before it: formats with geometry and limits; color; decoding; render;
planning; encoding; the engine; workers."""
