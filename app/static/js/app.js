// What every page does: theme switch, questions before forms that destroy, machine strip, errors of htmx, dialogs.
import { $, $$, confirmed, toast } from "./dom.js";
import { percent } from "./words.js";

$("#theme-toggle").addEventListener("click", () => window.fovealTheme.toggle());

document.addEventListener("click", async (event) => {
  if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
  if (event.target instanceof HTMLDialogElement) event.target.close(); // a click beside the dialog
  const button = event.target.closest("button[data-confirm]");
  if (!button || button.dataset.sure) return;
  event.preventDefault();
  if (await confirmed(button.dataset.confirm, button.dataset.confirmText || "", button.dataset.confirmYes)) {
    button.dataset.sure = "1";
    button.click();
  }
});

document.addEventListener("htmx:responseError", (event) => toast(`The server answered ${event.detail.xhr.status}.`, true));
document.addEventListener("htmx:sendError", () => toast("The server cannot be reached. Is it running?", true));
$("#wrong")?.focus();

/** CPU and busiest GPU in the navigation bar. */
function strip(machine) {
  const gpus = (machine.gpus || []).map((gpu) => gpu.load).filter((load) => load !== null && load !== undefined);
  const loads = { cpu: machine.cpu?.load, gpu: gpus.length ? Math.max(...gpus) : undefined };
  for (const meter of $$(".fv-meter")) {
    const load = machine.stale ? undefined : loads[meter.dataset.meter];
    meter.hidden = load === undefined;
    if (load === undefined) continue;
    $("b", meter).style.width = `${(load * 100).toFixed(0)}%`;
    meter.title = `${meter.dataset.meter.toUpperCase()} load ${percent(load, 0)}`;
  }
}

if (document.body.dataset.live) {
  await import("./notify.js");
  const { join, on } = await import("./socket.js");
  const shout = (kind, detail) => document.dispatchEvent(new CustomEvent(`foveal:${kind}`, { detail }));
  on("machine", (machine) => { strip(machine); shout("machine", machine); });
  on("rows", (news) => shout("rows", news));
  join("home", () => ({}), (answer) => {
    if (answer.error) return;
    strip(answer.machine);
    shout("machine", answer.machine);
    shout("home", answer);
  });
}
