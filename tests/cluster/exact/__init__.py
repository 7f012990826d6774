"""An exact client: checkouts at a constant rate, every request and its outcome kept, and at the end each one compared with the books.

`python -m tests.cluster.exact --url http://127.0.0.1:8080 --rate 20 --seconds 30`, or `run(Plan(...))` from a test.
"""
