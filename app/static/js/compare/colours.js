// Colours of runs and of groups of runs: told apart by people who see colours differently, readable in light and dark.
const LIGHT = ["#0072b2", "#d55e00", "#009e73", "#b1478f", "#9a6b00", "#2d8ac7", "#7f4fc9", "#5a6b7b", "#008a8a", "#c0392b", "#5b8c00", "#8c564b"];
const DARK = ["#56b4e9", "#e69f00", "#2bbf95", "#e09cc2", "#d8c04a", "#8ab8ff", "#b79cf0", "#b4c0cc", "#4cc9c9", "#ff8a73", "#a5d053", "#d0a093"];
const LOW = { light: [68, 1, 84], dark: [120, 100, 235] }, HIGH = { light: [214, 150, 0], dark: [253, 231, 37] };

export const theme = () => (document.documentElement.dataset.bsTheme === "dark" ? "dark" : "light");

/** The colour of the place ``index`` in a list. */
export const ink = (index) => (theme() === "dark" ? DARK : LIGHT)[index % LIGHT.length];

/** A colour for each of some values: numbers in their order from dark to bright, anything else one after another. */
export function inks(values) {
  const ordered = values.length > 2 && values.every((value) => typeof value === "number");
  return new Map(values.map((value, index) => [value, ordered ? between(index / (values.length - 1)) : ink(index)]));
}

/** Between two ends over a green, as viridis goes. */
function between(share) {
  const [low, middle, high] = [LOW[theme()], [31, 158, 137], HIGH[theme()]];
  const [from, to, along] = share < 0.5 ? [low, middle, share * 2] : [middle, high, share * 2 - 1];
  const parts = from.map((value, i) => Math.round(value + (to[i] - value) * along));
  return `#${parts.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}
