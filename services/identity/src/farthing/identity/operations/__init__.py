"""Use cases of identity, one module for each thing that it keeps."""
