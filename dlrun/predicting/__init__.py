"""Trained models put to use: images and tables in, predictions out.

`inputs` finds what was named, `pictures` and `tables` turn it into rows, `answers` says what the
model's outputs mean, `writing` keeps them in the run's folder.
"""
