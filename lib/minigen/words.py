"""The everyday words of the small texts with which the book looks at attention."""

_TEXT = (
    "· . , ? the a and or but not no is was has in on to of with for from under by my "
    "your her his I you he she it we they who what where then again never always Anna "
    "Tom Leo Mia Peter king queen man woman child mother father friend dog cat bird "
    "fish horse mouse fox bear red blue green white black big small old new good saw "
    "sat ran found lost gave took said loves likes wants knows sings sleeps eats house "
    "garden tree river road door key book ball hat box ring table bed mat moon sun "
    "star sea hill bread tea milk apple one two three day night word name song story "
    "went came had after before"
)
#: A word's number is its place; the first stands for an empty place.
WORDS = tuple(_TEXT.split(" "))
EMPTY = 0
#: The numbers of the people who have a colour in `recall.pairs`, and of the colours.
PEOPLE = range(WORDS.index("Anna"), WORDS.index("Anna") + 5)
COLOURS = range(WORDS.index("red"), WORDS.index("red") + 5)
