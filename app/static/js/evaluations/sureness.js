// Calibration, the histogram of confidence, and accuracy by slices of the images.
import { percent, thousands, figure } from "../words.js";
import { bar, frame, line, whisker } from "./plot.js";

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
    const groups = report.slices[choose.value], ends = [groups[0].low, groups.at(-1).high];
    const plot = frame(document.getElementById("slices"), `Accuracy by ${choose.value}`, undefined, ends.map((value, index) => [index, figure(value, 3)]));
    groups.forEach((group, index) => {
      const span = [index / groups.length, (index + 1) / groups.length];
      bar(plot, span, [0, group.accuracy], { kind: "right", words: `${figure(group.low, 3)} to ${figure(group.high, 3)}: ${percent(group.accuracy)} of ${thousands(group.count)} images` });
      whisker(plot, (span[0] + span[1]) / 2, group.interval);
    });
  };
  choose.addEventListener("change", draw);
  draw();
}
