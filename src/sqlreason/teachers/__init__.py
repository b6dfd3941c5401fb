"""Teachers: who is asked for traces, how, at what price, and where the answers are kept.

``teacher`` holds the catalog's value, ``asking`` asks many questions with the ``workers``, which ask through the
``clients`` (one of them, ``scripted``, is the offline teacher), ``journal`` keeps, ``budget``, ``allowance`` and
``throttle`` hold back. Importing this package imports no provider and no distilabel.
"""
