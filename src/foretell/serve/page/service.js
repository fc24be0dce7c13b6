// Requests to the service. Whatever it refuses becomes an Error with its words.

let token = sessionStorage.getItem("token") ?? "";

export class TokenNeeded extends Error {}

export function useToken(text) {
  token = text;
  sessionStorage.setItem("token", text);
}

export async function ask(path, options = {}) {
  const headers = { Accept: "application/json", ...options.headers };
  if (token) headers.Authorization = `Bearer ${token}`;
  let answer;
  try {
    answer = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The service does not answer. Is it still running?");
  }
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => ({}));
  if (answer.status === 401) throw new TokenNeeded(said.detail);
  throw new Error(said.detail ?? `The service answered with status ${answer.status}.`);
}

const TYPES = {
  csv: "text/csv", tsv: "text/csv", txt: "text/csv", json: "application/json", parquet: "application/vnd.apache.parquet",
  pq: "application/vnd.apache.parquet", arrow: "application/vnd.apache.arrow.file",
  feather: "application/vnd.apache.arrow.file",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
};

// The content type of a file by its name; for others the content decides.
function typeOf(file) {
  return TYPES[file.name.toLowerCase().split(".").at(-1)] ?? "application/octet-stream";
}

// Sends a table, and perhaps one of future values, with options as [name, value] pairs.
export async function send(path, file, future, options, signal) {
  const query = new URLSearchParams(options);
  let body = file;
  let headers = { "Content-Type": typeOf(file) };
  if (future) {
    body = new FormData();
    body.append("table", new Blob([file], { type: typeOf(file) }), "table");
    body.append("future", new Blob([future], { type: typeOf(future) }), "future");
    headers = {};
  }
  const answer = await ask(`${path}?${query}`, { method: "POST", body, headers, signal });
  return answer.json();
}

// Calls `told` with each event of a job until it has ended; goes on where a lost connection broke off.
export async function follow(job, told) {
  let last = "0";
  for (let tries = 0; tries < 5; tries++) {
    try {
      const answer = await ask(`/v1/fit/${job}/events`, { headers: { "Last-Event-ID": last, Accept: "text/event-stream" } });
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        const blocks = (rest + value).split("\n\n");
        rest = blocks.pop();
        for (const block of blocks) {
          const fields = Object.fromEntries(block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
          if (!fields.data) continue;
          last = fields.id;
          tries = 0;
          const event = JSON.parse(fields.data);
          told(event);
          if (["finished", "failed", "cancelled"].includes(event.event)) return event;
        }
      }
    } catch (error) {
      if (tries === 4) throw error;
    }
    await new Promise((wait) => setTimeout(wait, 500));
  }
  throw new Error("The connection to the service was lost.");
}
