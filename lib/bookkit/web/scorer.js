// How the search orders what it found: Sphinx's own scores, but that pages which answer
// come before pages which list. Sphinx puts this file into its search.
var Scorer = {
  score([page, title, anchor, description, score]) {
    const lists = { bibliography: -12, scoreboard: -8, index: -4 };
    const answers = { questions: 4, glossary: 3, claims: 2 };
    // A section whose heading is nearly the query comes before its page.
    return score + (lists[page] ?? answers[page] ?? 0) + (anchor ? 30 : 0);
  },
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 30,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
