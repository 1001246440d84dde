// Steering a training from its page: pause, save, finish, another rate, going on, its place in the queue.
import { $, $$, make, part, post, toast, Refusal } from "./dom.js";
import { job, onEvent } from "./job.js";
import { figure, thousands } from "./words.js";

const card = document.getElementById("steer");
const WORDS = {
  rate: (act) => `learning rate ${figure(act.value)}`, save: () => "saved", stop: () => "finished early",
  pause: () => "paused", extend: (act) => `on to epoch ${figure(act.value)}`,
};

/** What an act did, in a few words. */
export const words = (act) => (WORDS[act.act] || (() => act.act))(act);

async function send(url, fields) {
  try {
    toast((await post(url, fields)).said);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    toast(error.message, true);
  }
}

/** Show what is possible in the present status. */
function show() {
  for (const item of $$("[data-when]", card)) item.hidden = !item.dataset.when.split(" ").includes(job.status);
  const done = job.status === "Done", epochs = $("#steer-epochs", card);
  part("resume-word", card).textContent = done ? "Go on" : "Resume";
  part("resume-hint", card).textContent = done ? "The schedule is stretched over all epochs." : "Goes on exactly from the last checkpoint. Blank: as planned.";
  epochs.required = done;
  epochs.placeholder = figure(Number(card.dataset.epochs) * (done ? 2 : 1));
}

if (card) {
  show();
  onEvent("status", show);
  onEvent("act", (act) => {
    const end = act.refused ? " (not possible)" : act.late ? " (too late)" : "";
    part("acts", card).append(make("li", { textContent: `${act.who || "Somebody"}: ${words(act)}, step ${thousands(act.step)}${end}` }));
  });
  card.addEventListener("click", (event) => {
    const act = event.target.closest("[data-act]"), move = event.target.closest("[data-move]");
    if (act) send(card.dataset.steer.replace("ACT", act.dataset.act));
    if (move) {
      card.dataset.now = Number(card.dataset.now) + Number(move.dataset.move);
      send(card.dataset.priority, { priority: card.dataset.now });
    }
  });
  card.addEventListener("submit", (event) => {
    event.preventDefault();
    const fields = new FormData(event.target);
    if (event.target.dataset.form === "resume") send(card.dataset.resume, fields);
    else send(card.dataset.steer.replace("ACT", "rate"), fields);
  });
}
