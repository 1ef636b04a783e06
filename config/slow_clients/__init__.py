"""How long clients may hold a thread of the web server: while they send a body, or read a large response.

granian gives each request a thread. A read of a body and a write of a response wait inside granian, without a
timeout. So this room counts the threads that may wait, and ends the connections of slow clients."""
