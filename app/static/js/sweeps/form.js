// The card of the model form that makes several models: says how many before the form is sent.
import { $, $$, debounced, part } from "../dom.js";

const card = document.getElementById("sweep"), form = document.getElementById("model-form");
if (card && form) start();

function start() {
  const words = part("sweep-words", card), button = $('button[type="submit"]', form), single = button.lastChild.textContent;
  let turn = 0;

  const mode = () => $('[name="vary-mode"]:checked', card).value;
  function showMode() {
    for (const piece of $$("[data-mode]", card)) piece.hidden = piece.dataset.mode !== mode();
  }
  function complain(errors) {
    for (const input of $$('[name^="vary-"], [name^="search-"]', card)) {
      const said = errors[input.name.replace(/^(vary|search)-/, "")];
      input.classList.toggle("is-invalid", Boolean(said));
      input.title = said ? said.join(" ") : "";
    }
  }
  async function ask() {
    const mine = (turn += 1);
    const answer = await fetch(card.dataset.size, { method: "POST", headers: { Accept: "application/json" }, body: new FormData(form) }).catch(() => null);
    if (mine !== turn || !answer?.ok) return;
    const said = await answer.json(), errors = said.errors || {};
    complain(errors);
    words.textContent = Object.values(errors).flat()[0] || said.words;
    words.classList.toggle("text-danger", Object.keys(errors).length > 0);
    button.lastChild.textContent = said.models > 1 ? `Train ${mode() === "search" ? "up to " : ""}${said.models} models` : single;
  }
  const soon = debounced(ask, 250);
  card.addEventListener("input", () => { showMode(); soon(); });
  showMode();
  ask();
}
