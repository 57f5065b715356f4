"use strict";
const PAGE = 100;
const money = (micros) => (Number(micros) / 1e6).toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 6 });
const cell = (text, kind) => { const td = document.createElement("td"); td.textContent = text === null || text === undefined ? "" : String(text); if (kind) td.className = kind; return td; };
for (const each of document.querySelectorAll("[data-ms]")) each.textContent = new Date(Number(each.dataset.ms)).toISOString().slice(0, 16).replace("T", " ") + " UTC";

async function unpack(text) {
  const bytes = Uint8Array.from(atob(text.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

function proofOf(data, row) {
  const box = document.createElement("div");
  for (const [word, text] of [["Cause", row.cause], ["To do", row.correction]]) {
    if (!text) continue;
    const p = document.createElement("p"); const b = document.createElement("b");
    b.textContent = word + ": "; p.append(b, text); box.append(p);
  }
  const rows = data.proof[row.finding_id] || [];
  const p = document.createElement("p");
  p.textContent = rows.length ? `${rows.length} rows prove it, of ${row.records} that it speaks about:` : "No row was copied when it was found.";
  box.append(p);
  const table = document.createElement("table");
  for (const [side, stream, columns] of rows) {
    const tr = document.createElement("tr");
    tr.append(cell(side, "w"), cell(stream, "w"), cell(Object.entries(columns).map(([n, v]) => `${n}=${typeof v === "object" ? JSON.stringify(v) : v}`).join("  "), "c"));
    table.append(tr);
  }
  box.append(table);
  return box;
}

function show(details, data) {
  const all = details.querySelector(".all");
  const place = Object.fromEntries(data.columns.map((name, n) => [name, n]));
  const every = data.rows.map((values) => Object.fromEntries(data.columns.map((name) => [name, values[place[name]]])));
  let found = every, page = 0;
  const turn = document.createElement("div"); turn.className = "turn";
  const find = document.createElement("input"); find.type = "search"; find.placeholder = "find"; find.setAttribute("aria-label", "find among the findings");
  const before = document.createElement("button"), after = document.createElement("button"), told = document.createElement("span");
  before.textContent = "before"; after.textContent = "next";
  turn.append(find, before, after, told);
  const table = document.createElement("table");
  table.innerHTML = "<thead><tr><th>Finding</th><th>About</th><th>State</th><th class=n>As found</th><th class=n>Found</th><th class=n>Recovered</th><th class=n>Written off</th></tr></thead><tbody></tbody>";
  const body = table.querySelector("tbody");
  function draw() {
    body.replaceChildren();
    for (const row of found.slice(page * PAGE, (page + 1) * PAGE)) {
      const tr = document.createElement("tr"); tr.className = "row"; tr.tabIndex = 0; tr.dataset.id = row.finding_id;
      tr.append(cell(`${row.finding_id} ${row.day}`), cell(`${row.subject_kind.replaceAll("_", " ")} ${row.subject}`), cell(row.state.replaceAll("_", " ")), cell(`${money(row.amount_micros)} ${row.currency}`, "n"), cell(money(row.net_micros), "n"), cell(money(row.recovered_micros), "n"), cell(money(row.written_off_micros), "n"));
      const toggle = () => {
        if (tr.nextSibling && tr.nextSibling.className === "proof") { tr.nextSibling.remove(); return; }
        const below = document.createElement("tr"); below.className = "proof";
        const td = document.createElement("td"); td.colSpan = 7; td.append(proofOf(data, row)); below.append(td); tr.after(below);
      };
      tr.addEventListener("click", toggle);
      tr.addEventListener("keydown", (event) => { if (event.key === "Enter") toggle(); });
      body.append(tr);
    }
    told.textContent = `${found.length.toLocaleString("en")} findings, together ${money(found.reduce((sum, row) => sum + row.net_micros, 0))}; page ${page + 1} of ${Math.max(1, Math.ceil(found.length / PAGE))}`;
    before.disabled = page === 0; after.disabled = (page + 1) * PAGE >= found.length;
  }
  before.addEventListener("click", () => { page -= 1; draw(); });
  after.addEventListener("click", () => { page += 1; draw(); });
  find.addEventListener("input", () => { const word = find.value.toLowerCase(); found = every.filter((row) => Object.values(row).some((value) => String(value).toLowerCase().includes(word))); page = 0; draw(); });
  all.replaceChildren(turn, table);
  draw();
}

for (const details of document.querySelectorAll("details.control")) {
  details.addEventListener("toggle", async () => {
    if (!details.open || details.classList.contains("opened")) return;
    details.classList.add("opened");
    const data = await unpack(details.querySelector(".packed").textContent);
    show(details, data);
    details.dataset.ready = "1";
  });
}
addEventListener("beforeprint", () => { for (const each of document.querySelectorAll("details.control")) { each.dataset.was = each.open ? "1" : ""; each.open = true; } });
addEventListener("afterprint", () => { for (const each of document.querySelectorAll("details.control")) each.open = each.dataset.was === "1"; });
