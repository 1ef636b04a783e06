#!/usr/bin/env python
"""The command line of Django's management commands."""

from config.command_line import main

if __name__ == "__main__":
    main()
