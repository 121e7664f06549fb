"""The consistency gate: does a set hang together? Measured, never guessed.

    tools.gate.pictures    judge(pictures, style) -> ScoreCard · compare(signatures, style)
                           Style(colours, reference, vectors)       all of it may be left out
    tools.gate.signature   measure(data) -> Signature               keep it, a picture never changes
    tools.gate.repair      await repair(pictures, redraw, style, words, only, known) -> Mended
    tools.gate.texts       check(number, text, constraints) -> Piece
    tools.gate.card        ScoreCard, Piece, Reading, Fault · joined(*pieces) -> ScoreCard

All but `repair` blocks and belongs in a thread; `pictures`, `signature` and `repair` load numpy,
so import them inside functions.
"""
