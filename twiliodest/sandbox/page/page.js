// The page, live: what the sandbox tells, and what the keyboard and the buttons do.

import { $, el } from "./dom.js";
import { chosen, draw } from "./draw.js";
import { addTexts, changeTexts, inbox, setState } from "./inbox.js";

function connect() {
  const source = new EventSource("/sandbox/events");
  const on = (name, take) =>
    source.addEventListener(name, (event) => {
      take(JSON.parse(event.data));
      draw();
    });
  on("state", setState);
  on("texts", (texts) => announce(addTexts(texts)));
  on("changes", changeTexts);
  on("settled", () => (inbox.settled = true));
  source.addEventListener("open", () => showLive("live", "Live"));
  source.addEventListener("error", () => {
    showLive("lost", "Reconnecting");
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 2000);
  });
}

function showLive(mark, words) {
  $("live").dataset.state = mark;
  $("live").textContent = words;
}

// Tells a screen reader of new texts, at most once a second.
let unsaid = [];
function announce(fresh) {
  if (!inbox.settled || !fresh.length) return;
  if (!unsaid.length) {
    setTimeout(() => {
      const { to, body } = unsaid.at(-1);
      const words = unsaid.length > 1 ? `${unsaid.length} new texts` : `New text to ${to}: ${body}`;
      $("announcer").replaceChildren(el("p", {}, words));
      unsaid = [];
    }, 1000);
  }
  unsaid.push(...fresh);
}

function walk(event) {
  const links = [...$("threads").querySelectorAll("a")];
  const at = links.indexOf(document.activeElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  (next < 0 ? $("search") : links[next])?.focus();
}

$("threads").addEventListener("keydown", walk);
$("search").addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown") walk(event);
  if (event.key === "Escape") {
    $("search").value = "";
    draw();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.closest("input, dialog")) return;
  event.preventDefault();
  $("search").focus();
});
$("skip").addEventListener("click", (event) => {
  event.preventDefault();
  $("scroller").focus();
});
$("stop").addEventListener("click", () => {
  const optout = { to: chosen(), opted_out: !inbox.state.optouts.includes(chosen()) };
  fetch("/sandbox/optouts", { method: "POST", body: JSON.stringify(optout) });
});
for (const button of document.querySelectorAll(".copy")) {
  button.addEventListener("click", async () => {
    const source = button.closest(".code")?.querySelector("code") ?? button.closest("h3").nextElementSibling;
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1200);
  });
}

$("command").textContent = `twiliodest send events.jsonl \\\n  --api-base ${location.origin}`;
$("curl").textContent =
  `SID=AC${"0".repeat(32)}\ncurl -u $SID:token \\\n  ${location.origin}/2010-04-01/Accounts/$SID/Messages.json \\\n` +
  "  --data-urlencode To=+15557654321 \\\n  --data-urlencode From=+15551234567 \\\n  -d Body=Hello";
connect();
