// The training doctor's card: each verdict with what to try, and links to the plots that show it.
import { $, make, pageData, part } from "./dom.js";
import { onEvent } from "./job.js";

const card = document.getElementById("doctor");
const LAYERS = {
  update: "weights/update", gradient: "weights/gradient", gradient_ratio: "weights/gradient_ratio",
  dead: "activations/dead", zeros: "activations/zeros", saturated: "activations/saturated",
};
const WORDS = {
  "train/loss": "training loss", "val/loss": "validation loss", "train/accuracy": "training accuracy", "val/accuracy": "validation accuracy",
  learning_rate: "learning rate", samples_per_second: "images/s", "input/wait": "waiting for images",
  update: "update ratios", gradient: "gradients", gradient_ratio: "gradients over weights", dead: "dead units", zeros: "zeros", saturated: "saturated units",
};

/** Where the evidence is: a curve's plot on this page, or a statistic on the page of the layers. */
function evidence(name) {
  const statistic = name.startsWith("layers:") ? name.slice(7) : null;
  if (statistic) return make("a", { className: "badge fv-evidence", href: `${card.dataset.layers}#show=${LAYERS[statistic]}`, textContent: WORDS[statistic] });
  const button = make("button", { type: "button", className: "badge fv-evidence", textContent: WORDS[name] || name });
  button.addEventListener("click", () => {
    const plot = $(`.fv-legend[data-curve="${name}"]`)?.closest(".card");
    if (!plot) return;
    plot.scrollIntoView({ behavior: "smooth", block: "center" });
    plot.classList.add("fv-flash");
    setTimeout(() => plot.classList.remove("fv-flash"), 1600);
  });
  return button;
}

function row(verdict) {
  const words = make("div", { className: "fv-break" }, make("div", { textContent: verdict.sentence }));
  if (verdict.tries.length) words.append(make("div", { className: "fv-sub", textContent: `Try: ${verdict.tries.map((text, i) => (i ? text[0].toLowerCase() + text.slice(1) : text)).join("; ")}.` }));
  if (verdict.level !== "good") words.append(make("div", { className: "fv-evidences" }, ...verdict.evidence.map(evidence)));
  return make("div", { className: `fv-verdict fv-verdict-${verdict.level}` }, make("i", { ariaHidden: "true" }), words);
}

function show(verdicts) {
  card.hidden = !verdicts.length;
  part("verdicts", card).replaceChildren(...verdicts.map(row));
}

show(pageData("doctor-data"));
onEvent("artifact", (event) => { if (event.name === "doctor") show(event.value.verdicts); });
