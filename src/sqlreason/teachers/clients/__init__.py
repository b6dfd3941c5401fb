"""Ways to a teacher: distilabel, the OpenAI client, the scripted teacher, and what they answer."""
