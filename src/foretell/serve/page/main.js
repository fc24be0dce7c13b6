// The page: a table is dropped, looked at, forecast, and its results are shown.

import { LossChart, SeriesChart } from "./chart.js";
import { byId, listed, made, rowOf, shown } from "./elements.js";
import { Found } from "./found.js";
import { Picker } from "./picker.js";
import { TokenNeeded, ask, follow, send, useToken } from "./service.js";
import { WhatIf } from "./what_if.js";

const STAGES = { fit: "Training", finish: "Finishing on all data" };

let file = null;
let job = null;
let series = null;
let plans = false;
let again = null;
let looking = null;
let drawing = null;
let findings = [];
const chart = new SeriesChart();
const losses = new LossChart();
const found = new Found(() => look());
const picker = new Picker((place) => guarded(() => pick(place)));
const whatIf = new WhatIf((forecast) => series && drawn(forecast), (error) => complain(error));

function complain(error) {
  byId("problem").textContent = error.message;
  byId("problem").hidden = false;
  byId("access").hidden = !(error instanceof TokenNeeded);
}

// Runs what a person asked for, and says what went wrong.
async function guarded(work) {
  byId("problem").hidden = true;
  try {
    await work();
  } catch (error) {
    if (error.name === "AbortError") return;
    again = error instanceof TokenNeeded ? () => guarded(work) : null;
    complain(error);
  }
}

function look() {
  return guarded(async () => {
    looking?.abort();
    looking = new AbortController();
    byId("drop").ariaBusy = "true";
    try {
      const seen = await send("/v1/look", file, null, found.options(), looking.signal);
      const first = byId("ask").hidden;
      found.show(seen);
      if (first) byId("horizon").value = seen.horizon;
      byId("ask").hidden = false;
    } catch (error) {
      if (byId("ask").hidden && error.name !== "AbortError" && !(error instanceof TokenNeeded)) found.ask();
      throw error;
    } finally {
      byId("drop").ariaBusy = "false";
    }
  });
}

function take(chosen) {
  if (!chosen) return;
  file = chosen;
  found.clear();
  byId("found").hidden = byId("ask").hidden = true;
  byId("future").value = "";
  look();
}

async function start() {
  const future = byId("future").files[0] ?? null;
  const preset = new FormData(byId("options")).get("preset");
  const options = [...found.options(), ["horizon", byId("horizon").value], ["preset", preset], ["name", file.name.split(".")[0]]];
  losses.clear();
  drawing = null;
  byId("start").disabled = true;
  try {
    const begun = await send("/v1/fit", file, future, options);
    job = begun.id;
    byId("results").hidden = true;
    byId("work").hidden = false;
    byId("done").removeAttribute("value");
    byId("stage").textContent = "Reading the table";
    const last = await follow(job, told);
    await drawing;
    if (last.event === "finished") await results();
    else byId("results").hidden = true;
    if (last.event === "failed") throw new Error(last.detail);
  } finally {
    byId("start").disabled = false;
    byId("work").hidden = true;
  }
}

function told(event) {
  if (event.event === "read") {
    byId("stage").textContent = "Forecasting";
    findings = event.findings;
  }
  if (event.event === "forecast") {
    byId("stage").textContent = "Testing on the past";
    drawing = guarded(first);
  }
  if (event.event !== "progress") return;
  const [kind, ...network] = event.stage.split("-");
  const left = event.seconds_left === null ? "" : `, ${Math.ceil(event.seconds_left)} s left`;
  byId("stage").textContent = `${STAGES[kind] ?? event.stage}${network.length ? ` (${network.join("-")})` : ""}: step ${shown(event.step)}, loss ${shown(event.loss)}${left}`;
  byId("done").value = event.fraction;
  losses.add(event);
}

async function result(what) {
  return (await ask(`/v1/fit/${job}/${what}`)).json();
}

// The forecast is drawn as soon as it is there, while the backtest goes on.
async function first() {
  const names = await result("series");
  plans = false;
  listed(byId("choice"), findings);
  byId("scores").replaceChildren(made("p", { textContent: "The backtest is running.", className: "hint" }));
  byId("past").disabled = byId("baseline").disabled = true;
  byId("downloads").replaceChildren(made("span", { textContent: "They come with the backtest.", className: "hint" }));
  byId("what-if").hidden = true;
  byId("results").hidden = false;
  picker.fill(names.ids, names.errors);
  byId("results").focus();
}

async function results() {
  if (byId("results").hidden) await first();
  const [summary, names] = await Promise.all(["summary", "series"].map(result));
  listed(byId("choice"), [...summary.findings.sentences, ...(summary.choice ? [summary.choice] : []), ...summary.notes]);
  scores(summary);
  downloads();
  // The pretrained network reads the values of the series alone.
  plans = summary.model !== "pretrained";
  byId("past").disabled = byId("baseline").disabled = !summary.backtest;
  picker.rate(names.errors);
  await pick(picker.chosen, true);
}

function scores(summary) {
  const test = summary.backtest;
  if (!test) {
    byId("scores").replaceChildren(made("p", { textContent: `There is no backtest: ${summary.untested}.` }));
    return;
  }
  const [first] = test.scores;
  const measures = Object.keys(first).filter((name) => name !== "model");
  const table = made("table", {}, made("thead", {}, rowOf("th", ["Model", ...measures])), made("tbody", {}, ...test.scores.map((row) => {
    const line = rowOf("td", [row.model.replaceAll("_", " "), ...measures.map((name) => shown(row[name]))], { className: row.model === summary.model ? "ours" : "" });
    for (const cell of [...line.cells].slice(1)) cell.className = "number";
    return line;
  })));
  const covered = Object.entries(test.coverage).map(([level, share]) => `${(100 * share).toFixed(1)} % of the values fell inside the ${level} % intervals.`);
  const words = [`${shown(test.series)} series over ${test.windows} window${test.windows === 1 ? "" : "s"} held out; lower is better.`, ...covered, ...test.notes];
  byId("scores").replaceChildren(table, ...words.map((textContent) => made("p", { textContent, className: "hint" })));
  const others = test.scores.map((row) => row.model).filter((name) => name !== summary.model);
  byId("baseline").replaceChildren(made("option", { value: "", textContent: "none" }), ...others.map((value) => made("option", { value, textContent: value.replaceAll("_", " ") })));
  byId("baseline").value = others.includes("seasonal_naive") ? "seasonal_naive" : (others[0] ?? "");
}

function downloads() {
  const offered = [["Forecast (CSV)", "forecast", "forecast.csv"], ["Backtest (CSV)", "backtest", "backtest.csv"], ["Report (HTML)", "report", "report.html"], ["Model (zip)", "model", "model.zip"]];
  byId("downloads").replaceChildren(...offered.map(([textContent, what, name]) => {
    const button = made("button", { type: "button", textContent });
    button.addEventListener("click", () => guarded(() => download(what, name)));
    return button;
  }));
}

// By a request with the token, which a link would not bring.
async function download(what, name) {
  const answer = await ask(`/v1/fit/${job}/${what}`, { headers: { Accept: "text/csv, */*;q=0.5" } });
  const address = URL.createObjectURL(await answer.blob());
  made("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

async function pick(place, keep = false) {
  const found = await result(`series/${place}`);
  // Another may have been chosen meanwhile.
  if (place !== picker.chosen) return;
  series = found;
  byId("caption").textContent = series.id || "The series";
  drawn(null, keep);
  if (plans) whatIf.show(job, place, series);
}

function drawn(changed, keep = true) {
  chart.draw(series, { past: byId("past").checked, baseline: byId("baseline").value, changed }, keep);
  const forecast = changed ?? series.forecast;
  const names = Object.keys(forecast);
  const rows = series.ahead.slice(0, 200).map((time, i) => rowOf("td", [chart.timeOf(series, time), ...names.map((name) => shown(forecast[name][i]))]));
  byId("values").replaceChildren(made("thead", {}, rowOf("th", ["Time", ...names])), made("tbody", {}, ...rows));
}

byId("file").addEventListener("change", () => take(byId("file").files[0]));
for (const kind of ["dragover", "dragenter"]) {
  byId("drop").addEventListener(kind, (event) => {
    event.preventDefault();
    byId("drop").classList.add("over");
  });
}
for (const kind of ["dragleave", "drop"]) byId("drop").addEventListener(kind, () => byId("drop").classList.remove("over"));
byId("drop").addEventListener("drop", (event) => {
  event.preventDefault();
  take(event.dataTransfer.files[0]);
});
byId("options").addEventListener("submit", (event) => {
  event.preventDefault();
  guarded(start);
});
byId("cancel").addEventListener("click", () => guarded(() => ask(`/v1/fit/${job}`, { method: "DELETE" })));
byId("past").addEventListener("change", () => series && drawn(null));
byId("baseline").addEventListener("change", () => series && drawn(null));
byId("access").addEventListener("submit", (event) => {
  event.preventDefault();
  useToken(byId("token").value);
  byId("access").hidden = true;
  again?.();
});
