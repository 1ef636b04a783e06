"""GETs of images that are ready, answered by one statement, without Django's middleware, views and models.

One rule holds for all of it: if the fast path is not sure of an answer, it gives none, and Django answers. So
it knows no error: Django refuses a wrong key and an invalid query, looks for a missing image, and renders.
The meaning of a query and the headers of a response come from the functions that Django's views call, too.
tests/test_answering.py compares both ways byte by byte."""
