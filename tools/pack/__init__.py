"""Everything a project room made, as files to keep: one ZIP, or several that open alone.

    Contents(title, made, brief, pieces, story, language)     what is packed, plain data
    Piece(title, kind, text, caption, picture, alt, voice, recipe, shares)
    Original(media_type, sha256, size, read) · Original.of(data, media_type)
    Share(part, model, people, edits)                         who made a part of a piece
    Event(who, what, at)                                      who decided what, when
    write(contents, folder, most) -> Packed(files, left_out)  blocks: call it in a thread

A pack holds `index.html` (needs nothing beside itself), `pack.pdf`, `slides.pptx`,
`contact-sheet.jpg`, `captions.txt` and `.json`, `story.md`, the folders `originals`, `texts` and
`voice`, `manifest.json` with hashes, recipes, decisions and how AI took part, and `SHA256SUMS`,
which `sha256sum -c` checks once all parts are unpacked into one folder. Equal contents give equal
bytes. `write` is in `tools.pack.writing`, since reportlab and python-pptx take their time to load.
"""

from tools.pack.contents import Contents, Event, Original, Piece, Share

__all__ = ["Contents", "Event", "Original", "Piece", "Share"]
