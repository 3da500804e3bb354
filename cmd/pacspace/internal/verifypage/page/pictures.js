// ---- the pictures

function svg(name, attributes = {}, ...children) {
  const e = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  e.append(...children.filter((c) => c !== null));
  return e;
}

const label = (x, y, text, attributes = {}) => svg("text", { x, y, ...attributes }, text);
const origins = { // by where a leaf comes from: a sign, words for the picture, a sentence
  "reproduced": ["", "the delta", ""],
  "unstated": ["", "the delta, its hash computed", " No hash is stated for the delta, so it was computed."],
  "partly known": ["?", "not known to be the delta's", " The stated hash could not be recomputed, since something of the delta is not in the file."],
  "differing": ["✗", "not what the delta says", " The stated hash does not come out of what the delta says, so the path shows nothing about its amount."],
};
const short = (hash) => `${hash.slice(0, 10)}…${hash.slice(-4)}`;

async function showPictures(survey, answer) {
  if (survey.count === 0) return;
  const path = el("div", { id: "path", role: "status" });
  $("pictures").replaceChildren(
    section("Balance over time", balancePicture(survey, answer), balanceTable(survey)),
    section("From a delta to the root", pathForm(survey, answer.first, path), path));
  await showPath(path);
}

// balancePicture draws the points as steps, or as a line with the band between the least and
// the greatest balance where a point stands for several deltas.
function balancePicture(survey, answer) {
  const w = 720, h = 260, left = 90, right = 20, top = 16, bottom = 36;
  const claimed = (answer.facts.find((f) => f.name === "Balance as claimed") ?? {}).value;
  const points = survey.points.map((p) => ({ ...p, y: Number(p.balance), low: Number(p.low), high: Number(p.high) }));
  const time = (p) => Date.parse(p.at);
  const timed = survey.timed && points.length > 2 && time(points.at(-1)) > time(points[1]);
  const first = points[1], last = points.at(-1);
  // The start has no time of its own. It is drawn a step before the first delta.
  const xOf = timed
    ? (p) => p.number === 0 ? 0 : ((time(p) - time(first)) * (points.length - 2)) / (time(last) - time(first)) / (points.length - 1) + 1 / (points.length - 1)
    : (p) => p.number / survey.count;
  const ys = points.flatMap((p) => [p.low, p.high]).concat(Number(claimed), 0);
  const min = Math.min(...ys), max = Math.max(...ys);
  const x = (p) => (left + xOf(p) * (w - left - right)).toFixed(1);
  const y = (v) => (top + ((max - v) / (max - min || 1)) * (h - top - bottom)).toFixed(1);

  const steps = points.length - 1 === survey.count;
  const line = points.map((p, i) => i === 0 ? `M${x(p)} ${y(p.y)}` : steps ? `H${x(p)}V${y(p.y)}` : `L${x(p)} ${y(p.y)}`).join("");
  const band = "M" + points.map((p) => `${x(p)} ${y(p.high)}`).concat(points.toReversed().map((p) => `${x(p)} ${y(p.low)}`)).join("L") + "Z";
  const tick = (v, text) => [svg("path", { class: "grid", d: `M${left} ${y(v)}H${w - right}` }), label(left - 8, +y(v) + 4, text, { "text-anchor": "end" })];
  const end = timed ? [first.day || day(first), last.day || day(last)] : ["delta 1", `delta ${survey.count}`];

  const words = `From ${points[0].balance} to ${last.balance} over ${survey.count} delta${survey.count === 1 ? "" : "s"}; claimed is ${claimed}.`;
  return el("figure", {},
    svg("svg", { viewBox: `0 0 ${w} ${h}`, role: "img", "aria-label": `Balance over time. ${words}`, id: "balance-picture" },
      ...tick(0, "0"), ...(last.y !== 0 ? tick(last.y, last.balance) : []),
      steps ? null : svg("path", { class: "band", d: band }),
      svg("path", { class: "claimed", d: `M${left} ${y(Number(claimed))}H${w - right}` }),
      svg("path", { class: "line", d: line }),
      label(x(first), h - 12, end[0], { "text-anchor": "start" }), label(w - right, h - 12, end[1], { "text-anchor": "end" })),
    el("figcaption", {}, `${words} The dashed line is the claim.`,
      timed ? " Times are as the vendor states them." : " The deltas are in the order of the file.",
      steps ? null : " Points stand for several deltas; the band is between the least and the greatest balance."));
}

const day = (p) => p.at.slice(0, 10);

function balanceTable(survey) {
  const rows = survey.points.map((p) => el("tr", {}, el("td", {}, p.number === 0 ? "start" : String(p.number)), el("td", {}, p.day || (p.number > 0 && p.at ? day(p) : "")), el("td", {}, p.balance)));
  return el("details", { class: "screen" }, el("summary", {}, "The points as a table"),
    el("table", {}, el("thead", {}, el("tr", {}, ...["Delta", "Day", "Balance after it"].map((t) => el("th", { scope: "col" }, t)))), el("tbody", {}, ...rows)));
}

// pathForm asks for a delta; at first it is the one of the first difference.
function pathForm(survey, first, path) {
  const number = first?.line > 1 && first.line - 1 <= survey.count ? first.line - 1 : 1;
  const form = el("form", { class: "row screen" },
    el("label", { for: "choice" }, `Number (1 to ${survey.count}) or reference of a delta`),
    el("input", { type: "text", id: "choice", autocomplete: "off", autocapitalize: "off", spellcheck: "false", value: number }),
    el("button", {}, "Show its path"));
  form.addEventListener("submit", (event) => { event.preventDefault(); showPath(path); });
  return form;
}

async function showPath(path) {
  try {
    path.replaceChildren(...pathParts(await ask("path", $("choice").value)));
  } catch (e) {
    path.replaceChildren(el("p", { class: "note" }, e.message));
  }
}

function pathParts(p) {
  const name = p.reference || `delta ${p.number}`;
  if (p.carried) return [el("p", { class: "note" }, `${name} is carried: it stands under the checkpoint of an earlier window, so it has no path here.`)];
  const top = p.steps.length > 0 ? p.steps.at(-1).node : p.leaf;
  const none = /^0x0*$/.test(p.root);
  const end = none ? "There is no root to compare with." : p.reaches ? "The top is the checkpoint root." : `The top is not the checkpoint root, which is ${p.root}.`;
  return [
    el("figure", {}, pathPicture(p, top, none), el("figcaption", {}, `${name}, ${p.delta}: leaf ${p.index + 1} of ${p.size}, ${p.steps.length} steps up. ${end}${origins[p.origin][2]}`)),
    el("details", {}, el("summary", {}, "The hashes in full"),
      el("ol", { class: "mono hashes" }, el("li", {}, `leaf ${p.leaf}`),
        ...p.steps.map((s) => el("li", {}, s.side === "self" ? "paired with itself" : `${s.side} of it ${s.sibling}`, el("br"), `gives ${s.node}`)))),
  ];
}

// pathPicture draws the path from the leaf, at the bottom, to the root.
function pathPicture(p, top, none) {
  const w = 720, row = 62, box = 190, high = 34, middle = w / 2;
  const h = p.steps.length * row + high + 64;
  const yOf = (level) => h - 32 - high - level * row;
  const node = (x, level, text, kind) => svg("g", { class: `node ${kind}` },
    svg("rect", { x: x - box / 2, y: yOf(level), width: box, height: high, rx: 6 }), label(x, yOf(level) + 22, text, { "text-anchor": "middle" }));
  const edge = (x, level) => svg("path", { class: "edge", d: `M${x} ${yOf(level)}C${x} ${yOf(level) - 16} ${middle} ${yOf(level + 1) + high + 16} ${middle} ${yOf(level + 1) + high}` });
  const parts = [];
  p.steps.forEach((s, level) => {
    const x = s.side === "left" ? middle - 245 : middle + 245;
    parts.push(edge(middle, level), edge(x, level), node(x, level, s.side === "self" ? "itself" : short(s.sibling), s.side));
  });
  const nodes = [p.leaf, ...p.steps.map((s) => s.node)];
  nodes.forEach((hash, level) => parts.push(node(middle, level, short(hash), level === p.steps.length ? `top ${none ? "" : p.reaches ? "good" : "bad"}` : level === 0 && p.origin === "differing" ? "own bad" : "own")));
  const said = none ? "no root is known" : p.reaches ? "✓ the checkpoint root" : "✗ not the checkpoint root";
  parts.push(label(middle, h - 8, `${origins[p.origin][0]} ${origins[p.origin][1]}`.trim(), { "text-anchor": "middle" }), label(middle, 22, said, { "text-anchor": "middle" }));
  return svg("svg", { viewBox: `0 0 ${w} ${h}`, role: "img", "aria-label": `The path from the delta to ${short(top)}. The hashes follow as a list.` }, ...parts);
}
