"""Everything that computes with texts: tokenizers, encoders, pretrained weights, word vectors, explanations."""
