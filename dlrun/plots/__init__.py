"""Figures: rows first (plain values, tested), then drawings of them.

The only package that imports matplotlib. It never touches pyplot, keeps no state and leaves
`rcParams` as they were, so it can be called from a notebook that draws figures of its own.
Equal inputs give equal files.
"""
