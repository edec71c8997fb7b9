"""The browser that tests open pages in, and how it is started."""

import shutil

import pytest

from bookkit import assets

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
#: `make check` does not skip: it stops and says what to install.
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="needs a chromium on PATH")

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
)

AXE = """async () => (await axe.run(document, {resultTypes: ["violations"]}))
  .violations.map(({id, help, nodes}) => ({id, help, nodes: nodes.map(
    node => node.target.join(" ") + ": " + (node.any[0]?.message ?? node.html))}))"""


def findings(page, theme):
    """Return what axe has against a page, as it stands, in a theme."""
    page.evaluate((assets.install() / "axe-core/axe.min.js").read_text("utf-8"))
    page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    return page.evaluate(AXE)


#: A widget's model as JupyterLab gives it, whose messages go to Python.
LAB = """async ([code, markup]) => {
  const {default: {render}} = await import(
    URL.createObjectURL(new Blob([code], {type: "text/javascript"})));
  const listeners = [];
  const model = {
    get: () => markup,
    on: (_, listener) => listeners.push(listener),
    async send(asked, _, buffers) {
      const sent = buffers.map(one => [...new Uint8Array(one)]);
      const [told, made] = await kernel(asked, sent);
      const views = made.map(one => new DataView(Uint8Array.from(one).buffer));
      for (const listener of listeners) listener(told, views);
    },
  };
  document.body.replaceChildren(document.createElement("main"));
  render({model, el: document.querySelector("main")});
}"""


def in_jupyterlab(page, figure):
    """Show in a page what JupyterLab shows of a figure, and nothing else."""
    widget = figure.widget.children[0]
    page.evaluate(LAB, [widget._esm, widget.markup])
