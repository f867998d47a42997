"""Where cars and requests come in; the one package that sees the others."""
