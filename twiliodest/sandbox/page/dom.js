// Elements, made of text alone: nothing from a message is ever read as markup. And how things are worded.

export const $ = (id) => document.getElementById(id);

export function el(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

export function put(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

// Makes `items` the children of `list`, moving as few as possible; the focus stays where it was.
export function arrange(list, items) {
  const focused = list.contains(document.activeElement) ? document.activeElement : null;
  const wanted = new Set(items);
  for (const child of [...list.children]) if (!wanted.has(child)) child.remove();
  items.forEach((item, at) => {
    if (list.children[at] !== item) list.insertBefore(item, list.children[at] ?? null);
  });
  if (focused?.isConnected && focused !== document.activeElement) focused.focus({ preventScroll: true });
}

// The body with every occurrence of `words` (lower case) marked.
export function marked(body, words) {
  const lower = body.toLowerCase();
  if (!words || lower.length !== body.length) return [body]; // a letter that grows would shift the marks
  const parts = [];
  let from = 0;
  for (let at = lower.indexOf(words); at >= 0; at = lower.indexOf(words, from)) {
    parts.push(body.slice(from, at), el("mark", {}, body.slice(at, at + words.length)));
    from = at + words.length;
  }
  return [...parts, body.slice(from)];
}

export const number = (value) => value.toLocaleString("en");
export const plural = (count, noun) => `${number(count)} ${noun}${count === 1 ? "" : "s"}`;

const hours = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const seconds = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const date = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const isToday = (at) => date.format(at * 1000) === date.format(Date.now());
export const clock = (at) => seconds.format(at * 1000);
export const day = (at) => (isToday(at) ? "Today" : date.format(at * 1000));
export const moment = (at) => (isToday(at) ? hours : date).format(at * 1000);
