"""How a turn is thought through; the only home of LangChain."""
