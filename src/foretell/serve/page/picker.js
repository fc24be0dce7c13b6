// A list of very many series: only the rows in sight exist.

import { byId, made, shown } from "./elements.js";

export class Picker {
  #ids = [];
  #errors = null;
  #places = [];
  #chosen = -1;
  #waiting = null;

  constructor(onPick) {
    this.list = byId("series");
    this.rows = byId("rows");
    this.onPick = onPick;
    this.list.addEventListener("scroll", () => this.#draw(), { passive: true });
    this.list.addEventListener("click", (event) => {
      const row = event.target.closest("[role=option]");
      if (row) this.#pick(Number(row.dataset.row));
    });
    this.list.addEventListener("keydown", (event) => this.#key(event));
    byId("search").addEventListener("input", () => this.#filter());
    byId("search").addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "Enter") {
        event.preventDefault();
        this.list.focus();
        this.#pick(0);
      }
    });
    byId("sorted").addEventListener("change", () => this.#filter());
    new ResizeObserver(() => this.#draw()).observe(this.list);
  }

  fill(ids, errors) {
    this.#ids = ids;
    this.#errors = errors;
    this.#chosen = -1;
    this.lowered = ids.map((id) => id.toLowerCase());
    byId("by-error").hidden = !errors;
    byId("search").value = "";
    this.#filter();
    this.#pick(0);
  }

  get chosen() {
    return this.#chosen;
  }

  // The errors of the series, once they are known.
  rate(errors) {
    this.#errors = errors;
    byId("by-error").hidden = !errors;
    if (errors && byId("sorted").checked) this.#filter();
  }

  get height() {
    return 2 * parseFloat(getComputedStyle(document.documentElement).fontSize);
  }

  #filter() {
    const wanted = byId("search").value.trim().toLowerCase();
    this.#places = [];
    this.lowered.forEach((id, place) => {
      if (!wanted || id.includes(wanted)) this.#places.push(place);
    });
    if (this.#errors && byId("sorted").checked) this.#places.sort((a, b) => (this.#errors[b] ?? -1) - (this.#errors[a] ?? -1));
    const count = this.#places.length;
    byId("count").textContent = count === this.#ids.length ? `${shown(count)} series` : `${shown(count)} of ${shown(this.#ids.length)} series`;
    this.list.scrollTop = 0;
    this.#draw();
  }

  #draw() {
    const height = this.height;
    const first = Math.max(0, Math.floor(this.list.scrollTop / height) - 3);
    const last = Math.min(this.#places.length, first + Math.ceil(this.list.clientHeight / height) + 6);
    this.rows.style.height = `${this.#places.length * height}px`;
    const options = [];
    for (let row = first; row < last; row++) {
      const place = this.#places[row];
      const option = made("div", { id: `row-${row}`, role: "option", textContent: this.#ids[place], title: this.#ids[place] });
      option.dataset.row = row;
      option.ariaSelected = String(place === this.#chosen);
      option.ariaSetSize = String(this.#places.length);
      option.ariaPosInSet = String(row + 1);
      option.style.top = `${row * height}px`;
      options.push(option);
    }
    this.rows.replaceChildren(...options);
  }

  #pick(row, held = false) {
    if (row < 0 || row >= this.#places.length) return;
    const height = this.height;
    const top = row * height;
    if (top < this.list.scrollTop) this.list.scrollTop = top;
    if (top + height > this.list.scrollTop + this.list.clientHeight) this.list.scrollTop = top + height - this.list.clientHeight;
    const before = this.#chosen;
    this.#chosen = this.#places[row];
    this.#draw();
    this.list.setAttribute("aria-activedescendant", `row-${row}`);
    if (before === this.#chosen) return;
    clearTimeout(this.#waiting);
    // Whoever holds a key down sees the one that they stop at.
    if (held) this.#waiting = setTimeout(() => this.onPick(this.#chosen), 100);
    else this.onPick(this.#chosen);
  }

  #key(event) {
    const row = this.#places.indexOf(this.#chosen);
    const page = Math.max(1, Math.floor(this.list.clientHeight / this.height) - 1);
    const count = this.#places.length;
    const to = { ArrowDown: row + 1, ArrowUp: row - 1, PageDown: Math.min(row + page, count - 1), PageUp: Math.max(row - page, 0), Home: 0, End: count - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.#pick(to, true);
  }
}
