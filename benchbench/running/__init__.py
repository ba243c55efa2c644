"""Suite -> cells -> jobs -> worker processes -> journal."""
