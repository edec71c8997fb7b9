"""Grading: right, partly right, wrong and hostile submissions get what they earned."""

import json
import os
import socket
import subprocess
import sys
import time
import zipfile

import nbformat
import numpy as np
import pytest
import torch

from bookkit import BookError, grade, grading, notebooks, slices, student, toc, wire
from bookkit.paths import CHAPTERS
from bookkit.submission import Line, Submission
from bookkit.users import end_all_of, new_user, running, separate
from minigen.checks import passes

CHAPTER = CHAPTERS / "vae.ipynb"
NAMES = ("vae.price", "vae.bound", "vae.walk", "vae.prior")
SETUP = "import numpy as np\nfrom minigen.checks import check"
TRIOS = student.exercises(notebooks.read(CHAPTER))
SOLUTIONS = [solution.source for _, solution, _ in TRIOS]
CHECKS = [check.source for *_, check in TRIOS]


def cells(*answers):
    """Return the cells of a submission with these answers, and stubs for the rest."""
    answers = [*answers, *map(student.stub, SOLUTIONS[len(answers) :])]
    pairs = [part for pair in zip(answers, CHECKS, strict=True) for part in pair]
    return [SETUP, *pairs]


def verdicts(submitted):
    """Return what the grader says of the four answers, without Otter around it."""
    named = grading.answers(notebooks.read(CHAPTER))
    with Submission(submitted, user=new_user()) as submission:
        return [
            passes(each, submission.answer(each, name)) for each, name in named.items()
        ]


@pytest.fixture(scope="module")
def autograder(tmp_path_factory):
    """Make the autograder, which sees to it that the solutions earn every point."""
    return grading.make(CHAPTER, tmp_path_factory.mktemp("made") / "vae.zip")


ENDLESS = """\
def price(mu, sigma):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
"""
GONE = """\
import os

def tight(log_weights):
    os._exit(0)
"""
FORGED = """\
import glob, os, shutil, sys
import minigen.checks

minigen.checks.passes = lambda *given, **named: True
minigen.checks.close = lambda *given, **named: None
for folder in ("tests", "../tests", "source", "../source"):
    shutil.rmtree(folder, ignore_errors=True)
print('{"score": 4.0, "tests": []}\\nTotal Score: 4.000 / 4.000 (100.000%)')

def arc(a, b, share):
    for module in list(sys.modules.values()):
        if hasattr(module, "passes"):
            module.passes = lambda *given, **named: True
    print("Total Score: 4.000 / 4.000")
    return a
"""
AGREEABLE = """\
class Yes:
    def __eq__(self, other): return True
    def __lt__(self, other): return True
    __le__ = __gt__ = __ge__ = __ne__ = __eq__
    def __getattr__(self, name): return self
    def __call__(self, *given, **named): return self
    def __reduce__(self): return (print, ("never",))

def invent(codes, n, rng):
    return Yes()
"""


def test_otter_gives_each_submission_what_it_earned(autograder, tmp_path):
    in_nats = SOLUTIONS[0].replace(" / np.log(2)", "")
    submitted = {
        "right": cells(*SOLUTIONS),
        "partly": cells(in_nats, SOLUTIONS[1], "def arc(a, b, share:\n    return a"),
        "hostile": cells(ENDLESS, GONE, FORGED, AGREEABLE),
    }
    for name, sources in submitted.items():
        code = map(nbformat.v4.new_code_cell, sources)
        nbformat.write(
            nbformat.v4.new_notebook(cells=list(code)), tmp_path / f"{name}.ipynb"
        )
    (tmp_path / "broken.ipynb").write_text("{}")
    paths = sorted(tmp_path.glob("*.ipynb"))
    grades = grade.grade_all(paths, autograder, tmp_path / "grades", jobs=2)
    earned = {name.removesuffix(".ipynb"): made.total for name, made in grades.items()}
    assert earned == {"right": 4, "partly": 1, "hostile": 0, "broken": 0}
    assert "not graded" in grades["broken.ipynb"].trouble
    table = (tmp_path / "grades" / "grades.csv").read_text().splitlines()
    assert table[0] == "file,vae_bound,vae_price,vae_prior,vae_walk,total,note"
    assert "right.ipynb,1.0,1.0,1.0,1.0,4.0," in table
    assert "hostile.ipynb,0.0,0.0,0.0,0.0,0.0," in table
    partly = (tmp_path / "grades" / "feedback" / "partly.txt").read_text()
    assert "Right in nats" in partly
    assert "SyntaxError" in partly


def test_an_autograder_is_not_made_of_a_solution_that_fails(tmp_path):
    notebook = notebooks.read(CHAPTER)
    for _, solution, _ in student.exercises(notebook):
        solution.source = solution.source.replace(" / np.log(2)", "")
    nbformat.write(notebook, tmp_path / "vae.ipynb")
    with pytest.raises(BookError, match="Right in nats"):
        grading.make(tmp_path / "vae.ipynb", tmp_path / "vae.zip")
    assert not (tmp_path / "vae.zip").exists()


def test_the_autograder_holds_tests_and_no_solution(autograder):
    with zipfile.ZipFile(autograder) as file:
        everything = {name: file.read(name).decode() for name in file.namelist()}
    settings = json.loads(everything["otter_config.json"])
    (plugin,) = settings["plugins"]
    assert set(plugin["bookkit.grading.Separate"]["answers"]) == set(NAMES)
    assert sum(name.startswith("tests/") for name in everything) == 4
    for line in ("nats = 0.5", "turned = both"):
        assert not any(line in text for text in everything.values())


def test_what_is_hostile_is_stopped_and_told():
    late, gone, forged, agreeable = verdicts(cells(ENDLESS, GONE, FORGED, AGREEABLE))
    assert "was stopped" in late.text
    assert "ended the program" in gone.text
    assert not forged
    assert not agreeable


def test_the_work_of_another_process_is_known_here():
    line = Line(0, 0)
    line.process = os.getpid()  # any process will do
    before, end = line.worked(), time.process_time() + 0.1
    while time.process_time() < end:
        pass
    time.sleep(0.1)
    worked = line.worked() - before
    assert worked > 0.08
    assert worked < 0.19 or sys.platform != "linux"  # where the clock stands in


def test_a_wrong_line_is_named_as_in_the_notebook():
    broken = "def price(mu, sigma):\n    half = mu / 2\n    return half + nothing"
    told, *_ = verdicts(cells(broken))
    assert "NameError: name 'nothing' is not defined" in told.text
    assert told.text.endswith("It was in line 3: `return half + nothing`.")


def test_an_answer_that_changes_its_argument_is_told_so():
    changing = "def price(mu, sigma):\n    mu *= 2\n    return mu"
    assert "changes its argument number 1" in verdicts(cells(changing))[0].text


@pytest.mark.parametrize("chapter", toc.chapters(), ids=lambda path: path.stem)
def test_every_solution_passes_from_another_process(chapter, monkeypatch):
    monkeypatch.setattr("minigen.checks.PATIENCE", 4)
    grading.prove(notebooks.read(chapter))


WORKSHEET = [
    "import numpy as np\nimport slow",
    "%time slow.train()\nmodel = slow.train()",
    "def root(x):\n    return np.sqrt(x) + more",
    "def answer(x, *, of=root):\n    return helper(of(x))\nanswer(model)",
    "def helper(x):\n    return x",
    "more = [1]\nmore[0] = 2",
    'check("a.b", answer)',
    "answer = None",
]


def test_an_answer_is_run_with_what_it_needs_and_without_the_rest():
    found, broken = slices.statements(WORKSHEET)
    assert not broken
    chosen = slices.needed(found, "answer", 6)
    lines = [(each.cell, each.tree.lineno) for each in chosen]
    assert lines == [(0, 1), (2, 1), (3, 1), (4, 1), (5, 1), (5, 2)]


def test_a_cell_that_is_no_python_is_set_aside():
    found, broken = slices.statements(["x = 1", "def f(:", "y = x"])
    assert [each.cell for each in found] == [0, 2]
    assert list(broken) == [1]


@pytest.mark.parametrize(
    "value",
    [
        None, True, 3, 2.5, float("inf"), "ä", b"\xff", ..., [1, [2]], (1, "a"), {1, 2},
        {"a": (1,), 2: None}, np.arange(6).reshape(2, 3), np.float32(1.5),
        np.array(["a", "bc"]), torch.ones(2, 3, dtype=torch.bfloat16),
        torch.tensor(True), torch.tensor(3),
    ],
    ids=repr,
)  # fmt: skip
def test_plain_values_cross_as_they_are(value):
    back = wire.decode(json.loads(json.dumps(wire.encode(value))))
    assert type(back) is type(value)
    if isinstance(value, torch.Tensor):
        assert back.dtype == value.dtype
        assert torch.equal(back, value)
    elif isinstance(value, np.ndarray):
        assert back.dtype == value.dtype
        assert np.array_equal(back, value)
    else:
        assert back == value


def test_dice_cross_with_their_state():
    rng, dice = np.random.default_rng(3), torch.Generator().manual_seed(3)
    rng.random(5)
    there, also = (wire.decode(wire.encode(each)) for each in (rng, dice))
    assert there.random() == rng.random()
    assert torch.equal(torch.rand(3, generator=also), torch.rand(3, generator=dice))


@pytest.mark.parametrize(
    "value", [object(), lambda: 0, np.array([object()]), torch.eye(2).to_sparse()]
)
def test_what_could_bring_code_along_stays_behind(value):
    assert isinstance(wire.decode(wire.encode(value)), wire.Foreign)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({}, "not a value"), ([], "not a value"), ({"array": "!"}, "base64"),
        ({"list": 3}, "no kind"), ({"new": 1}, "no kind"), ({"function": 0}, "no kind"),
    ],
)  # fmt: skip
def test_what_is_no_value_is_refused(data, reason):
    with pytest.raises(ValueError, match=reason):
        wire.decode(data)


#: Tries to reach its grader: to stop it, and to write where it writes.
INTRUDER = """\
import os, signal

def price(mu, sigma):
    reached = []
    try:
        os.kill(GRADER, 0)
        reached.append("the grader")
    except PermissionError:
        pass
    if os.access(PLACE, os.W_OK):
        reached.append("its files")
    if os.fork() == 0:  # one that would stay when the submission is over
        os.setsid()
        import time
        time.sleep(20)
        os._exit(0)
    return repr((os.getuid(), reached))
"""


def test_a_user_of_its_own_keeps_a_submission_from_its_grader(tmp_path):
    code = INTRUDER.replace("PLACE", repr(str(tmp_path)))
    user = new_user()
    with Submission(
        [code.replace("GRADER", str(os.getpid()))], user=user
    ) as submission:
        number, reached = eval(submission.answer("vae.price", "price")(0, 0))
    assert bool(user) == separate()
    if user:
        assert (number, reached) == (user, [])
        assert not running(user)
    else:  # nothing keeps it: the page on grading says so
        assert number == os.getuid()
        assert reached == ["the grader", "its files"]


def test_a_user_is_given_by_root_alone(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert new_user() == 0
    end_all_of(0)  # our own processes go on


def test_without_an_autograder_it_says_what_to_do(tmp_path, capsys):
    assert grade.main(["nothing", str(tmp_path)]) == 1
    assert "run `make grading`" in capsys.readouterr().err


def test_a_check_that_calls_nothing_is_named(tmp_path):
    notebook = notebooks.read(CHAPTER)
    student.exercises(notebook)[0][2].source = "x = 1"
    nbformat.write(notebook, tmp_path / "a.ipynb")
    with pytest.raises(BookError, match=r"must end with check\(id, answer\)"):
        grading.otter_notebook(tmp_path / "a.ipynb")


def test_the_worker_ends_when_its_grader_does():
    ours, theirs = socket.socketpair()
    worker = subprocess.Popen(
        [sys.executable, "-m", "bookkit.worker", str(theirs.fileno()), "0"],
        pass_fds=[theirs.fileno()],
    )
    theirs.close()
    ours.close()
    assert worker.wait(60) == 0
