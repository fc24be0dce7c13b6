// What was found in a table, and its correction.

import { byId, listed, made, rowOf } from "./elements.js";

const ROLES = ["", "time", "id", "target", "known", "past", "static"];
const WORDS = { "": "not used", time: "time", id: "series", target: "to forecast", known: "known ahead", past: "known up to now", static: "constant" };

export class Found {
  #roles = new Map();
  #corrected = new Set();

  constructor(onChange) {
    byId("layout").addEventListener("change", onChange);
    byId("frequency").addEventListener("change", onChange);
    byId("aggregate").addEventListener("change", onChange);
    this.onChange = onChange;
  }

  // Forget the corrections of another table.
  clear() {
    this.#roles.clear();
    this.#corrected.clear();
    byId("layout").value = "auto";
    byId("frequency").value = byId("aggregate").value = "";
    byId("correct").open = false;
  }

  show(look) {
    listed(byId("sentences"), look.findings.sentences);
    byId("frequency").placeholder = look.frequency.alias;
    const head = rowOf("th", ["Column", "Role", "First values"]);
    const rows = look.columns.slice(0, 200).map(({ name, role }) => {
      if (!this.#corrected.has(name)) this.#roles.set(name, role ?? "");
      const select = made("select", { ariaLabel: `Role of ${name}` }, ...ROLES.map((value) => made("option", { value, textContent: WORDS[value] })));
      select.value = this.#roles.get(name);
      select.addEventListener("change", () => this.#correct(name, select.value));
      const cells = look.head[name].slice(0, 3).filter((cell) => cell !== null);
      return rowOf("td", [name, select, cells.join(", ")]);
    });
    byId("columns").tBodies[0]?.remove();
    byId("columns").tHead?.remove();
    byId("columns").append(made("thead", {}, head), made("tbody", {}, ...rows));
    byId("ahead").hidden = ![...this.#roles.values()].includes("known");
    byId("found").hidden = false;
  }

  // A table that could not be read may be once its layout, its step or what to do with its rows is said.
  ask() {
    listed(byId("sentences"), []);
    byId("columns").tBodies[0]?.remove();
    byId("columns").tHead?.remove();
    byId("correct").open = true;
    byId("found").hidden = false;
  }

  #correct(name, role) {
    // There is one column of times, and one of names.
    for (const [other, has] of this.#roles) {
      if ((role === "time" || role === "id") && has === role) {
        this.#roles.set(other, "");
        this.#corrected.delete(other);
      }
    }
    this.#roles.set(name, role);
    this.#corrected.add(name);
    this.onChange();
  }

  // The corrections as options of a request.
  options() {
    const options = [];
    const layout = byId("layout").value;
    if (layout !== "auto") options.push(["layout", layout]);
    const frequency = byId("frequency").value.trim();
    if (frequency) options.push(["frequency", frequency]);
    const aggregate = byId("aggregate").value;
    if (aggregate) options.push(["aggregate", aggregate]);
    for (const [name, role] of this.#roles) {
      if (role && this.#corrected.has(name)) options.push([role, name]);
    }
    return options;
  }
}
