// Numbers, times and sizes as people read them; the same rules as app/pages/filters.py.
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "";
  const whole = Math.max(0, Math.round(seconds));
  for (const [size, word, small, minor] of [[86400, "d", 3600, "h"], [3600, "h", 60, "min"], [60, "min", 1, "s"]]) {
    if (whole >= size) {
      const rest = Math.floor((whole % size) / small);
      return rest ? `${Math.floor(whole / size)} ${word} ${rest} ${minor}` : `${Math.floor(whole / size)} ${word}`;
    }
  }
  return `${whole} s`;
}

export function bytes(count) {
  let value = count;
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (value < 999.5) return `${unit === "B" || value >= 99.5 ? Math.round(value) : Number(value.toPrecision(3))} ${unit}`;
    value /= 1000;
  }
  return `${Number(value.toPrecision(3))} TB`;
}

export const thousands = (number) => Math.round(number).toLocaleString("en-US");

/** 0.98781 -> "98.8 %"; never rounds up to 100 % what is not. */
export function percent(value, digits = 1) {
  if (value === null || value === undefined) return "–";
  let text = (value * 100).toFixed(digits);
  if (value < 1 && Number(text) >= 100) text = (100 - 10 ** -digits).toFixed(digits);
  return `${text} %`;
}

export function figure(value, digits = 4) {
  if (value === null || value === undefined) return "–";
  return Math.abs(value) >= 1e6 || (value !== 0 && Math.abs(value) < 1e-3) ? value.toExponential(2) : String(Number(value.toPrecision(digits)));
}

const KINDS = {
  number: (value) => figure(value), percent: (value) => percent(value, 1), small: (value) => figure(value, 3),
  whole: (value) => (value === null ? "–" : thousands(value)), load: (value) => percent(value, 0),
};
export const as = (kind, value) => (value === undefined ? "" : (KINDS[kind] || KINDS.number)(value));

export function clock(stamp) {
  const then = new Date(stamp * 1000);
  return then.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}
