"""Words of English questions that name nothing."""

#: Words of asking; "total" or "number" may be a column and is none of them.
ASKING = frozenset(
    [
        *("a", "all", "an", "and", "any", "are", "as", "at", "be", "been", "by", "did", "do", "does", "each", "every"),
        *("find", "for", "from", "get", "give", "had", "has", "have", "how", "i", "in", "is", "it", "its", "list"),
        *("many", "me", "much", "no", "not", "of", "on", "or", "please", "return", "show", "that", "the", "their"),
        *("them", "there", "these", "they", "this", "to", "was", "were", "what", "when", "where", "whether", "which"),
        *("who", "whose", "with"),
    ]
)
