"""How results show themselves: the names that notebooks and consoles ask an object for."""
