"""Operations: a function, its jvp and its vjp directly under one another."""
