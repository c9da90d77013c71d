"""Runs a program under a limit of its address space and writes down its peak memory and its end.

measured.py REPORT SPACE PROGRAM ARGUMENTS...: REPORT gets the peak of resident memory in bytes and the exit code, minus
the signal's number where one ended the program. A process of its own, since a child's peak begins at its parent's size.
"""

import os
import resource
import sys


def main():
    report, space, *command = sys.argv[1:]
    child = os.fork()
    if child == 0:
        if int(space):
            resource.setrlimit(resource.RLIMIT_AS, (int(space), int(space)))
        os.execv(command[0], command)
    _, status, usage = os.wait4(child, 0)
    with open(report, "w") as file:
        file.write(f"{usage.ru_maxrss * 1024} {os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    main()
