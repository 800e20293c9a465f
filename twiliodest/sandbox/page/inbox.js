// What the page knows: the newest texts, by recipient, and how the sandbox stands.

const HELD = 10_000;

export const inbox = {
  threads: new Map(), // recipient → { to, texts }, the last texted at the end
  texts: [], // oldest first
  state: { run: null, first: 1, dropped: 0, kept: 0, optouts: [], chaos: {}, open: true },
  settled: false, // all that was there has come: what comes now is news
};
let seen = 0; // greatest seq

export function setState(next) {
  if (inbox.state.run !== null && inbox.state.run !== next.run) {
    inbox.texts = []; // another sandbox on the same port counts from 1 again
    inbox.threads.clear();
    seen = 0;
  }
  inbox.state = next;
  prune();
}

// Takes in what was not seen yet, and gives it back.
export function addTexts(texts) {
  const fresh = texts.filter((text) => text.seq > seen && text.seq >= inbox.state.first);
  for (const text of fresh) {
    text.to ||= "No recipient";
    const thread = inbox.threads.get(text.to) ?? { to: text.to, texts: [] };
    thread.texts.push(text);
    inbox.threads.delete(text.to);
    inbox.threads.set(text.to, thread);
    inbox.texts.push(text);
    seen = text.seq;
  }
  prune();
  return fresh;
}

// Puts in place what became of texts that are here, and leaves out the deleted ones.
export function changeTexts({ texts, gone }) {
  const swap = (list, text) => {
    const at = list.findIndex(({ seq }) => seq === text.seq);
    if (at >= 0) list[at] = text;
  };
  for (const text of texts) {
    text.to ||= "No recipient";
    swap(inbox.texts, text);
    swap(inbox.threads.get(text.to)?.texts ?? [], text);
  }
  if (!gone.length) return;
  const isHere = ({ seq }) => !gone.includes(seq);
  inbox.texts = inbox.texts.filter(isHere);
  for (const [to, thread] of inbox.threads) {
    thread.texts = thread.texts.filter(isHere);
    if (!thread.texts.length) inbox.threads.delete(to);
  }
}

function prune() {
  const { texts, threads, state } = inbox;
  const kept = texts.findIndex((text, at) => text.seq >= state.first && texts.length - at <= HELD);
  for (const text of texts.splice(0, kept < 0 ? texts.length : kept)) {
    const thread = threads.get(text.to);
    thread.texts.shift();
    if (!thread.texts.length) threads.delete(text.to);
  }
}

// The newest text of the thread that the search finds: by a part of the number, however grouped, or by words.
export function find(thread, words) {
  const digits = words.replace(/[\s().-]/g, "");
  if (!words || (digits && thread.to.toLowerCase().includes(digits))) return thread.texts.at(-1);
  return thread.texts.findLast((text) => `${text.body}\n${text.sender}`.toLowerCase().includes(words));
}

// Where a text stands by now, and whether that is its last status.
export function status(text) {
  const now = Date.now() / 1000;
  const [, name] = text.steps.findLast(([since]) => since <= now) ?? text.steps[0];
  return { name, final: text.steps.at(-1)[0] <= now };
}
