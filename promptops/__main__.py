"""The process: runs the command line, then ends at once."""

import os
import sys
from typing import NoReturn

from promptops.cli import main as run_command_line
from promptops.errors import ExitCode


def main() -> NoReturn:
    """Runs promptops with the process's arguments and exits with its code."""
    try:
        code = run_command_line()
        sys.stdout.flush()
        sys.stderr.flush()
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    except BrokenPipeError:
        code = ExitCode.PIPE_CLOSED
    except OSError:
        code = ExitCode.MEND_FIRST
    # Freeing what the process holds is a tenth of a short command's time, and the system does it anyway.
    os._exit(code)


if __name__ == "__main__":
    main()
