"""A textbook of deep learning that is checked."""
