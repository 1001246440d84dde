// Calibration, the histogram of confidence, and accuracy by slices of the images.
import { percent, thousands, figure } from "../words.js";
import { make } from "../dom.js";
import { bar, frame, line } from "./plot.js";

export function sureness(report) {
  const { counts, right, confidence } = report.calibration, bins = counts.length;
  const plot = frame(document.getElementById("reliability"), "Share of right answers by confidence");
  counts.forEach((count, bin) => {
    if (!count) return;
    const share = right[bin] / count;
    bar(plot, [bin / bins, (bin + 1) / bins], [0, share], { kind: "right", words: `${thousands(count)} images, ${percent(confidence[bin])} sure on average, ${percent(share)} right` });
  });
  line(plot, [[0, 0], [1, 1]], "even");
  const { right: good, wrong, unlabelled } = report.histogram, most = Math.max(...good.map((count, bin) => count + wrong[bin] + unlabelled[bin]), 1);
  const root = (count) => Math.sqrt(count); // a few wrong answers are seen beside many right ones
  const bars = frame(document.getElementById("confidence"), "Images by confidence", [[0, "0"], [root(most), short(most)]]);
  good.forEach((count, bin) => {
    const span = [bin / good.length, (bin + 1) / good.length], all = count + wrong[bin] + unlabelled[bin];
    const words = `${percent(span[0], 0)} to ${percent(span[1], 0)} sure: ${thousands(count)} right, ${thousands(wrong[bin])} wrong`;
    if (all) bar(bars, span, [0, root(all)], { kind: "other", most: root(most), words });
    if (count + wrong[bin]) bar(bars, span, [0, root(count + wrong[bin])], { kind: "right", most: root(most), words });
    if (wrong[bin]) bar(bars, span, [0, root(wrong[bin])], { kind: "wrong", most: root(most), words });
  });
}

const short = (count) => (count >= 1e6 ? `${figure(count / 1e6, 2)}M` : count >= 1000 ? `${figure(count / 1000, 2)}k` : String(count));

export function slices(report) {
  const choose = document.getElementById("slice");
  if (!choose) return;
  const draw = () => {
    const rows = report.slices[choose.value].map((group) => {
      const fill = make("u"), [low, high] = group.interval, words = group.value ?? (group.low === group.high ? figure(group.low, 3) : `${figure(group.low, 3)} – ${figure(group.high, 3)}`);
      fill.style.width = `${group.accuracy * 100}%`;
      const line = make("div", { className: "fv-guess", title: `${thousands(group.right)} of ${thousands(group.count)} images right; 95 % interval ${percent(low)} to ${percent(high)}` });
      line.append(make("span", { textContent: words }), make("b", { className: "text-nowrap" }, percent(group.accuracy), " ", make("span", { className: "fv-sub", textContent: `of ${thousands(group.count)}` })), make("i", {}, fill));
      return line;
    });
    document.getElementById("slices").replaceChildren(...rows);
  };
  choose.addEventListener("change", draw);
  draw();
}
