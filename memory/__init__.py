"""What is remembered, and the vocabulary everybody shares (imports nothing of ours)."""
