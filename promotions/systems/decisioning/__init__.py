"""Migration of offers and decisions to Decisioning."""
