"""The job that keeps aggregates up to date, also when readings come late.

===============  ====================================================================
`statements`     what the database runs, put together from the SQL files here
`spans`          times of sites that are to be aggregated
`panels`         panels' aggregates: tables of our own, or TimescaleDB's
`job`            one run: what came late, then what is new
`retention`      what is old goes
===============  ====================================================================

Aggregates are always made of what is below them, never counted up, so that any step may be
repeated. Readings may have been deleted by age before more of their time arrive: what was
aggregated from more readings stays.
"""
