"""What stands under Fairline on one machine: packages, servers, processes.

Standard library only, since it runs before anything is installed. `command_line` is the way in.
"""
