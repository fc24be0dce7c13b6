"""Translation: pairs of sentences, a network from one language to the other, and how well it does."""
