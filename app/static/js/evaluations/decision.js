// One class against the rest: ROC and precision-recall curves, and what a threshold would decide.
import { ask, make, part } from "../dom.js";
import { figure, percent, thousands } from "../words.js";
import { dot, frame, line } from "./plot.js";

export class Decision {
  constructor(address, areas) {
    const box = document.getElementById("curves");
    Object.assign(this, { address, areas, box, slider: document.getElementById("threshold") });
    if (!box) return;
    part("class", box).addEventListener("change", () => this.load());
    this.slider.addEventListener("input", () => this.decide());
    this.load();
  }

  async load() {
    const cls = Number(part("class", this.box).value), mine = (this.turn = (this.turn || 0) + 1);
    let found;
    try {
      found = await ask(`${this.address}/curve/${cls}`);
    } catch (error) {
      part("no-curves", this.box).hidden = false;
      part("no-curves", this.box).textContent = error.message;
      return;
    }
    if (mine !== this.turn) return;
    this.curve = found;
    const { hits, alarms, positives, negatives } = found;
    part("auc", this.box).textContent = figure(this.areas.auc[cls]);
    part("ap", this.box).textContent = figure(this.areas.ap[cls]);
    this.roc = frame(part("roc", this.box), "ROC curve: hits over false alarms");
    line(this.roc, [[0, 0], [1, 1]], "even");
    line(this.roc, [[0, 0], ...hits.map((hit, at) => [negatives ? alarms[at] / negatives : 0, positives ? hit / positives : 0])]);
    this.pr = frame(part("pr", this.box), "Precision over recall");
    line(this.pr, hits.map((hit, at) => [positives ? hit / positives : 0, hit / (hit + alarms[at])]));
    this.decide();
  }

  /** The counts at the slider's threshold. */
  decide() {
    const { thresholds, hits, alarms, positives, negatives } = this.curve, level = Number(this.slider.value);
    let at = thresholds.length - 1;
    while (at >= 0 && thresholds[at] < level) at -= 1;
    const hit = at < 0 ? 0 : hits[at], alarm = at < 0 ? 0 : alarms[at];
    const precision = hit + alarm ? hit / (hit + alarm) : null, recall = positives ? hit / positives : null;
    part("threshold-value", this.box).textContent = percent(level, 1);
    const said = [["Found", `${thousands(hit)} of ${thousands(positives)}`], ["False alarms", `${thousands(alarm)} of ${thousands(negatives)}`], ["Recall", percent(recall)], ["Precision", percent(precision)], ["Missed", thousands(positives - hit)], ["F1", figure(2 * hit / (hit + alarm + positives) || 0)]];
    part("decision", this.box).replaceChildren(...said.map(([name, value]) => make("span", { textContent: `${name} ` }, make("b", { textContent: value }))));
    dot(this.roc, negatives ? alarm / negatives : 0, recall || 0);
    dot(this.pr, recall || 0, precision ?? 1);
  }
}
