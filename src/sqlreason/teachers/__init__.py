"""Teachers: who is asked for traces, how, at what price, and where the answers are kept.

``teacher`` holds the catalog's value, ``distilabel`` asks, ``journal`` keeps, ``ledger`` counts,
``scripted`` is the offline teacher. Importing this package imports no provider and no distilabel.
"""
