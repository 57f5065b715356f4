"""How the companions' tables came to be, step by step."""
