"""Operations that give a pixel something of its neighbours."""
