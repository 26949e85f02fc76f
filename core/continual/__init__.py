"""What makes a model keep learning: strategies, memory, the accuracy matrix, the gate, drift."""
