"""What the pipeline says on the terminal while it works."""

from typing import Any

from doit.reporter import ConsoleReporter


class Reporter(ConsoleReporter):
    """Name each step that runs; at a failure let the step's own sentence speak."""

    def execute_task(self, task: Any) -> None:
        if task.actions:
            self.write(f"… {task.name}\n")

    def skip_uptodate(self, task: Any) -> None:
        """Say nothing of what is done already."""

    def add_failure(self, task: Any, fail: Any) -> None:
        """A step that ran has said why it failed; doit's own errors are said here."""
        told = str(fail.get_msg())
        if "Command failed" in told:
            told = "see above"
        self.write(f"stopped at {task.name}: {told}\n")

    def complete_run(self) -> None:
        """Add what went wrong outside of any step."""
        for message in self.runtime_errors:
            self.write(f"error: {message}\n")
