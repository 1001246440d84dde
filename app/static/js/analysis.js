// An analysis under way, on any page of its dataset: how far it is, and the page anew when it has ended.
import { ask, part, setProgress } from "./dom.js";

const EVERY = 1000; // ms

/** ``when()`` says whether it is time to ask at all: an analysis begins after its dataset is built. */
export function watchAnalysis(when = () => true) {
  setInterval(async () => {
    const going = document.getElementById("analysis-going");
    if (!going || document.hidden || !when()) return;
    const state = await ask(going.dataset.state).catch(() => null); // the next time may be luckier
    if (!state?.job) return;
    if (["Done", "Error", "Aborted"].includes(state.job.status)) { location.reload(); return; }
    setProgress(part("progress", going), state.job.fraction);
    part("analysis-words", going).textContent = state.job.reason || state.job.summary?.phase || state.job.status;
  }, EVERY);
}
