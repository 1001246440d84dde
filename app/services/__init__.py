"""What the pages, /api/v1 and the DIGITS routes all call: plain values in, plain values out; no Flask here.

Each function takes the Context and a Principal first, checks ``can`` before it acts, and raises UserError
(InvalidOptions, NotAllowed, NotFound, Conflict) for anything a person can mend.
"""
