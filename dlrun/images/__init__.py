"""Pictures: read, and prepared as a model's training images were. Pixels only; no Keras.

`reading` opens files, `ink` finds what is drawn on which paper, `glyph` gives one figure its
size, strokes and place, `page` finds many figures, `measuring` learns from training images what
they look like, and `preparation` puts it together.
"""
