"""The engine: bytes in, bytes out.

It knows Pillow and the catalogue of operations; no Django, models or storage.

Rooms, each importing only from those before it: limits, geometry, color; formats, fits, orientation;
decoding, render; planning; encoding; steps; the engine; workers."""
