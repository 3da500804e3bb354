// ---- the report

const signs = { "verified": "✓", "consistent": "≈", "incomplete": "?", "does not match": "✗", "refused": "!", "unreadable": "!" };
const outcomes = { "passed": "✓", "failed": "✗", "not checked": "–" };

// el makes an element: attributes, then texts and other elements.
function el(name, attributes = {}, ...children) {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  e.append(...children.filter((c) => c !== null));
  return e;
}

const isHash = (text) => /^0x[0-9a-f]{64}$/.test(text);
const list = (pairs, attributes) => el("dl", attributes, ...pairs.map(({ name, value }) =>
  el("div", {}, el("dt", {}, name), el("dd", isHash(value) ? { class: "hash" } : {}, value))));
const section = (title, ...children) => el("section", {}, el("h3", {}, title), ...children);

function hideResult() {
  $("result").hidden = true;
  $("result").replaceChildren();
}

function showResult(a, brought) {
  const parts = [
    el("h2", { id: "verdict", tabindex: "-1", "data-verdict": a.verdict },
      el("span", { class: "sign", "aria-hidden": "true" }, signs[a.verdict]), a.verdict),
    a.test ? el("p", { class: "note" }, "This is evidence of the TEST environment. It is no bill.") : null,
    el("p", { class: "meaning" }, a.meaning),
    el("p", { id: "line", class: "mono" }, a.line),
    a.first ? difference(a.first) : null,
    a.facts ? section("What the file says", list(a.facts)) : null,
    a.kind === "balance" ? el("div", { id: "pictures" }) : null,
    a.entries ? section("Shown entries", ...a.entries.map(entry)) : null,
    a.checks ? section("What was checked", checks(a.checks)) : null,
    a.levels ? section("How far the rules were seen to be the service's", el("ul", {}, ...a.levels.map((l) => el("li", {}, l)))) : null,
    a.limits ? section("What this cannot show", el("ul", { id: "limits" }, ...a.limits.map((l) => el("li", {}, l)))) : null,
    section("What you brought", list(broughtFacts(brought, a.kind))),
    el("details", { id: "text" }, el("summary", {}, "The report as text"), el("pre", { tabindex: "0" }, a.text)),
    keep(a, brought.file.name),
  ];
  $("result").replaceChildren(...parts.filter((p) => p !== null));
  $("result").className = a.verdict.replaceAll(" ", "-");
  $("result").hidden = false;
  $("verdict").focus();
}

function difference(d) {
  const facts = [{ name: "Check", value: d.check }];
  if (d.line) facts.push({ name: "Line of the file", value: String(d.line) });
  if (d.reference) facts.push({ name: "Reference", value: d.reference });
  if (d.record) facts.push({ name: "Record", value: d.record });
  facts.push({ name: "Expected", value: d.expected }, { name: "Found", value: d.found });
  const box = section("First difference", list(facts));
  box.id = "first-difference";
  return box;
}

function checks(all) {
  const row = (c) => el("tr", { class: c.outcome.replace(" ", "-") },
    el("td", {}, el("span", { "aria-hidden": "true" }, outcomes[c.outcome] + " "), c.outcome),
    el("th", { scope: "row" }, c.name),
    el("td", {}, ...[c.reason || null, ...(c.rests ?? []).map((r) => el("p", {}, `Rests on the ${r.on}: ${r.value}: ${r.why}`))].filter(Boolean)));
  const head = (title) => el("tr", { class: "group" }, el("th", { colspan: "3", scope: "rowgroup" }, title));
  return el("table", { id: "checks" },
    el("thead", {}, el("tr", {}, ...["Outcome", "Check", "What is worth knowing"].map((t) => el("th", { scope: "col" }, t)))),
    el("tbody", {}, head("Needed for the verdict verified"), ...all.filter((c) => c.needed).map(row)),
    el("tbody", {}, head("Count only when they fail"), ...all.filter((c) => !c.needed).map(row)));
}

function entry(e) {
  const withheld = e.withheld === 1 ? "1 field is" : `${e.withheld} fields are`;
  return el("section", { class: "entry" }, el("h4", {}, `Entry ${e.number}`),
    e.note ? el("p", { class: "note" }, e.note) : list(e.fields, { class: "mono" }),
    e.withheld ? el("p", { class: "hint" }, `${withheld} sealed and not shown.`) : null);
}

function broughtFacts({ file, history, own, anchors, request }, kind) {
  const facts = [{ name: "File", value: `${file.name}, ${file.size} bytes` }];
  if (history) facts.push({ name: "Other half", value: `${history.name}, ${history.size} bytes` });
  if (kind === "record") return facts;
  const r = JSON.parse(request);
  facts.push({ name: "Root from the invoice", value: r.root ?? "none" });
  facts.push({ name: "Anchor files", value: anchors.map((f) => f.name).join(", ") || "none" });
  facts.push({ name: "Your own list", value: own ? own.name + (r.ownPartial ? ", some of the usage" : ", all of the usage") : "none" });
  const names = { customerId: "Customer", resource: "Resource", unit: "Unit", period: "Month", balance: "Balance", variant: "Variant", environment: "Environment" };
  for (const [id, name] of Object.entries(names)) if (r[id]) facts.push({ name: `Expected: ${name.toLowerCase()}`, value: r[id] });
  if (r.usageDays) facts.push({ name: "Expected: usage days", value: `${r.usageDays.first} to ${r.usageDays.last}` });
  return facts;
}

// keep offers the report on paper and as files, and the end of the balance as an anchor.
function keep(a, name) {
  const button = (text, action) => {
    const b = el("button", { type: "button" }, text);
    b.addEventListener("click", action);
    return b;
  };
  const keepEnd = async () => {
    try {
      save(`${name}.anchor.json`, await ask("anchor"));
    } catch (e) {
      $("status").textContent = e.message;
    }
  };
  return el("div", { class: "actions screen" },
    button("Print", () => print()),
    button("Save as text", () => save(`${name}.report.txt`, a.text)),
    a.json ? button("Save as JSON", () => save(`${name}.report.json`, a.json)) : null,
    a.kind === "balance" && ["verified", "consistent"].includes(a.verdict) ? button("Keep as anchor for the next invoice", keepEnd) : null);
}

function save(name, text) {
  const url = URL.createObjectURL(new Blob([text]));
  el("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}
