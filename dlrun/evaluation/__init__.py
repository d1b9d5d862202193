"""How good a model is and what its curves say: from arrays and run folders alone, no TensorFlow."""
