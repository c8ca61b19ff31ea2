"""Generated from protos/rogatory/v1 by `make protos`; never edited by hand."""
