// The dialog in which runs are found and added to the comparison.
import { $, debounced, make, part, toast, Refusal } from "../dom.js";
import { askRuns } from "./data.js";

const LISTED = 60;

/** Make the dialog work: ``present()`` are the ids compared now, ``choose(ids, more)`` compares others. */
export function adding(holder, present, choose) {
  const dialog = $("#add"), search = $("#add-search"), found = part("found");
  let runs = [], turn = 0;

  async function look() {
    const mine = (turn += 1);
    try {
      const answer = await askRuns(holder.dataset.runs, { text: search.value.trim(), limit: LISTED });
      if (mine !== turn) return;
      runs = answer.runs;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      toast(error.message, true);
      return;
    }
    const here = new Set(present());
    found.replaceChildren(...runs.map((run) => {
      const box = make("input", { type: "checkbox", className: "form-check-input m-0", checked: here.has(run.id), value: run.id });
      return make("label", {}, box, make("span", { textContent: run.name }), make("small", { textContent: [run.group, ...run.tags, run.status].filter(Boolean).join(" · ") }));
    }));
    if (!runs.length) found.replaceChildren(make("p", { className: "text-secondary text-center m-3", textContent: search.value.trim() ? "Nothing matches." : "There is no run yet: train a model." }));
  }

  $("#add-runs").addEventListener("click", () => { dialog.showModal(); look(); });
  search.addEventListener("input", debounced(look, 200));
  found.addEventListener("change", (event) => {
    const ids = present().filter((id) => id !== event.target.value);
    choose(event.target.checked ? [...ids, event.target.value] : ids);
  });
  $("#add-all").addEventListener("click", async () => { await choose([...new Set([...present(), ...runs.map((run) => run.id)])].slice(0, Number(holder.dataset.most))); look(); });
  $("#add-follow").addEventListener("click", async () => {
    if (!search.value.trim()) { toast("Say which: a group, a tag, part of a name.", true); return; }
    await choose([], { text: search.value.trim() });
    dialog.close();
  });
}
