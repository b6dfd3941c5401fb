"""Questions with gold SQL, composed from schemas."""
