"""What leaves the house: merged weights, GGUF files for llama.cpp and Ollama, model cards, and their publication."""
