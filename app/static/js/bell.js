// The bell on a job's page: be told of this job, or not.
import { $, ask, post, toast } from "./dom.js";

const bell = $("#bell");

function show({ wanted, channels }) {
  bell.hidden = false;
  bell.setAttribute("aria-pressed", String(wanted && channels > 0));
  bell.textContent = channels === 0 ? "Alerts …" : wanted ? "Alerts: on" : "Alerts: off";
  bell.title = channels === 0 ? "Choose where to be told" : wanted ? "You are told when it ends or gets stuck" : "You are not told of this job";
  bell.dataset.channels = channels;
}

bell.addEventListener("click", async () => {
  if (bell.dataset.channels === "0") { location.href = bell.dataset.settings; return; }
  try {
    show(await post(bell.dataset.set, { wanted: bell.getAttribute("aria-pressed") === "true" ? "0" : "1" }));
  } catch (refusal) {
    toast(refusal.message, true);
  }
});
ask(bell.dataset.get).then(show).catch(() => { bell.hidden = true; });
