"""The release: which versions servers load, which of them is stable, and how that is changed while clients ask.

::

    state.py        models.config: the versions of a model that are loaded, and the labels on them
    upkeep.py       models.config at its beginning, when it is lost, and the numbers that versions have had
    history.py      who changed what, when and why; what was stable before
    traffic.py      the share of the requests that the gateway gives to a canary
    servers.py      the model servers, asked for what they have made of models.config
    integrity.py    whether a version's files are what was published
    cards.py        as much of a model card as a release asks of it
    golden.py       whether a server answers as the model did where it was trained
    candidates.py   which versions may be served
    fleet.py        all servers together, each of which has to follow
    steps.py        a change as the writes that model servers follow without a gap
    plans.py        what a promotion, a rollback, a canary and a retirement change
    operations.py   carries a plan out, and leaves the release as it was where it cannot
    retention.py    which versions are kept
    status.py       all of it, as a table
    __main__.py     the command

`models.config` is the whole state of the servers: whatever else is lost, they go on, and start anew, by it.
"""
