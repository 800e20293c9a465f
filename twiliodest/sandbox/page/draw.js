// The inbox on the screen: the frame, the list of conversations, and the one that is open.

import { $, arrange, clock, day, el, marked, moment, number, plural, put } from "./dom.js";
import { CHANCES, openDetail } from "./drawers.js";
import { find, inbox, status } from "./inbox.js";

const ROWS = 100; // conversations drawn before "show more"
const BUBBLES = 150; // texts drawn before "show earlier"
const TICKS = { sent: "✓ ", delivered: "✓✓ ", undelivered: "✗ ", failed: "✗ ", canceled: "✗ " };
const LOST = ["undelivered", "failed", "canceled"];
const wide = matchMedia("(min-width: 46.01rem)");
const rows = new Map(); // recipient → list item
let bubbles = new Map(); // seq → list item
let drawn = null; // the conversation that is drawn, and for which search
let following = true; // the newest text stays in view, until one scrolls away from it
let mostRows = ROWS;
let mostBubbles = BUBBLES;
let due = false;

// Soon, and at most once a frame.
export function draw() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    drawFrame();
    drawList();
    drawThread();
  });
}

// The recipient that the address names.
export function chosen(url = location.href) {
  try {
    return decodeURIComponent(new URL(url).hash.slice(1));
  } catch {
    return "";
  }
}

const hash = (to) => `#${encodeURIComponent(to)}`;
const query = () => $("search").value.trim().toLowerCase();

function drawFrame() {
  const { texts, threads, state, settled } = inbox;
  const none = settled && !texts.length;
  if (wide.matches && !chosen() && texts.length && settled) {
    history.replaceState(null, "", hash([...threads.keys()].at(-1)));
  }
  const isOpen = threads.has(chosen());
  $("empty").hidden = !none;
  $("unchosen").hidden = none || isOpen || !settled;
  $("conversation").hidden = !isOpen;
  $("skip").hidden = !isOpen;
  document.body.toggleAttribute("data-empty", none);
  document.body.dataset.view = isOpen ? "thread" : "list";
  $("open-clear").disabled = !texts.length;
  $("credentials").textContent = state.open
    ? "Any well-formed account SID works, with any token."
    : "Only the configured account and token are accepted.";
  const chaos = CHANCES.some(([name]) => state.chaos[name] > 0);
  $("open-chaos").dataset.active = chaos;
  put($("open-chaos"), chaos ? "Chaos on" : "Chaos");
  $("counts").hidden = !texts.length;
  put($("counts"), counts());
}

// Counts texts as `twiliodest send` does: those that arrived, and beside them those that were refused.
function counts() {
  const { texts, threads, state } = inbox;
  const older = texts.length ? texts[0].seq - state.first + state.dropped : 0;
  const where = older > state.dropped ? "are not shown" : "were dropped";
  if (older) return `Showing the newest ${number(texts.length)}; ${number(older)} older ones ${where}.`;
  const arrived = texts.filter((text) => text.accepted);
  const segments = arrived.reduce((sum, text) => sum + text.segments, 0);
  const numbers = new Set(arrived.map((text) => text.to)).size;
  const refused = texts.length - arrived.length;
  const words = `${plural(arrived.length, "text")} to ${plural(numbers, "number")} · ${plural(segments, "segment")}`;
  return refused ? `${words} · ${number(refused)} refused` : words;
}

function drawList() {
  const wanted = [];
  let matches = 0;
  for (const thread of [...inbox.threads.values()].reverse()) {
    const text = find(thread, query());
    if (text && ++matches <= mostRows) wanted.push(drawRow(thread, text));
  }
  arrange($("threads"), wanted);
  for (const [to, row] of rows) if (!row.isConnected) rows.delete(to);
  $("no-match").hidden = !query() || matches > 0;
  $("more-threads").hidden = matches <= mostRows;
  $("more-threads").textContent = `Show more (${number(matches - mostRows)} left)`;
}

function drawRow(thread, text) {
  let row = rows.get(thread.to);
  if (!row) {
    const parts = ["to", "when", "snippet", "count"].map((className) => el("span", { className, dir: "auto" }));
    row = el("li", {}, el("a", { className: "row", href: hash(thread.to) }, ...parts));
    rows.set(thread.to, row);
  }
  const link = row.firstChild;
  const [to, when, snippet, count] = link.children;
  put(to, thread.to);
  put(when, moment(text.at));
  put(snippet, text.body || plural(text.media.length, "picture"));
  put(count, thread.texts.length > 1 ? number(thread.texts.length) : "");
  link.classList.toggle("failed", LOST.includes(status(text).name));
  link.setAttribute("aria-current", thread.to === chosen());
  return row;
}

function drawThread() {
  const thread = inbox.threads.get(chosen());
  const asked = thread ? `${thread.to}\n${query()}` : null;
  const changed = asked !== drawn;
  drawn = asked;
  if (changed) {
    bubbles = new Map();
    $("texts").replaceChildren();
  }
  if (!thread) return;
  drawHeader(thread);
  const shown = thread.texts.slice(-mostBubbles);
  bubbles = new Map(
    shown.map((text, at) => [
      text.seq,
      drawnAs(text) ?? drawText(text, shown[at - 1], inbox.settled && !changed),
    ]),
  );
  arrange($("texts"), [...bubbles.values()]);
  $("more-texts").hidden = thread.texts.length <= mostBubbles;
  $("more-texts").textContent = `Show earlier (${number(thread.texts.length - mostBubbles)} left)`;
  age();
  const match = changed && [...$("texts").querySelectorAll("mark")].at(-1);
  if (changed) following = !match;
  if (match) match.scrollIntoView({ block: "center" });
  follow();
}

// The text's item, if it still says what the text says.
function drawnAs(text) {
  const item = bubbles.get(text.seq);
  return item?.text === text ? item : null;
}

function drawHeader(thread) {
  const stopped = inbox.state.optouts.includes(thread.to);
  put($("thread-title"), thread.to);
  put($("thread-note"), stopped ? "Opted out: texts are refused with 21610" : plural(thread.texts.length, "text"));
  $("thread-note").classList.toggle("stopped", stopped);
  put($("stop"), stopped ? "START" : "STOP");
  $("stop").title = stopped ? "Opt this recipient in again" : "Opt this recipient out, as a reply of STOP does";
}

function drawText(text, before, isNew) {
  const item = el("li", { className: "text", text });
  item.classList.toggle("new", isNew);
  if (!before || day(before.at) !== day(text.at)) item.append(el("span", { className: "day" }, day(text.at)));
  if (before?.sender !== text.sender) item.append(el("span", { className: "sender" }, text.sender || "No sender"));
  if (text.media.length) item.append(el("div", { className: "media" }, ...text.media.map(drawPicture)));
  if (text.body) {
    const bubble = el("div", { className: "bubble", dir: "auto" }, ...marked(text.body, query()));
    bubble.addEventListener("click", () => getSelection().isCollapsed && openDetail(text));
    item.append(bubble);
  }
  const meta = el("button", { className: "meta", type: "button" }, el("span", { className: "status" }));
  meta.append(` · ${clock(text.at)} · `);
  const size = text.media.length ? "MMS" : `${plural(text.segments, "segment")} ${text.encoding}`;
  if (text.refusal && !text.accepted) meta.append(`${text.refusal.code} ${text.refusal.message}`);
  else meta.append(size, el("span", { className: "end" }));
  if (text.accepted && text.answered !== "201") {
    meta.append(" · ", el("span", { className: "answered" }, `answered: ${text.answered}`));
  }
  meta.addEventListener("click", () => openDetail(text));
  item.append(meta);
  return item;
}

// A picture is loaded only by a click: until then nothing is asked of whoever has it.
function drawPicture(url) {
  const words = url.replace(/^https?:\/\//i, "");
  if (!/^https?:\/\//i.test(url)) return el("span", { className: "chip" }, el("span", {}, words));
  const button = el("button", { className: "chip", type: "button", title: `Load ${url}` });
  button.append(el("b", {}, "Show picture"), el("span", {}, words));
  button.addEventListener("click", () => {
    const picture = loadPicture(url, words);
    button.replaceWith(picture);
    picture.focus();
  });
  return button;
}

function loadPicture(url, words) {
  const link = el("a", { href: url, target: "_blank", rel: "noreferrer noopener" });
  const image = el("img", { alt: `Picture at ${url}`, decoding: "async", referrerPolicy: "no-referrer" });
  image.addEventListener("load", follow);
  image.addEventListener("error", () => {
    link.className = "chip";
    link.title = url;
    link.replaceChildren(el("b", {}, "Not a picture that loads"), el("span", {}, words));
  });
  image.src = url;
  link.append(image);
  return link;
}

let aging = 0;
function age() {
  clearTimeout(aging);
  let young = false;
  for (const item of bubbles.values()) {
    const { name, final } = status(item.text);
    const label = item.querySelector(".status");
    put(label, `${TICKS[name] ?? ""}${name[0].toUpperCase()}${name.slice(1)}`);
    label.dataset.status = name;
    const isLost = LOST.includes(name);
    item.classList.toggle("failed", isLost);
    const { accepted, refusal } = item.text;
    if (accepted) put(item.querySelector(".end"), isLost && refusal ? ` · ${refusal.code} ${refusal.message}` : "");
    young ||= !final;
  }
  if (young) aging = setTimeout(age, 250);
}

function follow() {
  if (following) $("scroller").scrollTop = $("scroller").scrollHeight;
}

$("scroller").addEventListener("scroll", ({ target }) => {
  following = target.scrollHeight - target.scrollTop - target.clientHeight < 40;
});
$("search").addEventListener("input", () => {
  mostRows = ROWS;
  draw();
});
$("more-threads").addEventListener("click", () => {
  mostRows += ROWS;
  draw();
});
$("more-texts").addEventListener("click", () => {
  mostBubbles += BUBBLES;
  draw();
});
wide.addEventListener("change", draw);
addEventListener("hashchange", ({ oldURL }) => {
  mostBubbles = BUBBLES;
  drawFrame();
  if (wide.matches) return draw();
  if (chosen()) $("thread-title").focus();
  else rows.get(chosen(oldURL))?.firstChild.focus();
  draw();
});
