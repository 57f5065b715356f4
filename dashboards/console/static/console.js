// Keys, live updates, and the session's secret in what htmx sends. Everything works without this, by mouse and form.
"use strict";

const rows = () => [...document.querySelectorAll("[data-row]")];
const here = () => document.querySelector("[data-row].here");
const typing = (element) => element.matches("input:not([type=checkbox],[type=radio]), textarea, select, [contenteditable]");

function choose(step) {
  const all = rows();
  if (!all.length) return;
  const now = all.indexOf(here());
  const next = Math.max(0, Math.min(all.length - 1, now < 0 ? 0 : now + step));
  all.forEach((row, n) => row.classList.toggle("here", n === next));
  all[next].scrollIntoView({ block: "nearest" });
  sessionStorage.setItem("row", all[next].dataset.id || "");
}

function verdict(word) {
  const form = document.getElementById("verdict");
  const radio = form && form.querySelector(`input[value=${word}]`);
  if (radio) { radio.checked = true; document.getElementById("note").focus(); return; }
  const row = here();
  const bulk = row && document.querySelector(`#many button[name=do][value=${word}]`);
  if (bulk) { pick(row, true); bulk.focus(); }
}

function pick(row, on) {
  const box = row && row.querySelector("input[type=checkbox]");
  if (box) box.checked = on === undefined ? !box.checked : on;
}

function snooze() {
  const field = document.querySelector("#snooze [name=note]");
  if (field) { field.focus(); return; }
  pick(here(), true);
  const note = document.querySelector("#many [name=note]");
  if (note) note.focus();
}

function assignToMe() {
  const select = document.querySelector("#assign select");
  if (select) { select.value = select.dataset.me; select.form.requestSubmit(); return; }
  const bulk = document.querySelector("#many button[value=assign]");
  if (bulk && here()) { pick(here(), true); bulk.click(); }
}

const GO = { q: "/", d: "/decisions", l: "/lists", r: "/rules", t: "/detectors", f: "/feeds", a: "/audit", p: "/people" };
let going = false;

const KEYS = {
  j: () => choose(1), k: () => choose(-1), x: () => pick(here()),
  f: () => verdict("fraud"), a: () => verdict("false_alarm"), u: () => verdict("unsure"),
  s: snooze, m: assignToMe, g: () => { going = true; setTimeout(() => { going = false; }, 1500); },
  "?": () => document.getElementById("help").showModal(),
  "/": () => { const find = document.getElementById("find"); if (find) find.focus(); },
  Enter: () => { const link = here() && here().querySelector("a"); if (link) link.click(); },
  Escape: () => { if (location.pathname !== "/") location.href = "/"; },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog[open]")) return;
  if (typing(event.target)) { if (event.key === "Escape") event.target.blur(); return; }
  if (going && GO[event.key]) { location.href = GO[event.key]; return; }
  if (event.key === "Enter" && event.target.matches("a, button, summary, input")) return;
  const act = KEYS[event.key];
  if (act) { act(); event.preventDefault(); }
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-help]")) document.getElementById("help").showModal();
});

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRF-Token"] = document.body.dataset.csrf || "";
});

document.addEventListener("DOMContentLoaded", () => {
  const last = sessionStorage.getItem("row");
  const row = rows().find((each) => each.dataset.id === last);
  if (row) row.classList.add("here");
  const live = document.querySelector("[data-live]");
  if (!live) return;
  const source = new EventSource(live.dataset.live);
  source.addEventListener("queue", () => {
    // Nobody's choice or words are taken away while they work.
    if (live.querySelector("input:checked, input:focus")) return;
    htmx.trigger(live, "refresh");
  });
  window.addEventListener("pagehide", () => source.close());
});

document.addEventListener("htmx:afterSwap", () => {
  const last = sessionStorage.getItem("row");
  const row = rows().find((each) => each.dataset.id === last);
  if (row && !here()) row.classList.add("here");
});

// The rule editor: what is wrong and what may follow, asked for as one types.
let asking = 0;
document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-complete]")) return;
  document.getElementById("cursor").value = event.target.selectionStart;
  clearTimeout(asking);
  asking = setTimeout(() => htmx.trigger("#faults", "check"), 250);
});

document.addEventListener("click", (event) => {
  const word = event.target.closest("[data-word]");
  const text = document.querySelector("[data-complete]");
  if (!word || !text) return;
  const at = text.selectionStart;
  const begun = text.value.slice(0, at).match(/[\w-]*$/)[0].length;
  text.setRangeText(word.dataset.word, at - begun, at, "end");
  text.focus();
  text.dispatchEvent(new Event("input", { bubbles: true }));
});
