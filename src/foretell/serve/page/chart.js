// The chart of a series: history, forecast, intervals, backtest. It zooms by dragging, wheel, buttons and keys.

import { byId, colour, shown } from "./elements.js";

const uPlot = window.uPlot;
const AXIS = () => ({ stroke: colour("faint"), grid: { stroke: colour("line"), width: 1 }, ticks: { stroke: colour("line"), width: 1 } });
const VALUE = (_, value) => (value === null || value === undefined ? "" : shown(value));

function sizeOf(element, height) {
  return { width: Math.max(200, element.clientWidth), height };
}

export class SeriesChart {
  #plot = null;
  #shown = null;

  constructor() {
    this.place = byId("chart");
    new ResizeObserver(() => this.#plot?.setSize(sizeOf(this.place, this.height))).observe(this.place);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#shown && this.draw(...this.#shown));
    this.place.addEventListener("keydown", (event) => {
      const act = { "+": () => this.zoom(0.5), "=": () => this.zoom(0.5), "-": () => this.zoom(2), ArrowLeft: () => this.move(-0.2), ArrowRight: () => this.move(0.2), Home: () => this.all(), End: () => this.end() }[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    });
    this.place.addEventListener("wheel", (event) => {
      if (!this.#plot || !(event.ctrlKey || event.shiftKey)) return;
      event.preventDefault();
      this.zoom(event.deltaY > 0 ? 1.25 : 0.8);
    }, { passive: false });
    for (const [name, act] of [["closer", () => this.zoom(0.5)], ["farther", () => this.zoom(2)], ["back", () => this.move(-0.5)], ["forth", () => this.move(0.5)], ["whole", () => this.all()], ["near", () => this.end()]]) {
      byId(name).addEventListener("click", act);
    }
  }

  get height() {
    return Math.max(260, Math.min(440, window.innerHeight * 0.5));
  }

  // `series` as the service describes it; `options`: {past, baseline, changed}, where `changed` is a forecast of other plans.
  draw(series, options, keep = false) {
    const range = keep && this.#plot ? { min: this.#plot.scales.x.min, max: this.#plot.scales.x.max } : null;
    this.#shown = [series, options, true];
    const dated = series.dated;
    const x = [...series.ds, ...series.ahead];
    const at = new Map(x.map((time, i) => [time, i]));
    const blank = () => new Array(x.length).fill(null);
    const ahead = (values) => [...new Array(series.ds.length).fill(null), ...values];
    const data = [x];
    const lines = [{ label: dated ? "time" : "step", value: (_, time) => (time === null ? "" : this.timeOf(series, time)) }];
    const bands = [];
    const add = (label, values, style) => {
      data.push(values);
      lines.push({ label, value: VALUE, width: 2, points: { show: false }, ...style });
      return data.length - 1;
    };
    const many = series.ds.length > 1500;
    add("history", [...series.y, ...series.ahead.map(() => null)], { stroke: colour("history"), width: many ? 1 : 1.5 });
    const forecast = options.changed ?? series.forecast;
    const [median] = Object.keys(forecast);
    const levels = Object.keys(forecast).filter((name) => name.startsWith(`${median}-lo-`)).map((name) => name.slice(median.length + 4));
    for (const level of levels) {
      const style = { stroke: "transparent", width: 0 };
      const low = add(`${level} % from`, ahead(forecast[`${median}-lo-${level}`]), style);
      const high = add(`${level} % to`, ahead(forecast[`${median}-hi-${level}`]), style);
      bands.push({ series: [high, low], fill: level === levels.at(-1) ? colour("inner") : colour("outer") });
    }
    if (options.changed) add("as planned", ahead(series.forecast[median]), { stroke: colour("planned"), dash: [6, 4] });
    add(options.changed ? "what if" : "forecast", ahead(forecast[median]), { stroke: colour("median") });
    if (options.past) {
      const past = blank();
      const other = blank();
      for (const window of series.backtest) {
        window.ds.forEach((time, i) => {
          if (!at.has(time)) return;
          past[at.get(time)] = window.forecast[median][i];
          other[at.get(time)] = window.baselines[options.baseline]?.[i] ?? null;
        });
      }
      add("backtest", past, { stroke: colour("past") });
      if (options.baseline) add(options.baseline.replaceAll("_", " "), other, { stroke: colour("other"), dash: [4, 3] });
    }
    this.#plot?.destroy();
    this.#plot = new uPlot({
      ...sizeOf(this.place, this.height),
      // What clocks show where the data come from, whatever the zone of this browser.
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      scales: { x: { time: dated } },
      axes: [AXIS(), { ...AXIS(), size: 64, values: (_, values) => values.map(shown) }],
      series: lines,
      bands,
      cursor: { drag: { x: true, y: false, dist: 5 } },
    }, data, this.place);
    if (range) this.#plot.setScale("x", range);
    else this.end();
  }

  timeOf(series, time) {
    if (!series.dated) return shown(time);
    const text = new Date(time * 1000).toISOString();
    return text.endsWith("T00:00:00.000Z") ? text.slice(0, 10) : text.slice(0, 19).replace("T", " ");
  }

  zoom(factor) {
    const { min, max } = this.#plot.scales.x;
    const half = ((max - min) / 2) * factor;
    this.#within((min + max) / 2 - half, (min + max) / 2 + half);
  }

  move(share) {
    const { min, max } = this.#plot.scales.x;
    const step = (max - min) * share;
    const [first, last] = this.#edges();
    const by = Math.max(first - min, Math.min(last - max, step));
    if (Number.isFinite(by)) this.#within(min + by, max + by);
  }

  all() {
    this.#within(...this.#edges());
  }

  // The forecast, and some times its length before it.
  end() {
    const x = this.#plot.data[0];
    const horizon = this.#shown[0].ahead.length;
    this.#within(x[Math.max(0, x.length - 6 * horizon - 40)], x.at(-1));
  }

  #edges() {
    const x = this.#plot.data[0];
    return [x[0], x.at(-1)];
  }

  #within(min, max) {
    const [first, last] = this.#edges();
    this.#plot.setScale("x", { min: Math.max(first, min), max: Math.min(last, max) });
  }
}

// The loss while a model trains.
export class LossChart {
  #plot = null;
  #data = [[], [], []];

  constructor() {
    this.place = byId("losses");
  }

  clear() {
    this.#plot?.destroy();
    this.#plot = null;
    this.#data = [[], [], []];
    this.place.hidden = true;
  }

  add(event) {
    if (event.loss === null) return;
    this.#data[0].push(this.#data[0].length);
    this.#data[1].push(event.loss);
    this.#data[2].push(event.validation);
    this.place.hidden = false;
    if (this.#plot) {
      this.#plot.setData(this.#data);
      return;
    }
    this.#plot = new uPlot({
      ...sizeOf(this.place, 150),
      scales: { x: { time: false } },
      axes: [{ show: false }, { ...AXIS(), size: 56 }],
      series: [{ label: "", value: () => "" }, { label: "loss", stroke: colour("median"), value: VALUE }, { label: "validation", stroke: colour("past"), value: VALUE }],
      cursor: { drag: { x: false, y: false } },
    }, this.#data, this.place);
  }
}
