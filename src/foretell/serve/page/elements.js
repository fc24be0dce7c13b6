// Elements made and found. Text from tables goes in as text, never as HTML.

export const byId = (name) => document.getElementById(name);

export function made(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

export function listed(list, sentences) {
  list.replaceChildren(...sentences.map((sentence) => made("li", { textContent: sentence })));
}

export function rowOf(tag, cells, properties = {}) {
  const element = made("tr", properties);
  for (const cell of cells) {
    if (cell instanceof Node) element.append(made(tag, {}, cell));
    else element.append(made(tag, { textContent: cell ?? "", className: typeof cell === "number" ? "number" : "" }));
  }
  return element;
}

// A number with five digits, as people read it.
export function shown(value) {
  if (value === null || value === undefined) return "–";
  if (Number.isInteger(value)) return value.toLocaleString("en");
  return value.toLocaleString("en", { maximumSignificantDigits: Math.abs(value) >= 1000 ? 6 : 4 });
}

export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
