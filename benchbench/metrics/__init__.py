"""What a figure is: its declaration, its value, its intervals."""
