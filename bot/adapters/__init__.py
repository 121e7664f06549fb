"""One file or folder per chat platform."""
