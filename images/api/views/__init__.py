"""The views. Each reads its request, calls a service and responds."""
