"""The result of a run: put together from its journal, stored, read again."""
