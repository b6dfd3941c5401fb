"""The English of questions: phrases of query parts, placeholders of templates, sentences."""
