"""The Discord adapter: discord.py's client and what is Discord's own about messages."""
