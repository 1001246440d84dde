// Small plots of shares, 0 to 1 on both axes, as SVG: lines, bars and a dot that can be moved.
import { svg as draw } from "../dom.js";

const WIDTH = 170, HEIGHT = 140, LEFT = 24, BOTTOM = 16, TOP = 6, RIGHT = 4;

export const across = (value) => LEFT + value * (WIDTH - LEFT - RIGHT);
export const up = (value, most = 1) => TOP + (1 - value / (most || 1)) * (HEIGHT - TOP - BOTTOM);

/** An empty plot with its grid in ``holder``; ``ticks`` are [value, text] of the vertical axis. */
export function frame(holder, label, ticks = [[0, "0"], [0.5, "½"], [1, "1"]], bottom = [[0, "0"], [0.5, "½"], [1, "1"]]) {
  const svg = draw("svg", { class: "ev-plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label });
  const most = ticks.at(-1)[0] || 1;
  for (const [value, text] of ticks) {
    svg.append(draw("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: up(value, most), y2: up(value, most) }), draw("text", { x: LEFT - 4, y: up(value, most) + 3, "text-anchor": "end" }, text));
  }
  for (const [value, text] of bottom) svg.append(draw("text", { x: across(value), y: HEIGHT - 4, "text-anchor": value === 0 ? "start" : value === 1 ? "end" : "middle" }, text));
  holder.replaceChildren(svg);
  return svg;
}

export function line(svg, points, kind = "line") {
  svg.append(draw("path", { class: kind, fill: "none", d: `M${points.map(([x, y]) => `${across(x).toFixed(1)},${up(y).toFixed(1)}`).join("L")}` }));
}

/** A bar from ``low`` to ``high`` over [from, to] of the axis, with words for those who point at it. */
export function bar(svg, [from, to], [low, high], { kind, most = 1, words = "" }) {
  const x = across(from) + 0.5, y = up(high, most);
  const box = draw("rect", { class: kind, x, y, width: Math.max(1, across(to) - across(from) - 1), height: Math.max(0, up(low, most) - y) });
  box.append(draw("title", {}, words));
  svg.append(box);
}

export function dot(svg, x, y) {
  const made = svg.querySelector(".dot") || draw("circle", { class: "dot", r: 4 });
  made.setAttribute("cx", across(x));
  made.setAttribute("cy", up(y));
  svg.append(made);
}
