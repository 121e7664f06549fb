"""Project rooms: several people make a set of texts, pictures and voice together, step by step."""
