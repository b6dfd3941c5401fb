"""The English of questions: phrases, frames and sentences."""
