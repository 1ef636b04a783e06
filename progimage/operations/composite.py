"""Operations that put something on, below or around an image."""
