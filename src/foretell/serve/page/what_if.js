// Other plans: sliders for the columns known in advance, and the forecast that they give.

import { byId, made, shown } from "./elements.js";
import { ask } from "./service.js";

export class WhatIf {
  #job = null;
  #place = 0;
  #planned = {};
  #waiting = null;
  #asked = null;

  constructor(onForecast, onError) {
    this.onForecast = onForecast;
    this.onError = onError;
    byId("what-if").addEventListener("reset", (event) => {
      event.preventDefault();
      this.show(this.#job, this.#place, this.series);
      this.onForecast(null);
    });
  }

  show(job, place, series) {
    [this.#job, this.#place, this.series] = [job, place, series];
    const horizon = series.ahead.length;
    this.#planned = {};
    const rows = [];
    for (const [name, values] of Object.entries(series.known)) {
      const planned = values.slice(-horizon);
      const known = values.filter((value) => value !== null);
      if (planned.length < horizon || planned.includes(null)) continue;
      this.#planned[name] = planned;
      const flag = known.every((value) => value === 0 || value === 1);
      const [low, high] = flag ? [-1, 1] : [-50, 50];
      const output = made("output", { textContent: flag ? "as planned" : "+0 %" });
      const slider = made("input", { type: "range", min: low, max: high, step: 1, value: 0, ariaLabel: `Change of ${name}` });
      slider.dataset.name = name;
      slider.dataset.flag = flag ? "1" : "";
      slider.addEventListener("input", () => {
        const by = Number(slider.value);
        output.textContent = flag ? { "-1": "never", 0: "as planned", 1: "always" }[by] : `${by < 0 ? "−" : "+"}${Math.abs(by)} %`;
        this.#soon();
      });
      rows.push(made("label", {}, made("span", { textContent: `${name} (${shown(planned[0])} first)` }), slider, output));
    }
    byId("sliders").replaceChildren(...rows);
    byId("what-if").hidden = !rows.length;
  }

  #soon() {
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(() => this.#ask(), 120);
  }

  async #ask() {
    const known = {};
    for (const slider of byId("sliders").querySelectorAll("input")) {
      const by = Number(slider.value);
      if (!by) continue;
      const planned = this.#planned[slider.dataset.name];
      known[slider.dataset.name] = slider.dataset.flag ? planned.map(() => (by > 0 ? 1 : 0)) : planned.map((value) => value * (1 + by / 100));
    }
    this.#asked?.abort();
    if (!Object.keys(known).length) return this.onForecast(null);
    this.#asked = new AbortController();
    try {
      const body = JSON.stringify({ place: this.#place, known });
      const answer = await ask(`/v1/fit/${this.#job}/what-if`, { method: "POST", body, headers: { "Content-Type": "application/json" }, signal: this.#asked.signal });
      this.onForecast((await answer.json()).forecast);
    } catch (error) {
      if (error.name !== "AbortError") this.onError(error);
    }
    return undefined;
  }
}
