// Set formulas with MathJax, outside of a browser: see bookkit/formulas.py.
// argv[2] is the folder node_modules. From standard input comes a JSON list of
// {tex, display}; to standard output goes {drawn: [{html, width} or {error}], style}.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.argv[2], "here"));
const MathJax = await require("mathjax").init({
  loader: {
    load: ["input/tex-full", "output/chtml", "a11y/assistive-mml"],
  },
  tex: {
    // Without the packages that write a mistake into the page and go on.
    packages: ["base", "ams", "boldsymbol", "braket", "cancel", "color", "mathtools",
      "newcommand"],
    formatError: (_, error) => { throw error; },
  },
  chtml: { fontURL: "formulas" },
  startup: { typeset: false },
});

const { adaptor, document, output } = MathJax.startup;

function width(tex, display) {
  const item = new document.options.MathItem(tex, document.inputJax[0], display);
  item.setMetrics(16, 8, Infinity, Infinity, 1);
  item.convert(document);
  return output.getBBox(item, document).w;
}

const drawn = JSON.parse(readFileSync(0, "utf8")).map(({ tex, display }) => {
  try {
    const html = adaptor.outerHTML(MathJax.tex2chtml(tex, { display }));
    return { html, width: width(tex, display) };
  } catch (error) {
    return { error: error.message };
  }
});
const style = adaptor.textContent(MathJax.chtmlStylesheet());
process.stdout.write(JSON.stringify({ drawn, style }));
