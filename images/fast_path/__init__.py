"""GETs of images, answered by one statement if they are ready, without Django's middleware and views.

One rule holds for all of it: if the fast path is not sure of an answer, it gives none, and Django answers. So
it tells no error: Django refuses a wrong key and an invalid query, and looks for a missing image. A rendition
without a row is made here, and Django tells why that has failed.
The meaning of a query and the headers of a response come from the functions that Django's views call, too.
tests/test_answering.py compares both ways byte by byte."""
