// What the training will take: the estimate follows the form; measuring is asked for.
import { debounced } from "./dom.js";

const form = document.getElementById("model-form"), card = document.getElementById("preflight");
if (form && card) begin();

// What neither memory nor arithmetic depends on.
const IDLE = new Set(["name", "group", "visibility", "notes", "seed", "learning_rate", "schedule", "start_from", "start_checkpoint", "weights_file", "pretrained"]);

function begin() {
  const estimate = document.getElementById("preflight-estimate"), measured = document.getElementById("preflight-measured");
  const button = document.getElementById("preflight-button");
  let turn = 0, known = "";

  const values = () => [...new FormData(form)].filter(([name, value]) => !IDLE.has(name) && typeof value === "string").join("\n");

  const look = async () => {
    const now = values();
    if (now === known) return;
    known = now;
    measured.replaceChildren(); // it was about another training
    const mine = (turn += 1), open = estimate.querySelector("details")?.open;
    estimate.toggleAttribute("aria-busy", !estimate.childElementCount);
    const answer = await fetch(card.dataset.estimate, { method: "POST", body: new FormData(form) }).catch(() => null);
    if (mine !== turn || !answer?.ok) return;
    estimate.removeAttribute("aria-busy");
    estimate.innerHTML = await answer.text(); // our own page part; values in it are escaped by the server
    if (open && estimate.querySelector("details")) estimate.querySelector("details").open = true;
  };
  const soon = debounced(look, 700);

  button.addEventListener("click", async () => {
    button.classList.add("btn-loading");
    const mine = turn;
    const answer = await fetch(card.dataset.measure, { method: "POST", body: new FormData(form) }).catch(() => null);
    button.classList.remove("btn-loading");
    if (mine !== turn) return;
    if (answer?.ok) measured.innerHTML = await answer.text(); // ours as well
    else measured.textContent = "The server cannot be reached, or answered with an error.";
  });
  form.addEventListener("change", soon);
  form.addEventListener("input", soon);
  soon();
}
