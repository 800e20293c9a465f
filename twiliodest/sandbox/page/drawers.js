// What opens beside the inbox: a text's details, the chaos controls, and the question before clearing.

import { $, el, plural, put } from "./dom.js";
import { inbox, status } from "./inbox.js";

export const CHANCES = [
  ["latency", "Late answer", "Answered after the delay below"],
  ["too_many", "429 Too Many Requests", "Not accepted; the answer says when to try again"],
  ["server_error", "500 after accepting", "The text goes out, the answer says it failed"],
  ["reset_before", "Reset before accepting", "The connection breaks; the text is lost"],
  ["reset_after", "Reset after accepting", "The connection breaks; the text goes out"],
  ["hang", "No answer", "The text goes out; the answer never comes"],
];
const FIELDS = ["delay", "retry_after", "seed"];

export async function openDetail(text) {
  const answer = await fetch(`/sandbox/messages/${text.sid}`);
  if (!answer.ok) return; // dropped or cleared meanwhile
  const { form, answered, status: usual, response } = await answer.json();
  put($("detail-title"), `Text to ${text.to}`);
  const facts = [
    ["Status", status(text).name],
    ["Answered", text.accepted && answered !== "201" ? `${answered}, though it was accepted` : answered],
    [text.accepted ? "Error" : "Refused", text.refusal && `${text.refusal.code} ${text.refusal.message}`],
    ["From", text.sender],
    ["Received", new Date(text.at * 1000).toLocaleString()],
    ["Size", `${plural([...text.body].length, "character")}, ${text.encoding}, ${plural(text.segments, "segment")}`],
    ["SID", text.sid],
  ];
  $("facts").replaceChildren(
    ...facts.filter(([, value]) => value).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]),
  );
  $("form").tBodies[0].replaceChildren(
    ...form.map(([name, value]) => el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, value))),
  );
  put($("raw"), new URLSearchParams(form).toString());
  put($("response"), JSON.stringify(response, null, 2));
  put($("response-status"), answered === String(usual) ? answered : `${usual}, as it would have been`);
  $("response-status").classList.toggle("bad", usual !== 201);
  $("detail").showModal();
  $("detail").querySelector(".scroll").scrollTop = 0;
}

function openChaos() {
  const { elements } = $("chaos-form");
  const { chaos } = inbox.state;
  for (const [name] of CHANCES) elements[name].value = Math.round((chaos[name] ?? 0) * 100);
  for (const name of FIELDS) elements[name].value = chaos[name] ?? "";
  showChances();
  put($("chaos-error"), "");
  $("chaos").showModal();
}

function showChances() {
  for (const [name] of CHANCES) {
    const input = $("chaos-form").elements[name];
    put(input.parentElement.querySelector("output"), input.value > 0 ? `${input.value}%` : "off");
    input.parentElement.dataset.active = input.value > 0;
    input.style.setProperty("--filled", `${input.value}%`);
  }
}

async function sendChaos() {
  showChances();
  if (!$("chaos-form").reportValidity()) return;
  const { elements } = $("chaos-form");
  const chaos = Object.fromEntries(CHANCES.map(([name]) => [name, elements[name].value / 100]));
  for (const name of FIELDS) if (elements[name].value !== "") chaos[name] = Number(elements[name].value);
  const answer = await fetch("/sandbox/chaos", { method: "PUT", body: JSON.stringify(chaos) });
  put($("chaos-error"), answer.ok ? "" : (await answer.json()).error);
}

for (const [name, title, what] of CHANCES) {
  const input = el("input", { type: "range", name, min: 0, max: 100, step: 1 });
  $("chances").append(
    el("label", { className: "chance" }, el("b", {}, title), el("span", {}, what), el("output"), input),
  );
}
$("open-chaos").addEventListener("click", openChaos);
$("chaos-form").addEventListener("input", showChances);
$("chaos-form").addEventListener("change", sendChaos);
$("chaos-form").addEventListener("submit", (event) => event.preventDefault());
$("calm").addEventListener("click", () => {
  for (const [name] of CHANCES) $("chaos-form").elements[name].value = 0;
  sendChaos();
});
$("open-clear").addEventListener("click", () => $("clear").showModal());
$("clear-all").addEventListener("click", async () => {
  await fetch("/sandbox/messages", { method: "DELETE" });
  $("clear").close();
});
for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  for (const button of dialog.querySelectorAll(".close")) button.addEventListener("click", () => dialog.close());
}
