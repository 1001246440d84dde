// Which runs a text means: words that occur in a run, and conditions on its options ("batch_size>=64", "optimizer=adam").
const CONDITION = /^([^\s<>=!]+)(>=|<=|!=|=|>|<)(.*)$/;
const HOLDS = {
  "=": (a, b) => a === b, "!=": (a, b) => a !== b, ">": (a, b) => a > b, "<": (a, b) => a < b, ">=": (a, b) => a >= b, "<=": (a, b) => a <= b,
};
const FIELDS = { name: (run) => run.name, group: (run) => run.group, status: (run) => run.status, owner: (run) => run.owner, id: (run) => run.id };

/** A function that tells for each run whether it is meant; every word must hold. */
export function filter(text) {
  const tests = text.toLowerCase().split(/\s+/).filter(Boolean).map(test);
  return (run) => tests.every((holds) => holds(run));
}

function test(word) {
  const found = CONDITION.exec(word);
  if (!found) return (run) => everything(run).includes(word);
  const [, name, sign, wanted] = found;
  if (name === "tag") return (run) => run.tags.some((tag) => tag.toLowerCase() === wanted) === (sign !== "!=");
  return (run) => {
    const value = FIELDS[name] ? FIELDS[name](run) : Object.entries(run.options).find(([option]) => option.toLowerCase() === name)?.[1];
    const [a, b] = [Number(value), Number(wanted)];
    if (value !== null && value !== "" && wanted !== "" && typeof value !== "boolean" && !Number.isNaN(a) && !Number.isNaN(b)) return HOLDS[sign](a, b);
    return "=!".includes(sign[0]) && HOLDS[sign](said(value).toLowerCase(), wanted);
  };
}

function everything(run) {
  const options = Object.entries(run.options).map(([name, value]) => `${name}=${said(value)}`);
  return [run.name, run.id, run.group, run.owner || "", run.status, ...run.tags, ...options].join("\n").toLowerCase();
}

/** An option's value as a cell shows it. */
export function said(value) {
  if (value === null || value === undefined) return "";
  if (value === true) return "yes";
  if (typeof value === "number") return String(Number(value.toPrecision(6)));
  return value === false ? "no" : String(value);
}
