"""The six claims that are made for microservices, measured on this platform as one process and as services: `make experiments`.

Each experiment is a module that measures (`measure`, kept as JSON) and says what that means (`tell`, written into docs/experiments.md).
"""
