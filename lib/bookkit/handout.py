"""Write what a class is handed: notebooks for students, and for teachers more.

The teacher's archive has the solutions and an exam with its answers.
"""

import sys

from bookkit import exam, one_sentence, student
from bookkit.paths import BUILD, relative


@one_sentence
def main() -> int:
    """Write both archives from the command line; return the exit status."""
    sheets = {f"exam/{name}": text for name, text in exam.sheets(seed=1).items()}
    for name, make, more in (
        ("student", student.student_notebook, {}),
        ("solutions", student.solved_notebook, sheets),
    ):
        made = student.build(name, make, more=more)
        print(f"{name}: {relative(BUILD / name)} and {relative(made)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
