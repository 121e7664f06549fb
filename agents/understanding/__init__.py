"""Deterministic understanding of requests: what a message asks for, without a model.

A message becomes wishes (`understand`): a tool and the arguments the person really named.
The grammar is data, one file per language in `words/`; adding a language is adding a file.
"""
