// A curve as the page holds it: a point's identity is its index in the file, so nothing is shown twice or left out.
const MOST = 3000; // points kept on the page; beyond, pairs of buckets keep their extremes as the server does

export class Curve {
  constructor(name) {
    this.name = name;
    this.clear();
  }

  clear() {
    this.count = 0; // points of the file that are known here
    this.steps = [];
    this.walls = [];
    this.values = [];
    this.smoothed = null; // the server's smoothed values of the first points, made from every point of the file
  }

  /** Take the server's overview of the whole file. */
  load({ total, steps, walls, values, smoothed }) {
    Object.assign(this, { count: total, steps: [...steps], walls: [...walls], values: [...values], smoothed: smoothed ? [...smoothed] : null });
  }

  /** Add points [start, stop) of the file; false where some are missing in between, so that the page must load again. */
  append({ start, stop, steps, values, walls }) {
    if (stop <= this.count) return true;
    const whole = stop - start === steps.length;
    if (start > this.count || (start < this.count && !whole)) return false;
    const skip = this.count - start;
    for (let i = skip; i < steps.length; i += 1) {
      this.steps.push(steps[i]);
      this.values.push(values[i]);
      this.walls.push(walls[i]);
    }
    this.count = stop;
    if (this.steps.length > MOST) this.thin(MOST / 2);
    return true;
  }

  /** Keep the least and the greatest value of each bucket, so that no spike is lost. */
  thin(width) {
    const keep = new Set([0, this.steps.length - 1]);
    const size = (2 * this.steps.length) / width;
    for (let from = 0; from < this.steps.length; from += size) {
      let low = Math.floor(from), high = low;
      for (let i = low; i < Math.min(from + size, this.steps.length); i += 1) {
        if (this.values[i] < (this.values[low] ?? Infinity)) low = i;
        if (this.values[i] > (this.values[high] ?? -Infinity)) high = i;
      }
      keep.add(low).add(high);
    }
    const places = [...keep].sort((a, b) => a - b);
    const whole = this.smoothed && places.map((i) => this.smoothed[i] ?? null);
    for (const key of ["steps", "walls", "values"]) this[key] = places.map((i) => this[key][i]);
    this.smoothed = whole && whole.slice(0, whole.findLastIndex((value) => value !== null) + 1);
  }

  get latest() {
    return this.values.at(-1);
  }
}

/**
 * Exponentially weighted mean in which a point's weight halves every ``amount ** 4 * 10 %`` of the shown range of x:
 * independent of how densely points lie, so thinned and live points smooth alike. NaN (no number) stays a gap.
 */
export function smooth(x, y, amount) {
  const range = x.at(-1) - x[0];
  const half = 0.1 * amount ** 4 * range;
  if (!(half > 0)) return y;
  const smoothed = new Array(y.length);
  let sum = 0, weight = 0, before = x[0];
  for (let i = 0; i < y.length; i += 1) {
    const fade = 2 ** (-(x[i] - before) / half);
    before = x[i];
    sum *= fade;
    weight *= fade;
    if (Number.isFinite(y[i])) {
      sum += y[i];
      weight += 1;
      smoothed[i] = sum / weight;
    } else {
      smoothed[i] = NaN;
    }
  }
  return smoothed;
}

/** Go on from the server's smoothed values over the points that came since, with the weight of a long past. */
export function extend(smoothed, x, y, amount) {
  const known = smoothed.map((value) => value ?? NaN), half = 0.1 * amount ** 4 * (x.at(-1) - x[0]);
  let last = known.findLast((value) => Number.isFinite(value)) ?? NaN;
  for (let i = known.length; i < y.length; i += 1) {
    const keep = half > 0 ? 2 ** (-(x[i] - x[i - 1]) / half) : 0;
    if (Number.isFinite(y[i])) last = Number.isFinite(last) ? keep * last + (1 - keep) * y[i] : y[i];
    known.push(Number.isFinite(y[i]) ? last : NaN);
  }
  return known;
}

/** Columns of a plot's source for a curve on one of the axes "step", "epoch", "minutes". */
export function columns(curve, axis, { perEpoch, started, amount }) {
  const step = curve.steps;
  const epoch = step.map((value) => (perEpoch ? value / perEpoch : NaN));
  const minutes = curve.walls.map((wall) => (wall - started) / 60);
  const x = { step, epoch, minutes }[axis];
  const y = curve.values.map((value) => value ?? NaN);
  const s = y.length <= 60 || !(amount > 0) ? y : curve.smoothed?.length ? extend(curve.smoothed, x, y, amount) : smooth(x, y, amount);
  return { x, y, s, step, epoch, minutes };
}
