"""Operations that decide what is seen."""
