"""A run's model served to a browser and to programs: a page to draw on, a form, JSON.

`served` is the only module that asks the model; `rows` checks what comes as JSON; `drawings` keeps
what is drawn; `guard`, `body` and `worker` hold the limits; `app` joins them, `server` listens.
"""
