// The map of the set: dots coloured by class, a picture on hover, a click for the record, a line drawn around some to explore them.
import { $, make, pageData, part } from "./dom.js";
import { watchAnalysis } from "./analysis.js";
import { COLOURS, Scatter, colourOf } from "./scatter.js";

const holder = $("#map");
watchAnalysis();
if (holder) start();

async function start() {
  const classes = pageData("map-classes"), { splits } = await (await fetch(holder.dataset.places)).json();
  const split = () => part("split").value, labels = () => splits[split()].labels, wanted = () => part("class").value;
  const scatter = new Scatter(part("canvas"), part("tip"), {
    colour: (index) => colourOf(labels()[index]),
    tell: (index) => [make("img", { src: `${holder.dataset.sprite.replace("SPLIT", split())}?at=${index}`, alt: "" }), make("div", { textContent: classes[labels()[index]] })],
    pick: (index) => { location.href = holder.dataset.record.replace("SPLIT", split()).replace(/0$/, index); },
    circle: (area) => {
      const more = wanted() === "" ? "" : `&label=${wanted()}`;
      location.href = `${holder.dataset.explore}&db=${split()}&area=${area.flat().join(",")}${more}`;
    },
  });
  const show = () => {
    const numbers = labels().map((_, index) => index);
    scatter.set(splits[split()].places, wanted() === "" ? null : numbers.filter((index) => labels()[index] === Number(wanted())));
  };
  for (const name of ["split", "class"]) part(name).addEventListener("change", show);
  show();
  keys(classes);
}

function keys(classes) {
  const most = classes.length > COLOURS.length ? [] : classes;
  part("keys").replaceChildren(...most.map((name, label) => {
    const ink = make("i", { className: "fv-ink" });
    ink.style.background = colourOf(label);
    return make("span", { className: "fv-legend" }, ink, name);
  }));
  if (!most.length) part("keys").textContent = `${classes.length} classes share ${COLOURS.length} colours; choose a class above to see it alone.`;
}
