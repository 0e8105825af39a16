"""Faults by what is unusual for a panel: windows, deviations, horizons, and a name for them.

`watch` is the way of one window, `looks` what goes in and comes out; `learner` learns what is
usual; `naming` names what is found; `kinds` says how each is told.
"""
