"""What queries are drawn with: a populated schema, filters that hold, paths of joins, syntax trees."""
