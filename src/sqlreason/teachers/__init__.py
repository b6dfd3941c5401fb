"""Teachers: who is asked for traces, how, at what price, and where the answers are kept.

``teacher`` holds the catalog's value, ``asking`` asks many questions with the workers of ``working``, ``distilabel``
asks one, ``journal`` keeps, ``budget`` and ``throttle`` hold back, ``scripted`` is the offline teacher. Importing this
package imports no provider and no distilabel.
"""
