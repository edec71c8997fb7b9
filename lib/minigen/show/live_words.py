"""What the controls of live models say, all in one place; the script reads it."""

from typing import Any

WORDS = {
    "loading": "Loading the model, some 4 MB, once for the whole book …",
    "another": "Another one",
    "number": "no. {}",
    "play": "Play",
    "pause": "Pause",
    "run": "Run",
    "stop": "Stop",
    "step": "Step",
    "step_of": "{} of {}",
    "across": "across",
    "upward": "upward",
    "near": "near {}",
    "between": "{} % of the way from {} to {}",
    "place": "place {}",
    "map": "A map of the places that can be chosen.",
    "map_kinds": "A map with a mark for each of {} examples, of the kinds {}.",
    # The odds of the next token.
    "text": "So far",
    "all": "all",
    "out": "out",
    "others": "the {} others",
    "full": "a full bar is {}",
    "left": "{} of {} tokens are left; the likeliest is “{}” with {}.",
    "drawn": "Drawn: “{}”.",
    # A line that the reader types.
    "known": "The {} words that it knows",
    "unknown": "Left out, for the model never met it: {}.",
    "instead": "(try “{}”)",
    "longer": "The model reads the last {} words.",
    "longer_first": "The model reads the first {} words.",
    "empty": "Type a word that the model knows.",
    # A sentence whose words look at each other.
    "words": "The words of the sentence",
    "looks": "“{}” looks most at “{}”, with {} of its look.",
    "expects": "What the model expects next: {}.",
    # Whatever goes wrong: the picture that was there stays.
    "webassembly": "This browser has no WebAssembly, which the model needs in order to "
    "run. The picture stays as the model drew it when the book was made.",
    "file": "This page was opened as a file, and then the model cannot be fetched. "
    "Read the book from its offline edition, or through a server, to try it.",
    "missing": "The model could not be loaded. Look at the connection and load the "
    "page again; until then the picture stays as the book drew it.",
    "broken": "The model's file is damaged, so the picture stays as the book drew it.",
    "memory": "There is not enough memory to run the model. Close other pages and load "
    "this one again; until then the picture stays as the book drew it.",
    "failed": "The model stopped with an error, so the picture stays as the book drew "
    "it.",
}

#: What the live tokenizer says (live_tokens.py).
TOKENS: dict[str, Any] = {
    "text": "Your text",
    "merges": "Merges",
    "size": "the first {}, a vocabulary of {} tokens",
    "numbers": "Show numbers",
    "list": "Tokens",
    "count": "{} tokens for {} bytes ({} characters): {} bytes a token.",
    "empty": "No text, no tokens.",
    "choose": "Choose a token to see what it is made of.",
    "token": "Token {} is {}, in bytes {}.",
    "made": "Merged from {}.",
    "merge": "{} + {} (merge {})",
    "byte": "A single byte, as each token is before any merge.",
    "signs": {" ": "␣", "\n": "↵", "\t": "⇥"},
    "spoken": {" ": "space", "\n": "line end", "\t": "tab"},
}

#: What the figure says in which a model writes (live_writer.py).
WRITER = {
    "prompt": "Your beginning",
    "luck": "Luck",
    "one": "Next word",
    "on": "Write on",
    "halt": "Stop",
    "back": "Back",
    "again": "Start again",
    "end": "(the end)",
    "over": "— The end.",
    "full_text": "— The model's memory is full.",
    "said": "{} … Likeliest next: {}, {}.",
}

#: What the figure says in which a model draws a caption (live_painter.py).
PAINTER: dict[str, Any] = {
    "caption": "Caption",
    "guidance": "Guidance",
    "dice": "Throw of the dice",
    "choose": "Or choose its words",
    "any": "any {}",
    "size": "size",
    "colour": "colour",
    "shape": "shape",
    "where": "where",
    "anywhere": "anywhere",
    "second": "second {}",
    "empty": "Without words the model draws what it likes.",
    "order": "The model learned captions such as “a small red ring in the top left” "
    "and “a red ring left of a blue square”. It draws this one as well as it can.",
    "words": "The words of the caption",
    "point": "Choose a word to see where the picture looked at it.",
    "looked": "“{}” has {} of all looks, and most {}: {} there.",
    "places": (
        "at the top left",
        "at the top",
        "at the top right",
        "at the left",
        "in the middle",
        "at the right",
        "at the bottom left",
        "at the bottom",
        "at the bottom right",
    ),
    "steps": "From noise, step by step",
    "heat": "Where the picture looked at each word",
    "noise": "noise",
    "step": "step {}",
}

#: What the quiz says (quiz.py): the questions, then the score.
QUIZ: dict[str, Any] = {
    "question": "Real or generated?",
    "real": "Real",
    "made": "Generated",
    "next": "Next",
    "keys": {"real": "r", "made": "g"},
    "count": "Question {} of {}.",
    "hint": "Keys: R or G, then Enter.",
    "picture": "The picture that is asked about",
    "text": "The text that is asked about",
    "right": "Right:",
    "wrong": "Wrong:",
    "was_real": "it is real.",
    "was_made": "it was generated ({}).",
    "score": "{} of {} right: {}.",
    "interval": "The 95 % interval goes from {} to {}.",
    "inside": "Chance, 50 %, lies in it: this score cannot tell you from a coin.",
    "above": "Chance, 50 %, lies below it: you can tell them apart.",
    "below": "Chance, 50 %, lies above it: you see a difference, and take one for the "
    "other.",
    "chance": "A coin gets {} or more right in {} of such quizzes.",
    "rare": "less than 0.1 %",
    "scale": "On a scale from 0 to 100 %: your share is {}, its interval goes from {} "
    "to {}, and chance is at 50 %.",
    "dprime": "d′ = {}, from {} to {}, where 0 is a coin. You said “generated” {} "
    "times; it was true {} times.",
    "found": "{}: {} of {} found out",
    "doubted": "real: {} of {} taken for generated",
    "more": "{} more",
    "again": "Start again",
}

#: What is said to an answer (questions.py), and where the chapter answers.
QUESTIONS = {
    "right": "Right.",
    "wrong": "Not this one.",
    "where": "Look again:",
}
